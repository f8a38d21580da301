"""Define-by-run spaces: what exists when is learned, and modelled."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies
import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution
from optuna.distributions import IntDistribution
from optuna.trial import create_trial
from optuna.trial import FrozenTrial
from optuna.trial import TrialState
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
lattice_gp = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
)
LatticeGPSampler = lattice_gp.LatticeGPSampler
UntriedBranches = import_module(f"{lattice_gp.__name__}.search.branches").UntriedBranches
candidates = import_module(f"{lattice_gp.__name__}.search.candidates")
conditions = import_module(f"{lattice_gp.__name__}.space.conditions")
Conditions = conditions.Conditions
records = import_module(f"{lattice_gp.__name__}.trials.records")
space_module = import_module(f"{lattice_gp.__name__}.space.search_space")
unions = import_module(f"{lattice_gp.__name__}.trials.unions")

Objective = Callable[[optuna.Trial], float]


def layers(trial: optuna.Trial) -> float:
    """The number of layers, then the units of each; momentum for one optimiser of three."""
    depth = trial.suggest_int("depth", 1, 4)
    units = [trial.suggest_int(f"units_{i}", 8, 64, step=8) for i in range(depth)]
    optimiser = trial.suggest_categorical("optimiser", ["adam", "sgd", "rmsprop"])
    loss = abs(depth - 3) + sum(abs(u - 32) for u in units) / (32 * depth)
    if optimiser == "sgd":
        loss += abs(trial.suggest_float("momentum", 0.0, 1.0) - 0.9) - 0.5
    return loss


def nested(trial: optuna.Trial) -> float:
    """A choice behind a choice, and a parameter that needs two choices at once."""
    model = trial.suggest_categorical("model", ["tree", "svm"])
    scale = trial.suggest_categorical("scale", [False, True])
    loss = 1.0
    if model == "svm":
        kernel = trial.suggest_categorical("kernel", ["rbf", "poly", "linear"])
        if kernel == "poly":
            loss += trial.suggest_int("degree", 2, 5)
        if scale:
            loss += trial.suggest_float("offset", -1.0, 1.0)
    return loss


def finished(objective: Objective, n: int, seed: int = 0) -> list[FrozenTrial]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    study.optimize(objective, n_trials=n)
    return study.trials


def conditioned_space(trials: list[FrozenTrial]) -> Any:
    read = records.RecordReader().read(trials)
    space = space_module.SearchSpace(unions.known_distributions(read))
    return space.under(unions.learn_conditions(space, read))


@pytest.mark.parametrize("objective", [layers, nested])
def test_what_exists_is_what_trials_have(objective: Objective) -> None:
    space = conditioned_space(finished(objective, 80))
    for trial in finished(objective, 40, seed=1):
        known = {n: d.to_internal_repr(trial.params[n]) for n, d in trial.distributions.items()}
        coordinates = space.to_coordinates(known)
        is_missing = np.isnan(coordinates)
        point = space.put_at_centre(coordinates[None, :], is_missing[None, :])
        np.testing.assert_array_equal(space.active(point)[0], ~is_missing)
        assert space.to_params(point[0]) == pytest.approx(trial.params)


def test_unfinished_trials_lie_where_they_have_all_there_is() -> None:
    trials = finished(layers, 60)
    space = conditioned_space(trials)
    assert space.conditions is not None
    for trial in trials[:20]:
        (complete,) = records.RecordReader().read([trial])
        trial.state, trial.values = TrialState.RUNNING, None
        (running,) = records.RecordReader().read([trial])
        known = {n: d.to_internal_repr(trial.params[n]) for n, d in trial.distributions.items()}
        np.testing.assert_array_equal(running.coordinates(space), space.to_coordinates(known))
        np.testing.assert_array_equal(running.place(space), complete.place(space))
        assert running.place(space) is not None
        # Before it has chosen all, nobody knows where it will be; what failed then was nowhere.
        last = list(trial.distributions)[-1]
        trial.params = {n: v for n, v in trial.params.items() if n != last}
        trial.distributions = {n: d for n, d in trial.distributions.items() if n != last}
        for state in (TrialState.RUNNING, TrialState.FAIL):
            trial.state = state
            (begun,) = records.RecordReader().read([trial])
            assert begun.place(space) is None


@given(strategies.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_points_of_a_conditioned_space_are_settled(seed: int) -> None:
    rng = np.random.default_rng(seed)
    space = conditioned_space(finished(nested, 30, seed=seed % 7))
    points = space.from_quantiles(rng.random((50, space.n_params)))
    for again in (space.settle(points), space.snap(points)):
        np.testing.assert_array_equal(again, points)
    filled = space.fill(points, rng)
    active = space.active(points)
    np.testing.assert_array_equal(filled[active], points[active])
    np.testing.assert_array_equal(space.settle(filled), points)


def test_names_that_keep_changing_are_asked_for_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one, it would take seconds a suggestion, of a hundred trials with a name each."""
    n = 40
    n_asked = 0
    answers = conditions._answers

    def counting(*args: Any) -> Any:
        nonlocal n_asked
        n_asked += 1
        return answers(*args)

    monkeypatch.setattr(conditions, "_answers", counting)
    coordinates = np.full((n, n + 1), np.nan)
    coordinates[:, 0] = np.random.default_rng(0).random(n)
    coordinates[np.arange(n), np.arange(n) + 1] = 0.5
    numeric = np.zeros(n + 1, dtype=bool)
    Conditions(coordinates, np.arange(n + 1), numeric, np.full(n + 1, np.inf))
    assert n_asked < 10 * n  # a few for each, not for each pair


