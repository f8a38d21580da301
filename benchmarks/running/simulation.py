"""Run a study on a simulated clock, with several trials at a time."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
import heapq

from optuna.study import Study
from optuna.trial import FrozenTrial

from ..contenders.attributes import told_number
from ..problems.spec import Problem
from .clock import ClockedStorage
from .clock import finished_at
from .clock import FINISHED_SECONDS
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

    ``n_workers`` trials run at the same time, each on a worker that asks for the next as soon as it
    has told a result. A trial is evaluated when it is asked for, and stays running until the
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
        :func:`~benchmarks.running.one_trial.run_trial` says of it and ``finished_seconds``.
    """
    stored = list(finished)
    simulation = _Simulation(plan, problem, n_workers)
    told: dict[int, FrozenTrial] = {}
    number = len(stored)
    for trial in simulation.run(stored, n_trials):
        told[trial.number] = trial
        while number in told:
            yield told.pop(number)
            number += 1


class _Simulation:
    def __init__(self, plan: Plan, problem: Problem, n_workers: int) -> None:
        self._plan = plan
        self._problem = problem
        self._n_workers = n_workers
        # When a running trial ends, which one it is, and what it is told.
        self._running: list[tuple[float, int, Evaluated]] = []

    def run(self, stored: list[FrozenTrial], n_trials: int) -> Iterator[FrozenTrial]:
        storage = ClockedStorage()
        study = self._plan.new_study(storage)
        number = 0
        while number < n_trials:
            if len(self._running) == self._n_workers:
                yield self._tell_next(study, storage)
            if number < len(stored):
                evaluated = _replay(study, stored[number])
            else:
                evaluated = ask_and_evaluate(study, self._problem, self._plan.setup.space)
            if evaluated is None:
                # The sampler does not reproduce itself.
                storage, study = self._go_on(stored)
                number = len(stored)
            else:
                self._begin(study, storage, evaluated)
                number += 1
        while self._running:
            yield self._tell_next(study, storage)

    def _go_on(self, stored: list[FrozenTrial]) -> tuple[ClockedStorage, Study]:
        """With all stored trials finished, and none of those that were running."""
        self._running.clear()
        storage = ClockedStorage()
        study = self._plan.go_on(stored, storage)
        storage.now = max(finished_at(trial) for trial in stored)
        return storage, study

    def _begin(self, study: Study, storage: ClockedStorage, evaluated: Evaluated) -> None:
        attrs = study.get_trials(deepcopy=False)[evaluated.number].user_attrs
        seconds = told_number(attrs, "seconds", _DEFAULT_SECONDS, 0.0)
        heapq.heappush(self._running, (storage.now + seconds, evaluated.number, evaluated))

    def _tell_next(self, study: Study, storage: ClockedStorage) -> FrozenTrial:
        storage.now, _, evaluated = heapq.heappop(self._running)
        trial = tell(study, evaluated)
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
