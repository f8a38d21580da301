"""How far studies were: regret after each finished trial, counted in trials."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import math

import numpy as np
from optuna.study import Study
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from ..analysis.paired import normalised_regret
from ..analysis.statistics import running_best
from ..arrays import FloatArray
from .hypervolume import hypervolume
from .simulate import finished_trials
from .task import Progress


def is_feasible(trial: FrozenTrial) -> bool:
    """Whether a finished trial has a value and violates no constraint."""
    return trial.state == TrialState.COMPLETE and all(value <= 0 for value in _constraints(trial))


def best_value(best: float, median: float) -> Callable[[Study], Progress]:
    """Progress by the best feasible value of one objective.

    Args:
        best: The best value known.
        median: Median over feasible random points.
    """

    def progress(study: Study) -> Progress:
        sign = -1.0 if study.direction == StudyDirection.MAXIMIZE else 1.0
        losses = np.array(
            [
                sign * trial.value if is_feasible(trial) and trial.value is not None else math.nan
                for trial in finished_trials(study)
            ]
        )
        regret = normalised_regret(running_best(losses), sign * best, sign * median)
        return Progress(_counted(len(losses)), regret)

    return progress


def dominated_volume(
    reference_point: Sequence[float], best: float, at_random: float
) -> Callable[[Study], Progress]:
    """Progress by the hypervolume that feasible trials dominate; objectives are minimised.

    Args:
        reference_point: Where the hypervolume ends.
        best: The largest hypervolume known.
        at_random: What random search begins with.
    """

    def progress(study: Study) -> Progress:
        found: list[Sequence[float]] = []
        volumes = []
        for trial in finished_trials(study):
            if is_feasible(trial):
                found.append(trial.values)
            volumes.append(hypervolume(found, reference_point))
        regret = normalised_regret(-np.array(volumes), -best, -at_random)
        return Progress(_counted(len(volumes)), regret)

    return progress


def _constraints(trial: FrozenTrial) -> Sequence[float]:
    # Optuna 5 has the first, with the values by name; Optuna 4 only the second.
    named: Mapping[str, float] = getattr(trial, "constraints", None) or {}
    return list(named.values()) or trial.system_attrs.get("constraints") or ()


def _counted(n_trials: int) -> FloatArray:
    return np.arange(1, n_trials + 1, dtype=float)
