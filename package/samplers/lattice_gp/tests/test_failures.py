"""Failed trials: where they happen is learned, and avoided."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.distributions import FloatDistribution
from optuna.trial import create_trial
from optuna.trial import FrozenTrial
from optuna.trial import TrialState
import optunahub
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import norm


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
lattice_gp = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
)
LatticeGPSampler = lattice_gp.LatticeGPSampler
SuccessModel = import_module(f"{lattice_gp.__name__}.acquisition.success").SuccessModel

Objective = Callable[[optuna.Trial], float]


def probability(model: Any, *points: list[float]) -> Any:
    return np.exp(model.log_probability(np.array(points)))


# The model.


def test_probability_is_low_near_failures_and_high_near_successes() -> None:
    model = SuccessModel(np.array([[0.1, 0.1], [0.2, 0.1]]), np.array([[0.9, 0.9]]), 2)
    near_success, near_failure, far = probability(model, [0.15, 0.1], [0.88, 0.9], [0.1, 0.9])
    assert near_success > 0.95
    assert near_failure < 0.1
    assert near_failure < far < near_success
    assert far > 0.5


def test_failures_of_large_sizes_tell_of_larger_ones() -> None:
    small = [[0.1, 0.2], [0.3, 0.1], [0.2, 0.4], [0.4, 0.3]]
    model = SuccessModel(np.array(small), np.array([[0.7, 0.6], [0.6, 0.8]]), 2)
    larger, smallest = probability(model, [1.0, 1.0], [0.0, 0.0])
    assert larger < 0.3  # 0.65 where nothing is known
    assert smallest > 0.9


def test_one_failure_among_successes_is_taken_for_bad_luck() -> None:
    around = np.array([[0.4, 0.5], [0.6, 0.5], [0.5, 0.4], [0.5, 0.6], [0.45, 0.45], [0.55, 0.55]])
    again = np.concatenate([around, [[0.5, 0.5]]])
    failed = np.array([[0.5, 0.5]])
    once, twice = (
        probability(SuccessModel(succeeded, failed, 2), [0.5, 0.5])[0]
        for succeeded in (around, again)
    )
    assert once > 0.05  # a promising point is not given up
    assert twice > 0.5  # and it is forgiven once a trial there succeeds


def test_of_many_failures_the_latest_tell() -> None:
    rng = np.random.default_rng(0)
    before, since = 0.1 + 0.05 * rng.random((150, 2)), 0.85 + 0.05 * rng.random((150, 2))
    model = SuccessModel(np.array([[0.5, 0.5]]), np.concatenate([before, since]), 2)
    no_longer, now = probability(model, [0.12, 0.12], [0.87, 0.87])
    assert now < 0.1 < 0.5 < no_longer


def test_probability_is_that_of_the_dense_formulas() -> None:
    rng = np.random.default_rng(0)
    succeeded, failed, asked = rng.random((7, 3)), rng.random((5, 3)), rng.random((4, 3))
    points = np.concatenate([succeeded, failed])

    def kernel(a: Any, b: Any) -> Any:
        scaled = math.sqrt(5.0) * cdist(a, b) / (0.2 * math.sqrt(3.0))
        local = (1.0 + scaled + scaled**2 / 3.0) * np.exp(-scaled)
        return local + 12.0 / 3.0 * (a - 0.5) @ (b - 0.5).T

    inverse = np.linalg.inv(kernel(points, points) + 0.05 * np.eye(12))
    cross = kernel(asked, points)
    mean = 0.7 + cross @ inverse @ (np.repeat([1.0, 0.0], [7, 5]) - 0.7)
    variance = np.diag(kernel(asked, asked) - cross @ inverse @ cross.T)
    expected = norm.logcdf((mean - 0.5) / np.sqrt(0.25 * variance + 0.01))
    model = SuccessModel(succeeded, failed, 3)
    assert model.log_probability(asked) == pytest.approx(expected)


@pytest.mark.parametrize("n_succeeded", [0, 1, 400])
def test_probability_is_finite_however_many_trials(n_succeeded: int) -> None:
    rng = np.random.default_rng(1)
    succeeded = rng.random((n_succeeded, 4))
    failed = np.repeat(rng.random((3, 4)), 150, axis=0)  # the same points again and again
    log_probability = SuccessModel(succeeded, failed, 4).log_probability(rng.random((50, 4)))
    assert np.isfinite(log_probability).all()
    assert (log_probability <= 0.0).all()


# The sampler.


def _suggest(trial: optuna.Trial) -> tuple[int, float, float]:
    depth = trial.suggest_int("depth", 2, 12)
    rate = trial.suggest_float("rate", 1e-4, 1e-1, log=True)
    width = trial.suggest_float("width", 0.0, 1.0)
    return depth, math.log10(rate), width


def _loss(depth: int, log_rate: float, width: float) -> float:
    return ((depth - 4) / 10) ** 2 + ((log_rate + 2.8) / 3) ** 2 + (width - 0.3) ** 2


def _optimize(objective: Objective, seed: int, n_trials: int) -> optuna.Study:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=seed))
    study.optimize(objective, n_trials=n_trials, catch=(MemoryError,))
    return study


def _n_failed(study: optuna.Study) -> int:
    return len(study.get_trials(deepcopy=False, states=[TrialState.FAIL]))


@pytest.mark.parametrize("fails_with", ["exception", pytest.param("nan", marks=pytest.mark.slow)])
def test_space_of_which_half_crashes_is_searched_with_a_handful_of_crashes(
    fails_with: str,
) -> None:
    def objective(trial: optuna.Trial) -> float:
        depth, log_rate, width = _suggest(trial)
        # About half of the space: what is too large, as models that run out of memory are.
        if 0.5 * (depth - 2) / 10 + 0.5 * width > 0.5:
            if fails_with == "exception":
                raise MemoryError
            return math.nan
        return _loss(depth, log_rate, width)

    studies = [_optimize(objective, seed, 40) for seed in range(3)]
    assert np.mean([_n_failed(study) for study in studies]) < 11  # 20 of random trials would be
    assert np.mean([study.best_value for study in studies]) < 0.01


@pytest.mark.slow
def test_failures_at_random_do_not_keep_it_from_the_optimum() -> None:
    rng = np.random.default_rng(0)

    def objective(trial: optuna.Trial) -> float:
        point = _suggest(trial)
        if rng.random() < 0.2:
            raise MemoryError
        return _loss(*point)

    studies = [_optimize(objective, seed, 40) for seed in range(3)]
    assert all(study.best_value < 0.02 for study in studies)


def test_sampler_that_sees_only_crashes_moves_away_from_them() -> None:
    crashing = (0.0, 0.75)

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        y = trial.suggest_float("y", 0.0, 1.0)
        if crashing[0] <= x < crashing[1]:
            raise MemoryError
        return x + y

    for seed in range(5):
        study = _optimize(objective, seed, 16)
        # Three of four random trials would crash.
        assert _n_failed(study) <= 9


@pytest.mark.parametrize("seed", range(5))
def test_start_up_points_that_succeed_are_not_repeated_after_failures(seed: int) -> None:
    """Of points that are not likelier to fail, the first is taken that was not tried."""

    def objective(trial: optuna.Trial) -> float:
        rates = [trial.suggest_float(f"rate_{i}", 1e-6, 0.3, log=True) for i in range(6)]
        if trial.number < 3 or max(rates) > 0.1:
            raise MemoryError
        return sum(rates)

    study = _optimize(objective, seed, 10)
    assert len({tuple(trial.params.values()) for trial in study.trials}) == 10


def test_everything_crashing_is_searched_all_the_same() -> None:
    def objective(trial: optuna.Trial) -> float:
        _suggest(trial)
        raise MemoryError

    study = _optimize(objective, 0, 12)
    points = {tuple(trial.params.values()) for trial in study.trials}
    assert _n_failed(study) == len(points) == 12


def _study_with(trials: list[FrozenTrial]) -> optuna.Study:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.add_trials(trials)
    return study


def _next(study: optuna.Study) -> dict[str, float]:
    trial = study.ask()
    trial.suggest_float("x", 0.0, 1.0)
    trial.suggest_float("y", 0.0, 1.0)
    return trial.params


def test_pruned_trials_are_no_failures() -> None:
    distributions: dict[str, BaseDistribution] = {
        name: FloatDistribution(0.0, 1.0) for name in "xy"
    }
    rng = np.random.default_rng(0)
    complete = [
        create_trial(params={"x": x, "y": y}, distributions=distributions, value=x + y)
        for x, y in rng.random((6, 2))
    ]

    def at(state: TrialState) -> list[FrozenTrial]:
        return [
            create_trial(params={"x": x, "y": 0.01}, distributions=distributions, state=state)
            for x in (0.01, 0.02, 0.03)
        ]

    after_pruned = _next(_study_with(complete + at(TrialState.PRUNED)))
    after_failed = _next(_study_with(complete + at(TrialState.FAIL)))
    # The best place, where all three failed, is left for later; where they were pruned it is not.
    assert max(after_pruned.values()) < 0.1
    assert max(after_failed.values()) > 0.1
