"""Run one study of a task: in memory, and on a simulated clock."""

from __future__ import annotations

from collections.abc import Sequence
import copy
from typing import NamedTuple

import optuna
from optuna.study import Study
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import Trial
from optuna.trial import TrialState

from ..contenders.timing import TimedSampler
from ..study.clock import ClockedStorage
from ..study.clock import finished_at
from ..study.clock import Running
from .task import Entrant
from .task import Objective
from .task import Task


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

    The times at which trials start and end (``datetime_start``, ``datetime_complete``) are those
    of the simulated clock.

    Args:
        task: What to optimise.
        entrant: By whom.
        seed: Of the objective and the sampler.
    """
    storage = ClockedStorage()
    sampler = TimedSampler(entrant.build(seed, task))
    study = optuna.create_study(
        # Hyperband deals out its brackets by the study's name and the trial's number.
        study_name=f"{task.name}-{seed}",
        storage=storage,
        sampler=sampler,
        pruner=optuna.pruners.NopPruner() if task.pruner is None else task.pruner(),
        directions=[StudyDirection[name.upper()] for name in task.directions],
    )
    objective = task.objective(seed)
    running: Running[_Outcome] = Running(storage)
    for _ in range(task.n_trials):
        if len(running) == task.n_workers:
            _tell_next(study, running)
        outcome = _evaluate(study, objective)
        seconds = 1.0 if task.duration is None else task.duration(outcome.as_finished(study))
        running.begin(outcome.number, seconds, outcome)
    while running:
        _tell_next(study, running)
    return Finished(study, sampler.seconds)


def finished_trials(study: Study) -> list[FrozenTrial]:
    """The finished trials in the order in which they ended."""
    trials = [t for t in study.get_trials(deepcopy=False) if t.state.is_finished()]
    return sorted(trials, key=lambda trial: (finished_at(trial), trial.number))


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


def _tell_next(study: Study, running: Running[_Outcome]) -> None:
    outcome = running.end_next()
    study.tell(outcome.number, outcome.values, outcome.state)