# The sampler.


def regret_of(sampler: Any, objective: Objective, n_trials: int) -> float:
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=n_trials)
    return study.best_value


@pytest.mark.slow
def test_parameters_behind_a_condition_are_optimised() -> None:
    ours = [regret_of(LatticeGPSampler(seed=s), layers, 50) for s in range(3)]
    random = [regret_of(optuna.samplers.RandomSampler(seed=s), layers, 50) for s in range(3)]
    assert np.mean(ours) < -0.3  # the optimum is -0.5
    assert np.mean(ours) < np.mean(random) - 0.2


@pytest.mark.slow
def test_suggestions_are_those_of_a_resumed_study_whatever_the_storage(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    for _ in range(2):
        resumed = optuna.create_study(
            study_name="s", storage=url, sampler=LatticeGPSampler(seed=3), load_if_exists=True
        )
        resumed.optimize(layers, n_trials=12)
    undisturbed = optuna.create_study(sampler=LatticeGPSampler(seed=3))
    undisturbed.optimize(layers, n_trials=24)
    assert [t.params for t in resumed.trials] == [t.params for t in undisturbed.trials]


def test_range_that_follows_another_parameter_is_kept() -> None:
    def objective(trial: optuna.Trial) -> float:
        upper = trial.suggest_int("upper", 1, 20)
        lower = trial.suggest_int("lower", 0, upper)
        assert 0 <= lower <= upper
        return abs(upper - 15) + abs(lower - 12)

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=40)
    assert study.best_value <= 1


def test_range_that_was_narrowed_is_searched_inside() -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(lambda t: (t.suggest_float("x", 0.0, 10.0) - 9.0) ** 2, n_trials=12)

    def narrowed(trial: optuna.Trial) -> float:
        return (trial.suggest_float("x", 0.0, 2.0) - 1.0) ** 2 - 100.0

    study.optimize(narrowed, n_trials=20)
    inside = [t.params["x"] for t in study.trials[20:]]
    assert all(x <= 2.0 for x in inside)
    assert len(set(inside)) > 5  # not the end of the range over and over


def test_trial_that_failed_before_it_chose_everything_is_left_out() -> None:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        if trial.number % 5 == 4:
            raise RuntimeError
        return x + trial.suggest_float("y", 0.0, 1.0)

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=20, catch=RuntimeError)
    assert sum(t.state == TrialState.FAIL for t in study.trials) == 4
    assert study.best_value < 0.2


def branches(trial: optuna.Trial) -> float:
    """Six choices with a parameter of their own each; the last looks worst at random."""
    kind = trial.suggest_categorical("kind", list("abcdef"))
    x = trial.suggest_float(f"x_{kind}", 0.0, 1.0)
    return 5.0 * abs(x - 0.5) - 1.0 if kind == "f" else ord(kind) / 1000.0 + abs(x - 0.5)


def test_every_branch_is_tried_soon_and_begun_in_its_middle() -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(branches, n_trials=16)
    first: dict[str, float] = {}
    for trial in study.trials:
        first.setdefault(trial.params["kind"], trial.params[f"x_{trial.params['kind']}"])
    assert first == dict.fromkeys("abcdef", 0.5)
    assert study.best_params == {"kind": "f", "x_f": 0.5}


def test_only_what_exists_is_moved() -> None:
    space = conditioned_space(finished(nested, 40))
    rng = np.random.default_rng(0)
    points = space.from_quantiles(rng.random((30, space.n_params)))
    moved = candidates._moved(space, points, rng)
    assert moved.any(axis=1).all()
    assert not (moved & ~space.active(points)).any()
    neighbours = candidates.perturb(space, points, 200, 0.1, rng)
    np.testing.assert_array_equal(space.settle(neighbours), neighbours)


