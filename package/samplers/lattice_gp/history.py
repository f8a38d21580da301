"""What a study's trials tell, as arrays."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from . import worker
from .arrays import FloatArray
from .space import SearchSpace


# Attributes of a trial. The suggestion maps names to internal representations: it is there before
# the parameters are, which appear one by one as the objective asks for them.
SUGGESTION_KEY = "lattice_gp:suggestion"
WORKER_KEY = "lattice_gp:worker"
FAILED_KEY = "lattice_gp:failed"


@dataclass(frozen=True)
class History:
    """The trials before one, in the coordinates of a search space of d parameters.

    Attributes:
        points: Array (n, d) of the completed trials, oldest first.
        values: Array (n,) of their values, to be minimised; may be infinite, never NaN.
        pending: Array (m, d) of the trials being evaluated.
        failed: Array (k, d) of the trials that failed or were pruned.
        is_whole: Whether the space holds all there is to choose: no trial has a parameter beyond.
    """

    points: FloatArray
    values: FloatArray
    pending: FloatArray
    failed: FloatArray
    is_whole: bool

    @property
    def spent(self) -> FloatArray:
        """The points (k, d) not worth a second trial: all, in whatever state, of a whole space.

        None of a space that is only the shared part of what the trials choose: the rest differs.
        """
        if not self.is_whole:
            return self.points[:0]
        return np.concatenate([self.points, self.pending, self.failed])


def read_history(space: SearchSpace, trials: Sequence[FrozenTrial], maximize: bool) -> History:
    """Turn trials into arrays.

    Args:
        space: The search space; trials that lack one of its parameters are left out.
        trials: Trials of a study of one objective, oldest first.
        maximize: Whether the study maximises its objective.
    """
    distributions = space.distributions
    points: dict[str, list[FloatArray]] = {"complete": [], "pending": [], "failed": []}
    values: list[float] = []
    is_whole = True
    for trial in trials:
        is_whole = is_whole and not _has_more(trial, distributions)
        known = _known_values(trial)
        if not all(name in known and _fits(d, known[name]) for name, d in distributions.items()):
            continue
        point = space.to_point(known)
        if trial.state == TrialState.COMPLETE:
            points["complete"].append(point)
            values.append(trial.values[0])
        elif trial.state == TrialState.RUNNING:
            points["pending"].append(point)
        elif trial.state.is_finished():
            points["failed"].append(point)
    signed = np.array(values, dtype=float)
    return History(
        points=_stack(points["complete"], space),
        values=-signed if maximize else signed,
        pending=_stack(points["pending"], space),
        failed=_stack(points["failed"], space),
        is_whole=is_whole,
    )


def shared_distributions(trials: Iterable[FrozenTrial]) -> dict[str, BaseDistribution]:
    """The parameters that all completed trials have, with the same distribution in each.

    If no trial is complete yet, those that all trials with any parameters have: with several
    workers, or an objective that always fails, that is all there is to go by.

    Returns:
        Distributions by name, in alphabetical order; single-valued ones are left out.
    """
    with_params = [trial for trial in trials if trial.distributions]
    complete = [trial for trial in with_params if trial.state == TrialState.COMPLETE]
    shared: dict[str, BaseDistribution] | None = None
    for trial in complete or with_params:
        theirs = trial.distributions
        if shared is None:
            shared = dict(theirs)
        else:
            shared = {name: d for name, d in shared.items() if _is_same(d, theirs.get(name))}
    return {name: d for name, d in sorted((shared or {}).items()) if not d.single()}


def without_interrupted(trials: Iterable[FrozenTrial]) -> list[FrozenTrial]:
    """Leave out the trials whose process was killed: neither results nor work in progress.

    That is a RUNNING trial whose worker is gone, and one that was later declared failed without
    its objective ever having failed (by Optuna's heartbeat, say).
    """
    return [trial for trial in trials if not is_interrupted(trial)]


def is_interrupted(trial: FrozenTrial) -> bool:
    """Whether the trial's process was killed before the objective returned or raised."""
    if trial.state not in (TrialState.RUNNING, TrialState.FAIL):
        return False
    name = trial.system_attrs.get(WORKER_KEY)
    if not name or trial.system_attrs.get(FAILED_KEY):
        return False
    return trial.state == TrialState.FAIL or worker.is_gone(name)


def _known_values(trial: FrozenTrial) -> dict[str, float]:
    """Internal representations of the parameters of a trial, also of those it is about to use."""
    values = {
        name: distribution.to_internal_repr(trial.params[name])
        for name, distribution in trial.distributions.items()
    }
    if trial.state == TrialState.RUNNING:
        # What the objective was given comes first: a parameter may have been fixed in advance.
        return {**trial.system_attrs.get(SUGGESTION_KEY, {}), **values}
    return values


def _has_more(trial: FrozenTrial, distributions: Mapping[str, BaseDistribution]) -> bool:
    return any(
        name not in distributions and not d.single() for name, d in trial.distributions.items()
    )


def _fits(distribution: BaseDistribution, value: float) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        return 0 <= value < len(distribution.choices)
    assert isinstance(distribution, (IntDistribution, FloatDistribution))
    return distribution.low <= value <= distribution.high


def _is_same(a: BaseDistribution, b: BaseDistribution | None) -> bool:
    return a is b or a == b


def _stack(points: list[FloatArray], space: SearchSpace) -> FloatArray:
    return np.array(points, dtype=float).reshape(len(points), space.n_params)
