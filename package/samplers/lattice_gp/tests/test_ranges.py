"""Ranges that differ between trials: learned, kept, and no end of one tried over and over."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
import math
import os
from pathlib import Path

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies
import numpy as np
import optuna
from optuna.distributions import FloatDistribution
from optuna.trial import create_trial
from optuna.trial import TrialState
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
lattice_gp = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
)
LatticeGPSampler = lattice_gp.LatticeGPSampler
ranges = import_module(f"{lattice_gp.__name__}.space.ranges")
Ranges = ranges.Ranges
SUGGESTION_KEY = import_module(f"{lattice_gp.__name__}.trials.records").SUGGESTION_KEY

ALL = np.ones((1, 2), dtype=bool)

Objective = Callable[[optuna.Trial], float]


def of_second(
    earlier: np.ndarray, upper: np.ndarray, is_categorical: bool = False, spacing: float = 0.0
) -> Callable[[float], float]:
    """Where the second of two parameters, asked for 1, ends up beside the first, as learned."""
    n = len(earlier)
    ends = np.column_stack([np.ones(n), upper])
    ranges = Ranges(
        np.column_stack([earlier, 0.5 * upper]),
        np.zeros((n, 2)),
        ends,
        np.array([0.0, spacing]),
        np.array([0, 1]),
        np.array([is_categorical, False]),
    )
    return lambda first: float(ranges.confine(np.array([[first, 1.0]]), ALL)[0, 1])


# Numerics.


def test_range_that_is_a_linear_function_is_known_everywhere() -> None:
    earlier = np.array([0.1, 0.8, 0.45, 0.3])
    end = of_second(earlier, 1.0 - earlier)
    for first in (0.0, 0.2, 0.66, 1.0):
        assert end(first) == pytest.approx(1.0 - first)


def test_range_that_is_a_linear_function_of_two_parameters_is_known_everywhere() -> None:
    earlier = np.array([[0.1, 0.8], [0.45, 0.3], [0.9, 0.2], [0.2, 0.1], [0.6, 0.9]])
    upper = 0.2 + earlier @ [0.5, 0.25]
    ends = np.column_stack([np.ones((5, 2)), upper])
    told = np.column_stack([earlier, 0.5 * upper])
    ranges = Ranges(
        told, np.zeros((5, 3)), ends, np.zeros(3), np.arange(3), np.zeros(3, dtype=bool)
    )
    asked = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [0.3, 0.7, 1.0]])
    expected = 0.2 + asked[:, :2] @ [0.5, 0.25]
    assert ranges.confine(asked, np.ones((4, 3), dtype=bool))[:, 2] == pytest.approx(expected)


def test_range_of_any_other_function_is_that_of_the_nearest_trial() -> None:
    earlier = np.array([0.0, 0.9, 0.4, 0.1, 1.0, 0.5, 0.0, 1.0])
    end = of_second(earlier, np.where(earlier > 0.45, 0.2, 0.7))
    assert [end(first) for first in (0.05, 0.42, 0.48, 0.93)] == [0.7, 0.7, 0.2, 0.2]


def test_range_of_a_choice_is_that_of_trials_with_it() -> None:
    choices = np.array([0.0, 1.0, 0.5, 0.0, 1.0, 0.5])
    end = of_second(choices, np.tile([0.2, 1.0, 0.4], 2), is_categorical=True)
    assert [end(choice) for choice in (0.0, 0.5, 1.0)] == [0.2, 0.4, 1.0]


def test_range_that_was_changed_is_the_latest_and_one_that_goes_to_and_fro_the_widest() -> None:
    earlier = np.array([0.2, 0.9, 0.5, 0.1, 0.7, 0.3, 0.8, 0.4])
    changed = of_second(earlier, np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5]))
    assert changed(0.0) == changed(1.0) == 0.5
    rng = np.random.default_rng(0)
    to_and_fro = of_second(rng.random(8), np.array([0.5, 1.0] * 4))
    assert {to_and_fro(first) for first in (0.0, 0.3, 1.0)} <= {0.5, 1.0}


def test_range_that_was_changed_twice_goes_to_and_fro() -> None:
    def by_now(*ends: float) -> float:
        end: float = ranges._by_now(np.array(ends), np.max)
        return end

    assert by_now(1.0, 1.0, 0.5, 0.5) == by_now(0.5, 0.5) == 0.5
    assert by_now(1.0, 0.5, 0.7, 0.7) == by_now(1.0, 1.0, 0.5) == 1.0
    # What was long ago is forgotten.
    assert by_now(1.0, 0.8, 0.5, 0.5, 0.5, 0.5, 0.5) == 0.5


def test_distance_counts_another_choice_more_than_any_number() -> None:
    points, others = np.array([[0.0, 0.0, 0.0]]), np.array([[0.3, 0.4, 0.0], [0.0, 0.0, 0.5]])
    weights = np.array([1.0, 1.0, np.inf])
    np.testing.assert_allclose(ranges._distances(points, others, weights), [[0.25, 3.0]])


def test_range_that_only_the_latest_trial_had_is_not_taken_for_changed() -> None:
    earlier = np.array([0.2, 0.9, 0.5, 0.1, 0.7, 0.3, 0.8, 0.4])
    end = of_second(earlier, np.array([1.0] * 7 + [0.5]))
    assert end(0.0) == end(0.4) == end(1.0) == 1.0


def test_range_at_random_is_not_taken_to_follow_another_parameter() -> None:
    def is_one(seed: int) -> bool:
        rng = np.random.default_rng(seed)
        end = of_second(rng.random(30), rng.choice([0.5, 1.0], 30))
        return len({end(first) for first in np.linspace(0.0, 1.0, 50)}) == 1

    assert sum(map(is_one, range(40))) >= 36


def test_values_that_were_made_fewer_are_kept() -> None:
    end = of_second(np.linspace(0.0, 1.0, 5), np.full(5, 0.9), spacing=0.25)
    assert end(0.3) == 0.75


@given(strategies.integers(0, 2**32 - 1), strategies.integers(1, 12))
@settings(deadline=None)
def test_what_is_confined_stays_where_it_is(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    coordinates = np.where(rng.random((n, 4)) < 0.2, np.nan, rng.random((n, 4)).round(1))
    lower, upper = np.sort(rng.random((2, n, 4)).round(1), axis=0)
    spacings = np.where(rng.random(4) < 0.3, 0.25, 0.0)
    ranges = Ranges(coordinates, lower, upper, spacings, rng.permutation(4), rng.random(4) < 0.3)
    points = rng.random((20, 4))
    is_active = rng.random((20, 4)) < 0.8
    once = ranges.confine(points, is_active)
    assert ((0.0 <= once) & (once <= 1.0)).all()
    np.testing.assert_allclose(ranges.confine(once, is_active), once, atol=1e-9)


# The sampler.


def n_repeats(study: optuna.Study) -> int:
    return len(study.trials) - len({tuple(sorted(t.params.items())) for t in study.trials})


def budget(trial: optuna.Trial) -> float:
    """66 points."""
    a = trial.suggest_int("a", 0, 10)
    return (a - 4) ** 2 + (trial.suggest_int("b", 0, 10 - a) - 6) ** 2


def divisors(trial: optuna.Trial) -> float:
    n = trial.suggest_int("n", 1, 16)
    return (n - 5) ** 2 + (trial.suggest_int("k", 1, 64 // n) - 9) ** 2


def simplex(trial: optuna.Trial) -> float:
    a = trial.suggest_float("a", 0.0, 1.0)
    b = trial.suggest_float("b", 0.0, 1.0 - a)
    return (a - 0.3) ** 2 + (b - 0.6) ** 2


def by_choice(trial: optuna.Trial) -> float:
    largest = {"small": 5, "medium": 20, "large": 50}
    size = trial.suggest_categorical("size", list(largest))
    n = trial.suggest_int("n", 0, largest[size])
    return (n - 35) ** 2 + trial.suggest_float("rate", 0.0, 1.0)


def within_a_branch(trial: optuna.Trial) -> float:
    if trial.suggest_categorical("kind", ["deep", "flat"]) == "flat":
        return 60 + trial.suggest_int("rate", 0, 9) + trial.suggest_int("b", 0, 3)
    a = trial.suggest_int("a", 0, 20)
    return (a - 14) ** 2 / 10 + (trial.suggest_int("b", 0, a) - 9) ** 2


@pytest.mark.parametrize(
    "objective, n_trials, best",
    [
        (budget, 30, 0.0),
        (divisors, 30, 0.0),
        (simplex, 20, 1e-3),
        (by_choice, 20, 0.5),
        (within_a_branch, 30, 0.0),
    ],
)
def test_end_of_a_range_is_not_tried_again_and_again(
    objective: Objective, n_trials: int, best: float
) -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=n_trials)
    assert n_repeats(study) <= 1
    assert study.best_value <= best


def test_number_beyond_its_range_ends_at_the_nearest_end() -> None:
    sampler = LatticeGPSampler(seed=0)
    study = optuna.create_study(sampler=sampler)
    study.optimize(lambda trial: trial.suggest_float("x", 0.0, 10.0), n_trials=1)

    def instead(suggestion: float, low: float, high: float) -> float:
        asked = create_trial(state=TrialState.FAIL)
        asked.system_attrs = {SUGGESTION_KEY: {"x": suggestion}}
        range_now = FloatDistribution(low, high)
        return float(sampler.sample_independent(study, asked, "x", range_now))

    assert [instead(9.0, 0, 5), instead(9.0, 9.5, 10), instead(9.0, 0, 10)] == [5.0, 9.5, 9.0]


def test_values_that_are_no_longer_there_are_not_asked_for() -> None:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0, step=0.1 if trial.number < 8 else 0.25)
        return (x - 0.6) ** 2 + trial.suggest_int("n", 0, 9)

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=24)
    assert n_repeats(study) <= 2
    assert len({t.params["x"] for t in study.trials[8:]}) == 5


@pytest.mark.slow
def test_range_that_follows_another_parameter_may_itself_be_changed() -> None:
    def objective(trial: optuna.Trial) -> float:
        a = trial.suggest_int("a", 0, 10)
        b = trial.suggest_int("b", 0, (10 if trial.number < 20 else 20) - a)
        return (a - 4) ** 2 + (b - 14) ** 2

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=80)
    assert study.best_value == 0.0
    assert n_repeats(study) <= 2


def test_trial_fixed_out_of_range_tells_nothing() -> None:
    def objective(trial: optuna.Trial) -> float:
        kind, x = trial.suggest_categorical("kind", ["p", "q"]), trial.suggest_float("x", 0, 10)
        return (x - 5.0) ** 2 + (trial.suggest_float("y", 0, 1) if kind == "p" else 0.5)

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.enqueue_trial({"kind": "p", "x": 1000.0, "y": 0.5})
    study.optimize(objective, n_trials=15)
    assert study.best_value < 0.05
    explanation = LatticeGPSampler(seed=0).explain(study)
    assert explanation.predict([{"kind": "p", "x": 5.0, "y": 0.5}])[0].mean < 5.0
    assert explanation.predict_trial(study.trials[0]) is None


def test_branch_of_failures_does_not_switch_off_the_memory_of_points() -> None:
    def objective(trial: optuna.Trial) -> float:
        a = trial.suggest_int("a", 0, 9)
        if trial.suggest_categorical("kind", ["x", "y"]) == "y":
            trial.suggest_float("momentum", 0.0, 1.0)
            return math.nan
        return (a - 4) ** 2

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=18)
    assert n_repeats(study) == 0


def test_parameter_fixed_by_another_sampler_does_not_make_trials_differ() -> None:
    def objective(trial: optuna.Trial) -> float:
        a, b = trial.suggest_int("a", 0, 9), trial.suggest_int("b", 0, 9)
        if trial.number == 5:
            return math.nan  # before the fixed one was asked for
        return (a - 4) ** 2 + (b - 4) ** 2 * (1.0 + 0.1 * trial.suggest_int("n", 1, 8))

    sampler = optuna.samplers.PartialFixedSampler({"n": 5}, LatticeGPSampler(seed=0))
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=30)
    assert n_repeats(study) == 0


def test_points_of_a_spent_conditional_space_take_turns() -> None:
    def objective(trial: optuna.Trial) -> float:
        if trial.suggest_categorical("kind", ["long", "short"]) == "long":
            return trial.suggest_int("long", 1, 5)
        return 2 * trial.suggest_int("short", 1, 3)

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=24)
    points = [tuple(trial.params.values()) for trial in study.trials]
    assert {points.count(point) for point in points} <= {2, 3, 4}
    assert len(set(points)) == 8
