"""Values chosen in advance: kept, and the other parameters chosen to go with them."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from importlib import import_module
import math
import os
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies
import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
lattice_gp = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
)
LatticeGPSampler = lattice_gp.LatticeGPSampler
records = import_module(f"{lattice_gp.__name__}.trials.records")
SearchSpace = import_module(f"{lattice_gp.__name__}.space.search_space").SearchSpace
Visits = import_module(f"{lattice_gp.__name__}.search.visits").Visits

LATTICE: dict[str, BaseDistribution] = {
    "depth": IntDistribution(2, 8),
    "width": IntDistribution(1, 64, log=True),
    "rate": FloatDistribution(0.0, 1.0, step=0.25),
    "kind": CategoricalDistribution(["a", "b", "c"]),
}

fixed_coordinates = strategies.lists(
    strategies.one_of(strategies.just(np.nan), strategies.floats(-1.0, 2.0)),
    min_size=4,
    max_size=4,
).map(np.array)


# Numerics.


@given(fixed=fixed_coordinates, seed=strategies.integers(0, 99))
def test_whatever_is_made_of_numbers_lies_in_the_part(fixed: np.ndarray, seed: int) -> None:
    space = SearchSpace(LATTICE)
    part = space.fixing(fixed)
    numbers = np.random.default_rng(seed).random((20, 4))
    is_fixed = ~np.isnan(fixed)
    for points, whole in [
        (part.snap(numbers), space.snap(numbers)),
        (part.from_quantiles(numbers), space.from_quantiles(numbers)),
        (part.centre()[None, :], space.centre()[None, :]),
    ]:
        assert part.contains(points).all()
        assert np.array_equal(points, space.snap(points))
        assert np.array_equal(points[:, ~is_fixed], whole[:, ~is_fixed])


@given(fixed=fixed_coordinates)
def test_part_numbers_its_own_points_once(fixed: np.ndarray) -> None:
    part = SearchSpace(LATTICE).fixing(fixed)
    points = part.from_flat_index(np.arange(part.size))
    assert len(np.unique(points, axis=0)) == part.size
    assert part.contains(points).all()
    assert np.array_equal(part.flat_index(points), np.arange(part.size))


def test_points_elsewhere_do_not_count_as_visits_of_the_part() -> None:
    space = SearchSpace({"a": IntDistribution(0, 2), "b": IntDistribution(0, 3)})
    everything = space.from_flat_index(np.arange(12.0))
    part = space.fixing(np.array([0.5, np.nan]))
    elsewhere = everything[~part.contains(everything)]
    assert Visits(part, elsewhere).n_open == part.size == 4
    visits = Visits(part, everything[:6])  # two of its four
    assert visits.n_open == 2
    assert sorted(visits.sample_open(9, np.random.default_rng(0))[:, 1]) == [2 / 3, 1.0]


# Studies.


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    """What the sampler has said so far."""
    optuna.logging.enable_propagation()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield lambda: [r.getMessage() for r in caplog.records if "lattice_gp" in r.name]
    optuna.logging.disable_propagation()


def follows_depth(trial: optuna.Trial) -> float:
    """The best rate is another at every depth."""
    depth, rate = (
        trial.suggest_int("depth", 2, 8),
        trial.suggest_float("rate", 1e-4, 1e-2, log=True),
    )
    return (math.log10(rate) + 4.0 - (depth - 2) / 3.0) ** 2 + 0.1 * (depth - 4) ** 2


@pytest.mark.parametrize("storage", [None, "sqlite:///:memory:"])
def test_free_parameters_go_with_the_fixed_ones(storage: str | None) -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0), storage=storage)
    study.optimize(follows_depth, n_trials=20)
    best = np.log10(study.best_params["rate"])
    for depth in (2, 8):
        for _ in range(3):
            study.enqueue_trial({"depth": depth})
        study.optimize(follows_depth, n_trials=3)
        trials = study.trials[-3:]
        optimum = -4.0 + (depth - 2) / 3.0
        distances = [abs(np.log10(trial.params["rate"]) - optimum) for trial in trials]
        assert min(distances) < 0.3 < 0.5 < abs(best - optimum)
        assert all(trial.params["depth"] == depth for trial in trials)
        assert all(lattice_gp.prediction_of(trial) is None for trial in trials)


def test_free_parameters_of_a_long_study_are_not_sought_near_the_best() -> None:
    """The best depth by far is 2, with its rate; from 60 trials on there is a trust region."""
    space: dict[str, BaseDistribution] = {
        "depth": IntDistribution(2, 8),
        "rate": FloatDistribution(0.0, 1.0),
    }

    def loss(params: dict[str, Any]) -> float:
        distance = params["rate"] - (params["depth"] - 2) / 6
        return float(distance**2 + 0.1 * (params["depth"] - 2))

    rng = np.random.default_rng(0)
    past = [{"depth": int(rng.integers(2, 9)), "rate": float(rng.random())} for _ in range(60)]
    past[39] = {"depth": 2, "rate": 0.0}
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    for params in past:
        study.add_trial(
            optuna.trial.create_trial(params=params, distributions=space, value=loss(params))
        )
    study.enqueue_trial({"depth": 8})
    assert study.ask(space).params["rate"] > 0.9


def test_a_part_is_not_searched_twice_until_it_is_spent() -> None:
    def objective(trial: optuna.Trial) -> float:
        return trial.suggest_int("a", 0, 3) - 0.3 * trial.suggest_int("b", 0, 9)

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=6)
    of_part = {t.params["b"] for t in study.trials if t.params["a"] == 3}
    n_left = 10 - len(of_part)
    for _ in range(n_left + 3):
        study.enqueue_trial({"a": 3})
    study.optimize(objective, n_trials=n_left + 3)
    chosen = [t.params["b"] for t in study.trials[6:]]
    assert of_part.union(chosen[:n_left]) == set(range(10))
    assert len(set(chosen[n_left:])) == 3
    study.optimize(objective, n_trials=10)
    assert len({tuple(t.params.items()) for t in study.trials}) == len(study.trials) - 3


@pytest.mark.parametrize("fixed", [{"kind": "sgd"}, {"momentum": 0.5}, {"kind": "sgd", "lr": 0.1}])
def test_conditional_parameters(fixed: dict[str, Any]) -> None:
    def objective(trial: optuna.Trial) -> float:
        loss = trial.suggest_float("lr", 0.0, 1.0) ** 2
        if trial.suggest_categorical("kind", ["adam", "sgd", "none"]) == "sgd":
            loss += 1.0 + (trial.suggest_float("momentum", 0.0, 1.0) - 0.8) ** 2
        return loss

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=16)
    for _ in range(4):
        study.enqueue_trial(fixed)
    study.optimize(objective, n_trials=4)
    for trial in study.trials[-4:]:
        assert all(trial.params.get(name, value) == value for name, value in fixed.items())
    if "momentum" not in fixed:
        assert min(abs(t.params["momentum"] - 0.8) for t in study.trials[-4:]) < 0.1


@pytest.mark.parametrize(
    "fixed",
    [{"no_such": 1}, {"depth": 99}, {"depth": "deep"}, {"rate": -1.0}, {"rate": float("nan")}, {}],
)
@pytest.mark.filterwarnings("ignore:Fixed parameter")
def test_values_that_do_not_fit(fixed: dict[str, Any], said: Callable[[], list[str]]) -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(follows_depth, n_trials=6)
    study.enqueue_trial(fixed)
    study.optimize(follows_depth, n_trials=4, catch=(Exception,))
    assert not said()
    assert len([t for t in study.trials if t.value is not None]) >= 9


def test_value_that_no_float_can_hold_does_not_keep_the_model_from_the_others(
    said: Callable[[], list[str]],
) -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(follows_depth, n_trials=6)
    study.enqueue_trial({"depth": 10**400})
    study.ask().suggest_float("rate", 1e-4, 1e-2, log=True)
    assert not said()


@settings(max_examples=15, deadline=None)
@given(
    fixed=strategies.dictionaries(
        strategies.sampled_from(["depth", "rate", "kind"]), strategies.integers(0, 2), min_size=1
    ),
    n_before=strategies.integers(0, 8),
    seed=strategies.integers(0, 9),
)
def test_fixed_values_are_kept_and_the_rest_is_in_its_range(
    fixed: dict[str, int], n_before: int, seed: int
) -> None:
    choices: dict[str, list[Any]] = {
        "depth": [2, 5, 8],
        "rate": [0.0, 0.3, 1.0],
        "kind": ["a", "b", "c"],
    }
    given_values = {name: choices[name][i] for name, i in fixed.items()}

    def objective(trial: optuna.Trial) -> float:
        depth, rate = trial.suggest_int("depth", 2, 8), trial.suggest_float("rate", 0.0, 1.0)
        return depth * rate + len(trial.suggest_categorical("kind", ["a", "b", "c"]))

    study = optuna.create_study(sampler=LatticeGPSampler(seed=seed))
    study.optimize(objective, n_trials=n_before)
    study.enqueue_trial(given_values)
    study.optimize(objective, n_trials=2)
    trial = study.trials[n_before]
    assert trial.params.items() >= given_values.items()
    assert 2 <= trial.params["depth"] <= 8 and 0.0 <= trial.params["rate"] <= 1.0


def test_what_another_sampler_fixes_halfway_is_no_reason_for_repeats() -> None:
    def objective(trial: optuna.Trial) -> float:
        x, y, z = (trial.suggest_int(name, 0, 5) for name in "xyz")
        return (x - 3) ** 2 + (y - 2) ** 2 + (z - 1) ** 2

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=10)
    study.sampler = optuna.samplers.PartialFixedSampler({"x": 5}, LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=20)
    assert len({tuple(trial.params.values()) for trial in study.trials[10:]}) == 20


def test_a_running_trial_is_where_its_objective_was_sent_not_where_it_was_to_go() -> None:
    space: dict[str, BaseDistribution] = {
        "depth": IntDistribution(2, 8),
        "rate": FloatDistribution(0.0, 1.0),
    }
    trial = optuna.trial.create_trial(
        state=optuna.trial.TrialState.RUNNING,
        params={"depth": 3},
        distributions={"depth": space["depth"]},
        system_attrs={"lattice_gp:suggestion": {"depth": 7, "rate": 0.5}},
    )
    (record,) = records.RecordReader().read([trial])
    assert record.place(SearchSpace(space)) == pytest.approx([1 / 6, 0.5])