@pytest.mark.parametrize("n_active, share", [(3, 0.5), (9, 0.25)])
def test_one_or_two_of_few_parameters_are_moved_and_a_quarter_of_many(
    n_active: int, share: float
) -> None:
    is_active = np.tile(np.arange(12) < n_active, (4000, 1))
    space: Any = SimpleNamespace(conditions=True, active=lambda points: is_active)
    moved = candidates._moved(space, np.zeros(is_active.shape), np.random.default_rng(0))
    # Where none was drawn, one is moved all the same.
    expected = n_active * share + (1.0 - share) ** n_active
    assert moved.sum(axis=1).mean() == pytest.approx(expected, rel=0.03)
    assert moved.any(axis=1).all() and not moved[:, n_active:].any()


def test_choice_never_seen_is_tried() -> None:
    def objective(trial: optuna.Trial) -> float:
        kind = trial.suggest_categorical("kind", [str(i) for i in range(12)])
        return abs(int(kind) - 7) + trial.suggest_float(f"x_{kind}", 0.0, 1.0)

    study = optuna.create_study(sampler=LatticeGPSampler(seed=1))
    study.optimize(objective, n_trials=45)
    assert study.best_params["kind"] == "7"
    assert study.best_value < 0.2


@pytest.mark.parametrize("seed", range(3))
def test_choices_are_tried_once_each_where_all_results_are_equal_too(seed: int) -> None:
    def objective(trial: optuna.Trial) -> float:
        kind = trial.suggest_categorical("kind", [str(i) for i in range(12)])
        return 0.0 * trial.suggest_float(f"x_{kind}", 0.0, 1.0)

    study = optuna.create_study(sampler=LatticeGPSampler(seed=seed))
    study.optimize(objective, n_trials=24)
    assert len({trial.params["kind"] for trial in study.trials}) == 12


@pytest.mark.parametrize("n_choices, are_tried", [(20, True), (100, False)])
def test_of_very_many_branches_the_model_decides_which_are_tried(
    n_choices: int, are_tried: bool
) -> None:
    def objective(trial: optuna.Trial) -> float:
        kind = trial.suggest_categorical("kind", [str(i) for i in range(n_choices)])
        return trial.suggest_float(f"x_{kind}", 0.0, 1.0)

    space = conditioned_space(finished(objective, 10))
    visited = space.from_quantiles(np.full((1, space.n_params), 0.1))
    assert (UntriedBranches.of(space, visited) is not None) == are_tried


def test_a_spent_neighbourhood_of_the_best_is_left() -> None:
    space = {
        "x": IntDistribution(0, 40),
        "kind": CategoricalDistribution(["a", "b"]),
        "y": IntDistribution(0, 1),
    }

    def loss(params: dict[str, Any]) -> float:
        return float(abs(params["x"] - 20) + params.get("y", 0.5))

    # All points of the middle but one, the best 22 trials before the end: the trust region is
    # small.
    middle = [{"x": x, "kind": "a"} for x in range(9, 33)]
    middle += [{"x": x, "kind": "b", "y": y} for x in range(8, 33) for y in (0, 1)]
    middle.sort(key=loss, reverse=True)
    middle.insert(-21, middle.pop())
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    for params in middle:
        distributions = {name: space[name] for name in params}
        study.add_trial(
            create_trial(params=params, distributions=distributions, value=loss(params))
        )
    assert len(middle) == 74  # an even number of trials, so that the next is one of the region
    trial = study.ask()
    trial.suggest_int("x", 0, 40)
    if trial.suggest_categorical("kind", ["a", "b"]) == "b":
        trial.suggest_int("y", 0, 1)
    assert lattice_gp.prediction_of(study.trials[-1]) is not None
    assert trial.params not in middle


@pytest.mark.parametrize("n_startup_trials", [4, 100])
def test_the_last_points_of_a_conditional_lattice_are_found(n_startup_trials: int) -> None:
    def objective(trial: optuna.Trial) -> float:
        if trial.suggest_categorical("kind", ["a", "b"]) == "a":
            return float(trial.suggest_int("few", 0, 2))
        # At random, the largest are seldom met.
        return abs(float(trial.suggest_int("many", 1, 40, log=True)) - 6.0)

    n_points = 3 + 40
    study = optuna.create_study(
        sampler=LatticeGPSampler(seed=0, n_startup_trials=n_startup_trials)
    )
    study.optimize(objective, n_trials=n_points)
    assert len({tuple(trial.params.items()) for trial in study.trials}) == n_points
