"""Run a study on a simulated clock, with several trials at a time."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence

from optuna.study import Study
from optuna.trial import FrozenTrial

from ..contenders.attributes import FINISHED_SECONDS
from ..contenders.attributes import told_number
from ..problems.spec import Problem
from .clock import ClockedStorage
from .clock import finished_at
from .clock import Running
from .one_trial import ask_and_evaluate
from .one_trial import Evaluated
from .one_trial import tell
from .restoring import ask_again
from .restoring import Plan


# How long a trial takes whose objective does not tell its cost.
_DEFAULT_SECONDS = 1.0


def simulate(
    plan: Plan,
    problem: Problem,
    finished: Sequence[FrozenTrial],
    n_trials: int,
    n_workers: int,
) -> Iterator[FrozenTrial]:
    """Run the trials of a study that are not finished yet.

    ``n_workers`` trials run at the same time, each on a worker that asks for the next as soon as
    it has told a result. A trial is evaluated when it is asked for, and stays running until the
    seconds that its objective tells (in the user attribute ``seconds``; 1 if it tells none) are
    over. The sampler's own time does not pass on this clock: a study is then the same every time.

    A study that was stopped is simulated again from its beginning, with stored values in place of
    evaluations.

    Args:
        plan: What the study is run with.
        problem: The objective.
        finished: The stored trials: those of the lowest numbers.
        n_trials: Trials that the study is to have.
        n_workers: Trials at a time, 1 or more.

    Yields:
        The other trials in the order of their numbers, each with what
        :func:`~benchmarks.study.one_trial.run_trial` says of it and ``finished_seconds``.
    """
    stored = list(finished)
    told: dict[int, FrozenTrial] = {}
    number = len(stored)
    for trial in _as_they_end(plan, problem, stored, n_trials, n_workers):
        told[trial.number] = trial
        while number in told:
            yield told.pop(number)
            number += 1


def _as_they_end(
    plan: Plan, problem: Problem, stored: list[FrozenTrial], n_trials: int, n_workers: int
) -> Iterator[FrozenTrial]:
    storage = ClockedStorage()
    study = plan.new_study(storage)
    running: Running[Evaluated] = Running(storage)
    number = 0
    while number < n_trials:
        if len(running) == n_workers:
            yield _tell_next(study, running)
        if number < len(stored):
            evaluated = _replay(study, stored[number])
        else:
            evaluated = ask_and_evaluate(study, problem, plan.setup.space)
        if evaluated is None:
            # The sampler does not reproduce itself: it goes on with all stored trials finished,
            # and none of those that were running.
            storage = ClockedStorage()
            study = plan.go_on(stored, storage)
            storage.now = max(finished_at(trial) for trial in stored)
            running = Running(storage)
            number = len(stored)
        else:
            running.begin(evaluated.number, _seconds(study, evaluated.number), evaluated)
            number += 1
    while running:
        yield _tell_next(study, running)


def _seconds(study: Study, number: int) -> float:
    """How long an evaluated trial takes."""
    attrs = study.get_trials(deepcopy=False)[number].user_attrs
    return told_number(attrs, "seconds", _DEFAULT_SECONDS, 0.0)


def _tell_next(study: Study, running: Running[Evaluated]) -> FrozenTrial:
    trial = tell(study, running.end_next())
    trial.user_attrs[FINISHED_SECONDS] = finished_at(trial)
    return trial


def _replay(study: Study, stored: FrozenTrial) -> Evaluated | None:
    """Ask for a stored trial again; None if the sampler suggests another one."""
    trial = ask_again(study, stored)
    if trial is None:
        return None
    value = None if stored.values is None else stored.values[0]
    return Evaluated(
        trial.number,
        # What is not a number is a FAIL, as it was before.
        float("nan") if value is None else value,
        stored.user_attrs.get("error", ""),
        stored.user_attrs["ask_seconds"],
        stored.user_attrs["objective_seconds"],
    )
