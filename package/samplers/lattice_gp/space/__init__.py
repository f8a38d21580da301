"""The unit cube and its lattice: which parameters exist where, and in which range."""

from __future__ import annotations
