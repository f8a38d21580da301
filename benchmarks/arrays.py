"""The type of the arrays that everything here computes with."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt


FloatArray: TypeAlias = npt.NDArray[np.float64]
