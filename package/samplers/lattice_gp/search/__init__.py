"""The next point: of those that may be proposed, where the acquisition is greatest, or by design."""

from __future__ import annotations
