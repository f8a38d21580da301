"""When each study first reached a target: running times and their distribution come of it."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray
from ..numerics.losses import normalised_regret
from ..numerics.losses import times_to_targets
from .curve_set import Curve
from .curve_set import CurveSet
from .regret import Scale


# Normalised regrets to be reached, unless others are asked for.
TARGETS = (0.5, 0.2, 0.1, 0.05)
# The optimum itself may be missed by a rounding error.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Hits:
    """The studies of one sampler on one problem, one a seed.

    Attributes:
        trials: Trials until each target was first reached, shape (n_seeds, n_targets); infinity
            where it never was.
        spent_trials: Trials that each study spent in vain if it missed a target: the budget, also
            of one that had nothing left to suggest before; shape (n_seeds,).
        seconds: Seconds of objective and sampler until then, as ``trials``; NaN if not known.
        spent_seconds: Seconds that each study took, shape (n_seeds,); NaN if not known.
    """

    trials: FloatArray
    spent_trials: FloatArray
    seconds: FloatArray
    spent_seconds: FloatArray

    @property
    def timed(self) -> bool:
        """Whether the seconds are known of all studies."""
        return not np.isnan(self.spent_seconds).any()


def find_hits(
    curve_set: CurveSet, scales: Mapping[str, Scale], targets: Sequence[float], n_trials: int
) -> dict[tuple[str, str], Hits]:
    """When each target was reached, by problem and sampler.

    Args:
        curve_set: The studies.
        scales: What regret is measured between, by problem.
        targets: Normalised regrets to reach, 0 (the best known value) or more.
        n_trials: The budget: what comes later does not count, and studies that have not got so far
            are left out.
    """
    rows: dict[tuple[str, str], list[tuple[FloatArray, float, FloatArray, float]]] = {}
    levels = np.asarray(targets, dtype=float) + _ROUNDING
    for (problem, sampler, _), curve in curve_set.curves.items():
        if curve.n_trials >= n_trials:
            row = _hits(curve, scales[problem], levels, n_trials)
            rows.setdefault((problem, sampler), []).append(row)
    return {
        key: Hits(*(np.array(column) for column in zip(*its_rows)))
        for key, its_rows in rows.items()
    }


def _hits(
    curve: Curve, scale: Scale, levels: FloatArray, n_trials: int
) -> tuple[FloatArray, float, FloatArray, float]:
    within = curve.trials <= n_trials
    regrets = normalised_regret(curve.values[within], scale.best, scale.median)
    # Not every change is for the better: an incumbent may be worse without its noise.
    trials = times_to_targets(regrets, curve.trials[within].astype(float), levels)
    if curve.seconds is None:
        return trials, float(n_trials), np.full(len(levels), np.nan), np.nan
    seconds = times_to_targets(regrets, curve.seconds[within], levels)
    return trials, float(n_trials), seconds, curve.seconds_at(n_trials)
