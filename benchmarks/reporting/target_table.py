"""How many trials a sampler takes until its regret is as low as asked for, as a table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..analysis.curves.curve_set import CurveSet
from ..analysis.curves.hitting import find_hits
from ..analysis.curves.regret import Scale
from ..tables import show_number
from ..tables import Table


def target_table(
    curve_set: CurveSet, scales: Mapping[str, Scale], target: float, n_trials: int
) -> Table:
    """Trials to a regret, a row a problem and one for the mean over the problems.

    Args:
        curve_set: The studies.
        scales: What regret is measured between, by problem.
        target: Normalised regret to reach; 0 is the best known value.
        n_trials: The budget: studies of fewer trials are left out.
    """
    samplers = curve_set.samplers
    rows = []
    # NaN where there is no study.
    means = np.full((len(curve_set.problems), len(samplers)), np.nan)
    hits = find_hits(curve_set, scales, [target], n_trials)
    for row, problem in enumerate(curve_set.problems):
        cells = [problem]
        for column, sampler in enumerate(samplers):
            its = hits.get((problem, sampler))
            if its is None:
                cells.append("–")
                continue
            means[row, column] = np.minimum(its.trials, n_trials + 1).mean()
            n_reached = int(np.isfinite(its.trials).sum())
            cells.append(f"{means[row, column]:.0f} ({n_reached}/{len(its.trials)})")
        rows.append(cells)
    rows.append(["mean", *(show_number(mean, "{:.1f}") for mean in means.mean(axis=0))])
    return Table(
        f"Trials until the regret is at most {target:g} within the first {n_trials}, mean over "
        f"seeds ({n_trials + 1} where it is not; in parentheses: seeds that reach it)",
        ["problem", *samplers],
        rows,
    )
