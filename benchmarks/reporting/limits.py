"""Which losses a picture shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..analysis.studies.mean_curves import MeanCurve


def y_limits(curves: Sequence[MeanCurve]) -> tuple[float, float] | None:
    """Range of losses worth showing: the race, not the first trials that diverged.

    From just below the lowest band to where the worst sampler stands after a tenth of the budget;
    of six and more, all but the worst sixth of them, which would flatten the others.

    Returns:
        Lower and upper end; None if there is nothing finite to show.
    """
    lows = [np.nanmin(curve.lower) for curve in curves if np.isfinite(curve.lower).any()]
    starts = []
    for curve in curves:
        finite = curve.mean[np.isfinite(curve.mean)]
        if len(finite):
            starts.append(finite[min(len(finite) - 1, len(finite) // 10)])
    if not lows or not starts:
        return None
    low, high = float(min(lows)), float(sorted(starts)[-1 - len(starts) // 6])
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return low - margin, high + margin
