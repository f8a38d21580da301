"""The surface between runs on a lattice."""

from __future__ import annotations

from collections.abc import Callable
import math
from types import ModuleType

import numpy as np
import pytest


Submodule = Callable[[str], ModuleType]


def test_kronecker_surface_equals_a_plain_gaussian_process(submodule: Submodule) -> None:
    surface = submodule("replay.surface")
    rng = np.random.default_rng(1)
    levels = [np.linspace(0.0, 1.0, n) for n in (3, 2, 4)]
    values = rng.normal(size=(3, 2, 4))
    hyper = surface.Hyperparameters(
        mean=0.3,
        length_scales=[0.7, 1.5, 0.4],
        signal_variance=2.0,
        level_noise_variances=[[0.1, 0.2, 0.3], [1.0, 2.0], [0.5, 1.0, 1.5, 4.0]],
    )
    kernel = np.ones((1, 1))
    noise = np.ones(1)
    for axis, scale, factors in zip(levels, hyper.length_scales, hyper.level_noise_variances):
        kernel = np.kron(kernel, surface.matern_52(abs(axis[:, None] - axis), scale))
        noise = np.kron(noise, factors)
    covariance = 2.0 * kernel + np.diag(noise)
    centred = values.ravel() - 0.3
    model = surface.Surface(levels, values, hyper)
    mean = 0.3 + 2.0 * kernel @ np.linalg.solve(covariance, centred)
    for (i, j, k), expected, variance in zip(np.ndindex(3, 2, 4), mean, noise):
        assert model.mean_at((i, j), levels[2][k]) == pytest.approx(expected)
        assert model.noise_sd_at((i, j), levels[2][k]) == pytest.approx(math.sqrt(variance))
    precision = np.linalg.inv(covariance)
    residuals, sds = model.leave_one_out_residuals
    assert residuals.ravel() == pytest.approx(precision @ centred / np.diag(precision))
    assert sds.ravel() == pytest.approx(np.diag(precision) ** -0.5)
    log_likelihood = -0.5 * (
        centred @ precision @ centred
        + np.linalg.slogdet(covariance)[1]
        + 24 * math.log(2.0 * math.pi)
    )
    assert surface._Posterior(levels, values, hyper).log_likelihood() == pytest.approx(
        log_likelihood
    )


@pytest.mark.slow
def test_fit_recovers_noise_that_grows_along_an_axis(submodule: Submodule) -> None:
    pytest.importorskip("scipy")
    surface = submodule("replay.surface")
    rng = np.random.default_rng(2)
    levels = [np.linspace(0.0, 1.0, n) for n in (6, 6, 6, 8)]
    grid = np.meshgrid(*levels, indexing="ij")
    truth = np.sin(3 * grid[0]) + grid[1] * grid[2] + np.cos(4 * grid[3])
    sd = 0.05 * 4.0 ** grid[3]
    hyper, _ = surface.fit(levels, truth + sd * rng.normal(size=truth.shape))
    model = surface.Surface(levels, truth, hyper)
    for k in range(8):
        modelled = np.mean([model.noise_sd_at((i, i, i), levels[3][k]) for i in range(6)])
        assert modelled == pytest.approx(0.05 * 4.0 ** levels[3][k], rel=0.25)
