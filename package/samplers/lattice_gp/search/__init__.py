"""Where the acquisition is greatest, among the points that may be proposed."""

from __future__ import annotations
