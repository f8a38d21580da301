"""In what units each of three or more objectives is measured: those of the trials near the front.

An objective on its own is scaled by the better half of its values, so that diverged runs do not
count. Beside others, that half may be trials that hardly differ in it, as along the edge of a
front on which it is at its least: in their units all other trials are equally far away, and the
model learns nothing of the middle of the front. Here the trials that the fewest others dominate
set the units, which diverged runs are not among either.
"""

from __future__ import annotations

import numpy as np

from ..basics.arrays import FloatArray
from .merit import order_of_merit
from .scaling import clip_to_finite
from .scaling import is_rounding
from .scaling import unclipped_unit
from .scaling import Yardstick


# So many objectives or more are measured so. The front of two has no edges, and on the tasks for
# development their models were better without.
_FEWEST = 3
# The unit is half the distance of the outer quantiles: no single trial sets it.
_QUANTILES = (0.1, 0.5, 0.9)


def yardsticks(values: FloatArray, constraints: FloatArray) -> tuple[Yardstick | None, ...]:
    """What to scale the objectives of a study by.

    It is how those trials differ in one that are the better half by all of them: that the fewest
    others dominate.

    Args:
        values: Array (n, k) to be minimised, n at least 1; may be infinite.
        constraints: Array (n, c), 0 or less where kept, or NaN.

    Returns:
        For each objective a yardstick, or None if its own values are to tell: all of one or two
        objectives, and one that is the same in all these trials.
    """
    n_objectives = len(values.T)
    if n_objectives < _FEWEST:
        return (None,) * n_objectives
    better_half = order_of_merit(values, constraints)[: (len(values) + 1) // 2]
    return tuple(_yardstick(column, column[better_half]) for column in values.T)


def _yardstick(values: FloatArray, better: FloatArray) -> Yardstick | None:
    """That of values (n,) by some of them (m,), if these differ."""
    finite, better = clip_to_finite(values), clip_to_finite(better)
    low, centre, high = np.quantile(better, _QUANTILES).tolist()
    unit = 0.5 * (high - low)
    if is_rounding(unit, better):
        return None
    return Yardstick(centre, unclipped_unit(unit, centre, float(finite.min())))
