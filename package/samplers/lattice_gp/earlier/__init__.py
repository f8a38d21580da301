"""What earlier studies of similar problems tell."""

from __future__ import annotations
