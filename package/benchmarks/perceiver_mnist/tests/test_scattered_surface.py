"""The surface between runs that are scattered over the space."""

from __future__ import annotations

from collections.abc import Callable
import itertools
import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest


Submodule = Callable[[str], ModuleType]


@pytest.fixture
def hyper(submodule: Submodule) -> Any:
    return submodule("replay.scattered_surface").ScatteredHyperparameters(
        mean=0.3,
        length_scales=[0.7, 1.5],
        signal_variance=2.0,
        log_noise_variances=[[-2.0, -1.0, -1.5], [0.0, 0.5]],
    )


def test_scattered_surface_equals_the_lattice_surface_on_a_lattice(submodule: Submodule) -> None:
    lattice, scattered = submodule("replay.surface"), submodule("replay.scattered_surface")
    rng = np.random.default_rng(1)
    levels = [np.linspace(0.0, 1.0, n) for n in (3, 4)]
    values = rng.normal(size=(3, 4))
    factors = [[0.1, 0.2, 0.3], [0.5, 1.0, 1.5, 4.0]]
    shared = {"mean": 0.3, "length_scales": [0.7, 0.4], "signal_variance": 2.0}
    complete = lattice.Surface(
        levels, values, lattice.Hyperparameters(**shared, level_noise_variances=factors)
    )
    points = np.array(list(itertools.product(*levels)))
    logs = [np.log(factor).tolist() for factor in factors]
    model = scattered.ScatteredSurface(
        points,
        values.ravel(),
        levels[:1],
        scattered.ScatteredHyperparameters(**shared, log_noise_variances=logs),
    )
    for cell, position in itertools.product(range(3), (0.0, 0.4, 1.0)):
        assert model.mean_at((cell,), position) == pytest.approx(
            complete.mean_at((cell,), position), rel=1e-5
        )
    for cell, position in itertools.product(range(3), levels[1]):
        assert model.noise_sd_at((cell,), position) == pytest.approx(
            complete.noise_sd_at((cell,), position)
        )
    for found, expected in zip(model.leave_one_out_residuals, complete.leave_one_out_residuals):
        assert found == pytest.approx(expected.ravel(), rel=1e-5)


def test_distances_are_in_length_scales(submodule: Submodule, hyper: Any) -> None:
    points = np.array([[0.5, 0.0], [0.5, 0.75], [0.15, 0.0], [1.2, 3.0]])
    model = submodule("replay.scattered_surface").ScatteredSurface(
        points, np.zeros(4), [np.array([0.0, 0.5, 1.0])], hyper
    )
    expected = [0.0, 0.5, 0.5, math.hypot(1.0, 2.0)]
    assert model.distances((1,), 0.0).tolist() == pytest.approx(expected)


def test_likelihood_is_the_normal_density(submodule: Submodule, hyper: Any) -> None:
    stats = pytest.importorskip("scipy.stats")
    scattered = submodule("replay.scattered_surface")
    rng = np.random.default_rng(4)
    points, values = rng.random((9, 2)), rng.normal(size=9)
    covariance = scattered._kernel(points, points, hyper)
    # The noise is linear between 3 levels of the first axis and 2 of the second.
    first = np.interp(points[:, 0], [0.0, 0.5, 1.0], [-2.0, -1.0, -1.5])
    covariance += np.diag(np.exp(first + 0.5 * points[:, 1]))
    expected = stats.multivariate_normal(np.full(9, 0.3), covariance).logpdf(values)
    found = scattered._Posterior(points, values, hyper).log_likelihood()
    assert found == pytest.approx(expected, rel=1e-5)


def test_gradients_are_those_of_finite_differences(submodule: Submodule, hyper: Any) -> None:
    import dataclasses

    scattered = submodule("replay.scattered_surface")
    rng = np.random.default_rng(0)
    points, values = rng.random((12, 2)), rng.normal(size=12)

    def likelihood(changed: Any) -> float:
        return float(scattered._Posterior(points, values, changed).log_likelihood())

    def slope(change: Callable[[float], Any], step: float = 1e-5) -> float:
        return (likelihood(change(step)) - likelihood(change(-step))) / (2.0 * step)

    by_length, by_signal, by_noise = scattered._Posterior(points, values, hyper).gradients()
    for axis in range(2):

        def longer(step: float, axis: int = axis) -> Any:
            scales = list(hyper.length_scales)
            scales[axis] *= math.exp(step)
            return dataclasses.replace(hyper, length_scales=scales)

        assert by_length[axis] == pytest.approx(slope(longer), rel=1e-4)
    assert by_signal == pytest.approx(
        slope(lambda step: dataclasses.replace(hyper, signal_variance=2.0 * math.exp(step))),
        rel=1e-4,
    )
    noisier = slope(
        lambda step: dataclasses.replace(
            hyper,
            log_noise_variances=[
                [level + step for level in hyper.log_noise_variances[0]],
                hyper.log_noise_variances[1],
            ],
        )
    )
    assert by_noise.sum() == pytest.approx(noisier, rel=1e-4)


@pytest.mark.slow
def test_fit_recovers_noise_that_grows_along_an_axis(submodule: Submodule) -> None:
    pytest.importorskip("scipy")
    scattered = submodule("replay.scattered_surface")
    rng = np.random.default_rng(2)
    points = rng.random((400, 2))
    truth = np.sin(3.0 * points[:, 0]) + points[:, 1]
    sd = 0.05 * 4.0 ** points[:, 1]
    values = truth + sd * rng.normal(size=400)
    hyper, likelihood = scattered.fit(points, values, (2, 4))
    levels = [np.linspace(0.0, 1.0, 5)]
    model = scattered.ScatteredSurface(points, values, levels, hyper)
    for position in (0.1, 0.5, 0.9):
        assert model.noise_sd_at((2,), position) == pytest.approx(0.05 * 4.0**position, rel=0.3)
        assert model.mean_at((2,), position) == pytest.approx(math.sin(1.5) + position, abs=0.1)
    assert math.isfinite(likelihood)


def test_fit_survives_values_without_noise(submodule: Submodule) -> None:
    pytest.importorskip("scipy")
    points = np.random.default_rng(3).random((40, 2))
    hyper, _ = submodule("replay.scattered_surface").fit(points, points.sum(axis=1), (3, 3))
    assert all(math.isfinite(scale) for scale in hyper.length_scales)
