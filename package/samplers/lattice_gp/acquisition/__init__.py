"""What the next trial is worth: expected improvement, chance of success, cost."""

from __future__ import annotations
