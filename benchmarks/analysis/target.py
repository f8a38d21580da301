"""How many trials a sampler takes until its regret is as low as asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray
from ..tables import Table
from .curves import CurveSet
from .regret import find_scales
from .regret import regret_curve


# The optimum itself may be missed by a rounding error.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Reached:
    """One sampler on one problem.

    Attributes:
        mean: Trials to the target, mean over seeds; one more than the budget where it was missed.
        n_reached: Seeds that reached it.
        n_seeds: All seeds whose studies spent the budget.
    """

    mean: float
    n_reached: int
    n_seeds: int


def first_at_most(regrets: FloatArray, target: float) -> int:
    """The first trial (1, 2...) after which a regret curve is at the target or below.

    Args:
        regrets: Array (n_trials,).
        target: The regret to reach.

    Returns:
        ``n_trials + 1`` if it never is.
    """
    reached = np.flatnonzero(regrets <= target + _ROUNDING)
    return int(reached[0]) + 1 if len(reached) else len(regrets) + 1


def trials_to_target(
    curve_set: CurveSet, target: float, n_trials: int
) -> dict[tuple[str, str], Reached]:
    """Trials to a regret, by problem and sampler.

    Args:
        curve_set: The studies.
        target: Normalised regret to reach; 0 is the best known value.
        n_trials: The budget: studies of fewer trials are left out.
    """
    scales = find_scales(curve_set)
    trials: dict[tuple[str, str], list[int]] = {}
    for key, curve in curve_set.curves.items():
        if curve.n_trials >= n_trials:
            problem, sampler, _ = key
            regrets = regret_curve(curve_set, key, scales[problem], n_trials)
            trials.setdefault((problem, sampler), []).append(first_at_most(regrets, target))
    return {
        pair: Reached(float(np.mean(its)), sum(n <= n_trials for n in its), len(its))
        for pair, its in trials.items()
    }


def target_table(curve_set: CurveSet, target: float, n_trials: int) -> Table:
    """Trials to a regret, a row a problem and one for the mean over the problems."""
    found = trials_to_target(curve_set, target, n_trials)
    samplers = curve_set.samplers
    rows = []
    for problem in curve_set.problems:
        its = [found.get((problem, sampler)) for sampler in samplers]
        cells = [f"{r.mean:.0f} ({r.n_reached}/{r.n_seeds})" if r else "–" for r in its]
        rows.append([problem, *cells])
    rows.append(["mean", *(_mean(found, curve_set.problems, sampler) for sampler in samplers)])
    return Table(
        f"Trials until the regret is at most {target:g}, mean over seeds ({n_trials + 1} where it "
        "never is; in parentheses: seeds that reach it)",
        ["problem", *samplers],
        rows,
    )


def _mean(found: dict[tuple[str, str], Reached], problems: Sequence[str], sampler: str) -> str:
    means = [found[problem, sampler].mean for problem in problems if (problem, sampler) in found]
    return f"{np.mean(means):.1f}" if len(means) == len(problems) else "–"
