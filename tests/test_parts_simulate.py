"""Studies on a simulated clock, and how far they have got."""

from __future__ import annotations

import numpy as np
import optuna
from optuna.samplers import RandomSampler
from optuna.study import Study
from optuna.trial import create_trial
from optuna.trial import FrozenTrial
from optuna.trial import Trial
from optuna.trial import TrialState
import pytest

from benchmarks.parts.entrants import random_search
from benchmarks.parts.hypervolume import hypervolume
from benchmarks.parts.hypervolume import non_dominated
from benchmarks.parts.incumbent import progress_of
from benchmarks.parts.progress import dominated_volume
from benchmarks.parts.progress import is_feasible
from benchmarks.parts.simulate import finished_trials
from benchmarks.parts.simulate import run_study
from benchmarks.parts.task import Entrant
from benchmarks.study.clock import finished_at
from benchmarks.suite.references import Reference
from tests.toy_parts import NEEDS_CONSTRAINTS
from tests.toy_parts import SETS_CONSTRAINTS
from tests.toy_parts import toy_task


needs_set_constraint = pytest.mark.skipif(not SETS_CONSTRAINTS, reason=NEEDS_CONSTRAINTS)


class _Watching(RandomSampler):
    """Notes how many other trials run whenever it is asked, and how many results it knows."""

    def __init__(self) -> None:
        super().__init__(seed=0)
        self.running: list[int] = []
        self.told: list[int] = []

    def before_trial(self, study: Study, trial: optuna.trial.FrozenTrial) -> None:
        states = [t.state for t in study.get_trials(deepcopy=False) if t.number != trial.number]
        self.running.append(states.count(TrialState.RUNNING))
        self.told.append(states.count(TrialState.COMPLETE))
        assert all(
            t.values is None
            for t in study.get_trials(deepcopy=False)
            if t.state == TrialState.RUNNING
        )


def test_simulated_workers_run_at_the_same_time() -> None:
    sampler = _Watching()
    # The first trial takes longer than all others together.
    task = toy_task("t", n_workers=3, duration=lambda trial: 100.0 if trial.number == 0 else 2.0)
    study, _ = run_study(task, Entrant("watching", lambda seed, task: sampler), 0)
    assert sampler.running == [0, 1, 2, 2, 2, 2]
    assert sampler.told == [0, 0, 0, 1, 2, 3]
    ended = [(trial.number, finished_at(trial)) for trial in finished_trials(study)]
    assert ended == [(1, 2.0), (2, 2.0), (3, 4.0), (4, 4.0), (5, 6.0), (0, 100.0)]


def test_one_worker_knows_everything_before_it_asks() -> None:
    sampler = _Watching()
    study, seconds = run_study(toy_task("t"), Entrant("w", lambda seed, task: sampler), 0)
    assert sampler.running == [0] * 6
    assert sampler.told == list(range(6))
    assert [finished_at(trial) for trial in study.trials] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert seconds > 0


def test_duration_knows_the_finished_trial() -> None:
    seen = []

    def duration(trial: optuna.trial.FrozenTrial) -> float:
        seen.append((trial.state, trial.value == trial.params["x"] ** 2))
        return 1.0

    run_study(toy_task("t", duration=duration), random_search(), 0)
    assert seen == [(TrialState.COMPLETE, True)] * 6


def _eventful(trial: Trial) -> float:
    x = trial.suggest_float("x", 0.0, 1.0)
    if trial.number % 3 == 1:
        raise ValueError("out of memory")
    trial.report(x, 0)
    if trial.number % 3 == 2:
        raise optuna.TrialPruned
    return x


def test_failed_and_pruned_trials_are_told_as_such() -> None:
    study, _ = run_study(toy_task("t", _eventful), random_search(), 0)
    expected = [TrialState.COMPLETE, TrialState.FAIL, TrialState.PRUNED] * 2
    assert [trial.state for trial in study.trials] == expected
    progress = progress_of(study, Reference(0.0, 1.0))
    assert progress.spent.tolist() == [1, 2, 3, 4, 5, 6]
    # Neither of them counts.
    first, fourth = (study.trials[i].values[0] for i in (0, 3))
    assert progress.regret.tolist() == [first] * 3 + [min(first, fourth)] * 3


@needs_set_constraint
def test_only_feasible_trials_count() -> None:
    def objective(trial: Trial) -> float:
        trial.suggest_float("x", 0.0, 1.0)
        trial.set_constraint("c", 1.0 if trial.number < 2 else -1.0)
        return float(trial.number)

    study, _ = run_study(toy_task("t", objective), random_search(), 0)
    assert progress_of(study, Reference(0.0, 4.0)).regret.tolist() == [
        1.0,
        1.0,
        0.5,
        0.5,
        0.5,
        0.5,
    ]


class _OfOptuna4(FrozenTrial):
    """Without the attribute that came with Optuna 5."""

    @property
    def constraints(self) -> dict[str, float]:
        raise AttributeError("constraints")


@pytest.mark.parametrize("limits, kept", [((), True), ((-1.0, 0.0), True), ((-1.0, 0.5), False)])
def test_constraints_are_found_where_optuna_4_puts_them(
    limits: tuple[float, ...], kept: bool
) -> None:
    system = {"constraints": limits} if limits else {}
    trial = create_trial(value=1.0, system_attrs=system)
    trial.__class__ = _OfOptuna4
    assert not hasattr(trial, "constraints")
    assert is_feasible(trial) is kept


def test_several_objectives_count_by_what_they_dominate() -> None:
    points = [(3.0, 3.0), (1.0, 1.0), (0.0, 1.5), (1.5, 1.5), (0.0, 0.0), (9.0, 9.0)]

    def objective(trial: Trial) -> tuple[float, float]:
        trial.suggest_float("x", 0.0, 1.0)
        return points[trial.number]

    task = toy_task("t", objective, directions=("minimize",) * 2)
    study, _ = run_study(task, random_search(), 0)
    # Volumes up to (2, 2): 0, 1, 1.5, 1.5, 4, 4.
    regret = dominated_volume((2.0, 2.0), 4.0, 0.5)(study).regret
    np.testing.assert_allclose(regret, [1, 6 / 7, 5 / 7, 5 / 7, 0, 0])


def test_hypervolume_of_points_beyond_the_reference_point() -> None:
    assert hypervolume([], (1.0, 1.0)) == 0.0
    assert hypervolume([(2.0, 0.0)], (1.0, 1.0)) == 0.0
    assert hypervolume([(2.0, 0.0), (0.5, 0.5), (0.5, 0.5)], (1.0, 1.0)) == 0.25


def test_non_dominated_points() -> None:
    points = np.array([[1.0, 2.0], [2.0, 1.0], [2.0, 2.0], [1.0, 2.0], [0.0, 9.0], [1.5, 1.5]])
    kept = non_dominated(points, (5.0, 5.0))
    assert kept.tolist() == [[1.0, 2.0], [1.5, 1.5], [2.0, 1.0]]
