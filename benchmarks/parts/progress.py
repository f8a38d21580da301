"""How far studies of several objectives were, and which of their trials count."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np
from optuna.study import Study
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from ..analysis.numerics.losses import normalised_regret
from .hypervolume import hypervolume
from .simulate import finished_trials
from .task import Progress


def is_feasible(trial: FrozenTrial) -> bool:
    """Whether a finished trial has a value and violates no constraint."""
    return trial.state == TrialState.COMPLETE and all(value <= 0 for value in _constraints(trial))


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
        return Progress(np.arange(1.0, len(volumes) + 1), regret)

    return progress


def _constraints(trial: FrozenTrial) -> Sequence[float]:
    # Optuna 5 has the first, with the values by name; Optuna 4 only the second.
    named: Mapping[str, float] = getattr(trial, "constraints", None) or {}
    return list(named.values()) or trial.system_attrs.get("constraints") or ()
