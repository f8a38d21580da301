"""Measure again what a study has found, so that nobody is credited with lucky noise."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
import math

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from ..problems.fixed_trial import fixed_trial
from ..problems.spec import Problem
from .one_trial import one_number


# Far from the seeds that studies are run with.
_FIRST_SEED = 1_000_000


def fresh_seed(study_seed: int, repeat: int) -> int:
    """Seed of a repeat's noise: the same for all samplers of a study seed, used by no study."""
    return _FIRST_SEED + 1_000 * study_seed + repeat


def reevaluate(
    trials: Sequence[FrozenTrial],
    direction: StudyDirection,
    build: Callable[[int], Problem],
    study_seed: int,
    repeats: range,
) -> list[float]:
    """Evaluate the final incumbent again with fresh seeds.

    Args:
        trials: The finished study.
        direction: Whether to minimise or to maximise.
        build: Makes the problem from a seed of its noise.
        study_seed: Seed of the study.
        repeats: Which repeats.

    Returns:
        A value a repeat; infinity, the worst there is, for one that fails. Empty if no trial of
        the study has a finite value.
    """
    complete = [
        t
        for t in trials
        if t.state is TrialState.COMPLETE and t.values is not None and math.isfinite(t.values[0])
    ]
    if not complete:
        return []
    sign = -1 if direction is StudyDirection.MAXIMIZE else 1
    incumbent = min(complete, key=lambda trial: (sign * trial.values[0], trial.number))
    return [
        _evaluate(build(fresh_seed(study_seed, repeat)), incumbent, sign * math.inf)
        for repeat in repeats
    ]


def _evaluate(problem: Problem, incumbent: FrozenTrial, worst: float) -> float:
    try:
        value = one_number(problem(fixed_trial(incumbent.params)))
    except Exception:  # Whatever an objective fails with.
        return worst
    return worst if value is None or not math.isfinite(value) else value
