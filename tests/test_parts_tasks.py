"""The tasks on pruned, parallel and dear trials, and on earlier studies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.samplers import RandomSampler
from optuna.trial import FrozenTrial
from optuna.trial import TrialState
import pytest

from benchmarks.parts.compared import cost
from benchmarks.parts.compared import parallel
from benchmarks.parts.compared import prior
from benchmarks.parts.compared import pruning
from benchmarks.parts.compared import related
from benchmarks.parts.compared.parallel import near_duplicates
from benchmarks.parts.compared.parallel import varied_duration
from benchmarks.parts.problems import by_name as problems
from benchmarks.parts.simulate import run_study
from benchmarks.parts.task import Entrant
from benchmarks.parts.task import Task
from benchmarks.suite.imitations import LadderNetwork
from benchmarks.suite.space import to_unit
from tests.finished_trials import finished
from tests.finished_trials import study_of


pytestmark = pytest.mark.usefixtures("needs_suite")
PARTS = (pruning.PART, parallel.PART, cost.PART, prior.PART)
TASKS = [task for part in PARTS for task in part.tasks]
RANDOM = Entrant("random", lambda seed, task: RandomSampler(seed=seed))
# Live training is left out for the time that it takes.
REPRODUCIBLE = [task for task in TASKS if "live" not in task.description]
# In the common run there is one task of each part.
COMMON_TASKS = {part.tasks[0].name for part in PARTS}


def mostly_slow(tasks: Iterable[Task]) -> list[Any]:
    return [
        task if task.name in COMMON_TASKS else pytest.param(task, marks=pytest.mark.slow)
        for task in tasks
    ]


def test_every_part_has_the_tasks_it_needs() -> None:
    names = [task.name for task in TASKS]
    assert len(set(names)) == len(names)
    for part in PARTS:
        assert [entrant.name for entrant in part.entrants] == ["on", "off", "tpe", "gp", "random"]
        for is_dev, least in ((True, 2), (False, 3)):
            of_kind = [task for task in part.tasks if task.is_dev == is_dev]
            assert sum(task.offers for task in of_kind) >= least
            assert any(not task.offers for task in of_kind)
        # Tables show the checkpoints of all tasks of a part in the same columns.
        assert len({len(task.checkpoints) for task in part.tasks}) == 1
        assert all(list(t.checkpoints) == sorted(set(t.checkpoints)) for t in part.tasks)


@pytest.mark.parametrize("task", mostly_slow(TASKS), ids=lambda task: task.name)
def test_random_search_begins_high_and_ends_above_zero(task: Task) -> None:
    study, _ = run_study(task, RANDOM, seed=0)
    progress = task.progress(study)
    assert len(progress.spent) == len(progress.regret) == task.n_trials
    assert np.all(np.diff(progress.spent) > 0) and np.all(np.diff(progress.regret) <= 0)
    assert np.all((progress.regret >= 0) & (progress.regret <= 1))
    # What tables show: a lucky trial after the last checkpoint is in none of them.
    n_shown = np.searchsorted(progress.spent, task.checkpoints[-1], side="right")
    assert 0.03 < progress.regret[n_shown - 1] < 0.95, "neither solved nor impossible"
    assert progress.spent[-1] >= 0.8 * task.checkpoints[-1]
    assert not any(trial.state == TrialState.FAIL for trial in study.trials)


@pytest.mark.parametrize("task", mostly_slow(REPRODUCIBLE), ids=lambda task: task.name)
def test_same_seed_same_study(task: Task) -> None:
    progress, again = (task.progress(run_study(task, RANDOM, seed=1).study) for _ in range(2))
    assert np.array_equal(progress.spent, again.spent)
    assert np.array_equal(progress.regret, again.regret)


def test_durations_vary_with_the_params_only() -> None:
    space: dict[str, BaseDistribution] = {"x": IntDistribution(0, 99)}
    trials = [finished(0.0, params={"x": i % 100}, distributions=space) for i in range(200)]
    seconds = [varied_duration(trial) for trial in trials]
    assert seconds[:100] == seconds[100:]
    assert 0.7 <= min(seconds) < 0.75 and 1.25 < max(seconds) <= 1.3


def test_near_duplicates() -> None:
    space: dict[str, BaseDistribution] = {
        "x": FloatDistribution(0.0, 10.0),
        "rate": FloatDistribution(1e-4, 1.0, log=True),
        "kind": CategoricalDistribution(("a", "b")),
        "fixed": IntDistribution(3, 3),
    }

    def trial(x: float, rate: float, kind: str, start: float, end: float) -> FrozenTrial:
        params = {"x": x, "rate": rate, "kind": kind, "fixed": 3}
        return finished(0.0, params=params, distributions=space, start=start, end=end)

    first = trial(5.0, 1e-2, "a", 0, 10)
    # The diagonal is 2: 1% of it is 0.02, or 0.2 in x.
    assert near_duplicates(study_of(first, trial(5.19, 1e-2, "a", 1, 2))) == 0.5
    assert near_duplicates(study_of(first, trial(5.21, 1e-2, "a", 1, 2))) == 0.0
    # 0.02 of four orders of magnitude is a factor of 1.2.
    assert near_duplicates(study_of(first, trial(5.0, 1.19e-2, "a", 1, 2))) == 0.5
    assert near_duplicates(study_of(first, trial(5.0, 1.21e-2, "a", 1, 2))) == 0.0
    assert near_duplicates(study_of(first, trial(5.0, 1e-2, "b", 1, 2))) == 0.0
    # It was not running any more when the next was asked for.
    assert near_duplicates(study_of(first, trial(5.0, 1e-2, "a", 10, 11))) == 0.0
    assert near_duplicates(optuna.create_study()) == 0.0


def test_near_duplicates_of_simulated_studies() -> None:
    class Same(RandomSampler):
        def sample_independent(self, *arguments: Any) -> Any:
            return arguments[-1].low

    tasks = {task.name: task for task in parallel.PART.tasks}
    same = Entrant("same", lambda seed, task: Same())
    # Eight equal trials begin at once and end at once: all but the first of them find another one.
    for n_workers, share in ((1, 0.0), (8, 84 / 96)):
        task = tasks[f"parallel_griewank_edge_d5_x{n_workers}"]
        assert near_duplicates(run_study(task, RANDOM, 0).study) < 0.05
        assert near_duplicates(run_study(task, same, 0).study) == share


@pytest.mark.parametrize("task", mostly_slow(prior.PART.tasks), ids=lambda task: task.name)
def test_earlier_studies(task: Task) -> None:
    (study,) = task.context["studies"](0)
    assert len(study.trials) == prior.N_EARLIER
    assert all(trial.state == TrialState.COMPLETE for trial in study.trials)
    trial = run_study(task, RANDOM, 0).study.trials[0]
    same_names = set(study.trials[0].params) == set(trial.params)
    assert same_names == (task.name != "prior_zakharov_renamed")


def test_earlier_studies_depend_on_the_seed_only() -> None:
    tasks = {task.name: task for task in prior.PART.tasks}
    for name in ("prior_levy_shifted", "prior_ladder_deeper"):
        make = tasks[name].context["studies"]
        (study,), (again,), (other,) = (make(seed) for seed in (0, 0, 1))
        assert [t.params for t in study.trials] == [t.params for t in again.trials]
        assert [t.value for t in study.trials] == [t.value for t in again.trials]
        assert [t.params for t in study.trials] != [t.params for t in other.trials]


def test_related_problems_by_hand() -> None:
    problem = problems.HARTMANN
    moved = related.Shifted(problem, 0.05, 100.0, -30.0)
    space, best = problem.search_space, problem.optimum
    assert np.abs(moved.shift) == pytest.approx(np.full(len(space), 0.05))
    units = to_unit(space, best)
    assert moved.loss(best) == pytest.approx(-30 + 100 * problem.loss_at(units - moved.shift))
    assert moved.loss(best) > -30.0
    assert related.Negated(problem).loss(best) == -problem.loss(best)
    renamed = related.Renamed(problem)
    assert set(renamed.search_space).isdisjoint(space)
    assert renamed.loss({f"old_{name}": value for name, value in best.items()}) == problem.loss(
        best
    )
    params = {"depth": 2, "width": 64, "heads": 1, "batch_size": 64, "learning_rate": 1e-3}
    twice = {**params, "learning_rate": 2e-3}
    expected = 0.3 + 1.2 * LadderNetwork().loss(twice)
    assert related.DeeperLadder().loss(params) == pytest.approx(expected)
