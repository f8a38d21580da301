"""The objectives of the tasks: formulas and live training, each telling more than a value."""

from __future__ import annotations
