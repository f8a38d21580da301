"""The next point, of those that may be proposed: of greatest acquisition, or by design."""

from __future__ import annotations
