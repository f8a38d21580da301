"""Three objectives and more are measured by the trials near the front."""

from __future__ import annotations

from importlib import import_module
import math
import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies
from hypothesis.extra.numpy import arrays
import numpy as np
import optuna
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
lattice_gp = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
)
PowerFamily = import_module(f"{lattice_gp.__name__}.values.power").PowerFamily
scaling = import_module(f"{lattice_gp.__name__}.values.scaling")
warp = import_module(f"{lattice_gp.__name__}.values.warp")
yardsticks = import_module(f"{lattice_gp.__name__}.values.yardsticks").yardsticks


def front(n: int, seed: int = 0) -> np.ndarray:
    """Values (n, 3) none of which dominates another, between 0 and 1."""
    directions = np.abs(np.random.default_rng(seed).standard_normal((n, 3)))
    values: np.ndarray = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return values


def unconstrained(values: np.ndarray) -> np.ndarray:
    return values[:, :0]


@pytest.mark.parametrize("n_objectives", [1, 2])
def test_fewer_objectives_are_measured_by_themselves(n_objectives: int) -> None:
    values = front(20)[:, :n_objectives]
    assert yardsticks(values, unconstrained(values)) == (None,) * n_objectives


@pytest.mark.parametrize("diverged", [1e6, 1e10, math.inf])
def test_what_is_dominated_is_no_measure(diverged: float) -> None:
    good = front(20)
    bad = good.copy()
    bad += 2.0
    bad[::3] = diverged
    alone = yardsticks(good, unconstrained(good))
    # Of 20 trials, ten are the better half; of 40, the 20 good ones.
    both = yardsticks(np.concatenate([bad, good]), np.zeros((40, 0)))
    for a, b in zip(alone, both):
        assert 0.2 < b.unit < 0.5 and 0.2 < b.centre < 0.8
        assert a.unit == pytest.approx(b.unit, rel=0.5)


def test_infeasible_trials_are_no_measure() -> None:
    values = np.concatenate([front(20) - 100.0, front(20)])
    constraints = np.repeat([[1.0], [-1.0]], 20, axis=0)
    measured = yardsticks(values, constraints)
    good = front(20)
    expected = [np.quantile(column, 0.5) for column in good.T]
    assert [y.centre for y in measured] == pytest.approx(expected)


def test_an_objective_that_does_not_differ_has_none() -> None:
    values = front(20)
    values[:, 1] = 0.3
    measured = yardsticks(values, unconstrained(values))
    assert measured[1] is None and measured[0] is not None and measured[2] is not None


def test_trials_at_an_end_of_the_front_do_not_flatten_the_others() -> None:
    """Most trials are at one end, where an objective is next to nothing, as in a corner."""
    rng = np.random.default_rng(0)
    ends = np.stack([1e-6 * rng.random(14), rng.random(14), 1.0 - rng.random(14)], axis=1)
    values = np.concatenate([ends, front(10)])
    yardstick = yardsticks(values, unconstrained(values))[0]
    first = values[:, 0]
    robust = scaling.scale(first, True).scores
    measured = scaling.scale(first, True, yardstick).scores
    # In units of their own better half, what is not at the end is all the same.
    assert len(np.unique(robust)) < 18
    assert len(np.unique(measured)) == 24
    spread = np.ptp(first[first > 0.1]) / yardstick.unit
    assert 1.0 < spread < 20.0 and np.ptp(measured[first > 0.1]) == pytest.approx(spread)


@given(
    strategies.integers(3, 5).flatmap(
        lambda k: arrays(
            float,
            strategies.tuples(strategies.integers(1, 12), strategies.just(k)),
            elements=strategies.floats(allow_nan=False) | strategies.sampled_from([0.0, 1.0]),
        )
    ),
    strategies.floats(-3.0, 3.0),
)
def test_measured_values_keep_their_order_and_stay_finite(
    values: np.ndarray, power: float
) -> None:
    for column, yardstick in zip(values.T, yardsticks(values, unconstrained(values))):
        assert yardstick is None or (yardstick.unit > 0.0 and math.isfinite(yardstick.unit))
        warped = warp.Warp(True, power, yardstick).on(column).scores
        assert np.isfinite(warped).all()
        assert (np.diff(warped[np.argsort(column, kind="stable")]) >= -1e-12).all()
        scaled = scaling.scale(column, True, yardstick).scores
        np.testing.assert_array_equal(warped, PowerFamily(scaled).at(power)[0])


def convex(trial: optuna.Trial) -> tuple[float, float, float]:
    """Three objectives, each of them 0 along a whole edge of the front."""
    x = np.array([trial.suggest_float(f"x{i}", 0.0, 1.0) for i in range(6)])
    radius = 1.0 + ((x[2:] - 0.6) ** 2).sum()
    a, b = (0.5 * math.pi * x[:2]).tolist()
    at = radius * math.cos(a) * math.cos(b), radius * math.cos(a) * math.sin(b)
    return at[0] ** 4, at[1] ** 4, (radius * math.sin(a)) ** 2


def hypervolume(study: optuna.Study, n: int = 4000) -> float:
    """Share of random points between 0 and 1 that the trials dominate."""
    points = np.random.default_rng(0).random((n, 3))
    values = np.array([t.values for t in study.trials])
    return float((values[:, None] <= points).all(axis=2).any(axis=0).mean())


@pytest.mark.slow
def test_the_middle_of_a_front_of_three_objectives_is_found() -> None:
    found = []
    for seed in range(3):
        sampler = lattice_gp.LatticeGPSampler(seed=seed)
        study = optuna.create_study(directions=["minimize"] * 3, sampler=sampler)
        study.optimize(convex, n_trials=40)
        found.append(hypervolume(study))
    # The whole front dominates 0.97; random search 0.55, and each objective by its own measure
    # 0.57.
    assert np.mean(found) > 0.68
