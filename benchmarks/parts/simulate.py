"""Run one study of a task: in memory, and on a simulated clock."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
import copy
from datetime import datetime
from datetime import timedelta
import heapq
import time
from typing import Any
from typing import NamedTuple

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.storages import InMemoryStorage
from optuna.study import Study
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import Trial
from optuna.trial import TrialState

from ..forwarding import ForwardingSampler
from .task import Entrant
from .task import Objective
from .task import Task


# When every simulation begins.
_START = datetime(2000, 1, 1)


class Finished(NamedTuple):
    """A study that has come to its end.

    Attributes:
        study: With all its trials finished.
        sampler_seconds: Seconds of this machine that its sampler took in all.
    """

    study: Study
    sampler_seconds: float


def run_study(task: Task, entrant: Entrant, seed: int) -> Finished:
    """Run all trials of a task.

    ``task.n_workers`` trials run at the same time, each on a worker that asks for the next as soon
    as it has told a result. A trial is evaluated when it is asked for and stays RUNNING until its
    simulated seconds are over. Its intermediate values and constraints are in the study from the
    beginning: a task with both several workers and a pruner lets the pruner see ahead.

    The times at which trials start and end (``datetime_start``, ``datetime_complete``) are those of
    the simulated clock.

    Args:
        task: What to optimise.
        entrant: By whom.
        seed: Of the objective and the sampler.
    """
    storage = _ClockedStorage()
    sampler = _TimedSampler(entrant.build(seed, task))
    study = optuna.create_study(
        # Hyperband deals out its brackets by the study's name and the trial's number.
        study_name=f"{task.name}-{seed}",
        storage=storage,
        sampler=sampler,
        pruner=optuna.pruners.NopPruner() if task.pruner is None else task.pruner(),
        directions=[StudyDirection[name.upper()] for name in task.directions],
    )
    objective = task.objective(seed)
    # When a running trial ends, which one it is, and with what.
    running: list[tuple[float, int, _Outcome]] = []
    for _ in range(task.n_trials):
        if len(running) == task.n_workers:
            _tell_next(study, storage, running)
        outcome = _evaluate(study, objective)
        seconds = 1.0 if task.duration is None else task.duration(outcome.as_finished(study))
        heapq.heappush(running, (storage.now + seconds, outcome.number, outcome))
    while running:
        _tell_next(study, storage, running)
    return Finished(study, sampler.seconds)


def finished_trials(study: Study) -> list[FrozenTrial]:
    """The finished trials in the order in which they ended."""
    trials = [t for t in study.get_trials(deepcopy=False) if t.state.is_finished()]
    return sorted(trials, key=lambda trial: (finished_at(trial), trial.number))


def finished_at(trial: FrozenTrial) -> float:
    """When a finished trial ended, in simulated seconds since the study began."""
    assert trial.datetime_complete is not None
    return (trial.datetime_complete - _START).total_seconds()


class _Outcome(NamedTuple):
    """What a trial will be told once its seconds are over."""

    number: int
    state: TrialState
    values: list[float] | None

    def as_finished(self, study: Study) -> FrozenTrial:
        """The trial as it will be."""
        trial = copy.copy(study.get_trials(deepcopy=False)[self.number])
        trial.state = self.state
        if self.values is not None:
            trial.values = self.values
        return trial


def _evaluate(study: Study, objective: Objective) -> _Outcome:
    """Ask for a trial and evaluate it."""
    trial: Trial = study.ask()
    try:
        result = objective(trial)
    except optuna.TrialPruned:
        return _Outcome(trial.number, TrialState.PRUNED, None)
    except Exception:  # Whatever an objective fails with is a failed trial.
        return _Outcome(trial.number, TrialState.FAIL, None)
    values = list(result) if isinstance(result, Sequence) else [result]
    return _Outcome(trial.number, TrialState.COMPLETE, [float(value) for value in values])


def _tell_next(
    study: Study, storage: _ClockedStorage, running: list[tuple[float, int, _Outcome]]
) -> None:
    """Go to the moment when the next trial ends, and tell its result."""
    storage.now, number, outcome = heapq.heappop(running)
    study.tell(number, outcome.values, outcome.state)


class _ClockedStorage(InMemoryStorage):
    """A storage in memory whose trials start and end by a clock that is set by hand.

    Attributes:
        now: Seconds since the study began.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def _time(self) -> datetime:
        return _START + timedelta(seconds=self.now)

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        trial_id = super().create_new_trial(study_id, template_trial)
        if template_trial is None:
            self.get_trial(trial_id).datetime_start = self._time()
        return trial_id

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        was_set = super().set_trial_state_values(trial_id, state, values)
        trial = self.get_trial(trial_id)
        if was_set and state.is_finished():
            trial.datetime_complete = self._time()
        elif was_set and state == TrialState.RUNNING:
            trial.datetime_start = self._time()
        return was_set


class _TimedSampler(ForwardingSampler):
    """Measures how long another sampler takes.

    Args:
        inner: The sampler.
    """

    def __init__(self, inner: BaseSampler) -> None:
        super().__init__(inner)
        self.seconds = 0.0

    def _timed(self, call: Callable[..., Any], *arguments: Any) -> Any:
        begin = time.perf_counter()
        try:
            return call(*arguments)
        finally:
            self.seconds += time.perf_counter() - begin

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        space: dict[str, BaseDistribution] = self._timed(
            self._inner.infer_relative_search_space, study, trial
        )
        return space

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        params: dict[str, Any] = self._timed(
            self._inner.sample_relative, study, trial, search_space
        )
        return params

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        return self._timed(
            self._inner.sample_independent, study, trial, param_name, param_distribution
        )

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        self._timed(self._inner.before_trial, study, trial)

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        self._timed(self._inner.after_trial, study, trial, state, values)
