"""Names for the array types that the numerics take and return, and a typed way to a row."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray


FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.intp]
BoolArray: TypeAlias = NDArray[np.bool_]


def first(points: FloatArray) -> FloatArray:
    """The first row (d,) of points (n, d), n at least 1."""
    row: FloatArray = points[0]
    return row
