"""The report as one HTML file: opens offline, with plots and tables that can be filtered."""

from __future__ import annotations

from .data import CriticalDifference
from .data import Ecdf
from .data import Ert
from .data import Extras
from .data import Pair
from .page import MISSING
from .page import write


__all__ = ["CriticalDifference", "Ecdf", "Ert", "Extras", "MISSING", "Pair", "write"]
