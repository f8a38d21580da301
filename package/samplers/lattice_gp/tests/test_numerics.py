"""Kernel, Gaussian process and acquisition against independent computations."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
import math
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies
import numpy as np
import optunahub
import pytest
from scipy import integrate
from scipy import optimize
from scipy import special
from scipy import stats
from scipy.spatial.distance import cdist


PACKAGE = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
).__name__
acquisition = import_module(f"{PACKAGE}.acquisition.expected_improvement")
gp = import_module(f"{PACKAGE}.surrogates.gp")
hyperparameters = import_module(f"{PACKAGE}.surrogates.hyperparameters")
kernels = import_module(f"{PACKAGE}.surrogates.kernels")
likelihood = import_module(f"{PACKAGE}.surrogates.likelihood")
main_effects = import_module(f"{PACKAGE}.surrogates.main_effects")


PRIOR = hyperparameters.Prior()
MATERN32, MATERN52 = CORRELATIONS = [kernels.MATERN32, kernels.MATERN52]


def to_inputs(features: np.ndarray, params: np.ndarray) -> Any:
    is_choice = np.bincount(params)[params] > 1
    coordinates, choices = features[:, ~is_choice], features[:, is_choice]
    effects = main_effects.main_effects(coordinates, choices, params[-1] + 1)
    return kernels.Inputs(features, params, effects, features[:, :0])


def observations(n: int, d: int, seed: int = 0) -> tuple[Any, np.ndarray]:
    """Inputs of n points, of which the last of d parameters is a binary choice; values (n,)."""
    rng = np.random.default_rng(seed)
    choice = rng.integers(0, 2, n)
    one_hot = np.stack([choice == 0, choice == 1], axis=1) * math.sqrt(0.5)
    features = np.concatenate([rng.random((n, d - 1)), one_hot], axis=1)
    params = np.append(np.arange(d - 1), [d - 1, d - 1])
    values = np.sin(5 * features[:, 0]) + choice + 0.1 * rng.standard_normal(n)
    return to_inputs(features, params), (values - values.mean()) / values.std()


def textbook_covariance(theta: np.ndarray, a: Any, b: Any) -> np.ndarray:
    """Without noise; theta as the fit has it."""
    scales = np.exp(theta[:-4])[a.feature_params]
    distances = cdist(a.features / scales, b.features / scales, "sqeuclidean")
    covariance: np.ndarray = math.exp(theta[-4]) * MATERN52.value(distances)
    covariance += math.exp(theta[-3]) * a.effects @ b.effects.T
    return covariance


@pytest.mark.parametrize("correlation", CORRELATIONS)
def test_slope_of_a_correlation_is_its_derivative(correlation: Any) -> None:
    distances = np.array([0.01, 0.3, 1.0, 4.0])
    step = 1e-6
    above, below = correlation.value(distances + step), correlation.value(distances - step)
    values, slopes = correlation.with_slope(distances)
    np.testing.assert_allclose(values, correlation.value(distances), rtol=1e-12)
    np.testing.assert_allclose(slopes, (above - below) / (2 * step), rtol=1e-6)
    assert correlation.value(np.zeros(1))[0] == 1.0
    assert np.isfinite(correlation.with_slope(np.zeros(1))[1]).all()


def test_correlations_are_the_textbooks() -> None:
    distance = 0.7
    expected = [
        2 ** (1 - nu) / special.gamma(nu) * x**nu * special.kv(nu, x)
        for nu in (1.5, 2.5)
        for x in (math.sqrt(2 * nu) * distance,)
    ]
    ours = [correlation.value(np.array([distance**2]))[0] for correlation in CORRELATIONS]
    np.testing.assert_allclose(ours, expected, rtol=1e-12)


def test_squared_distances_are_scipys() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((7, 3)), rng.random((5, 3))
    b[0] = a[0]
    ours = kernels.squared_distances(a, b)
    np.testing.assert_allclose(ours, cdist(a, b, "sqeuclidean"), atol=1e-12)
    assert (ours >= 0).all()


@pytest.mark.parametrize("correlation", CORRELATIONS)
@pytest.mark.parametrize("seed", range(3))
def test_likelihood_gradient_is_its_finite_difference(seed: int, correlation: Any) -> None:
    inputs, scores = observations(n=12, d=3, seed=seed)
    objective = likelihood.MarginalLikelihood(inputs, scores, correlation, PRIOR)
    theta = np.random.default_rng(seed).normal([-0.5, -0.5, -0.5, 0, -1, -4, 0.5], 0.5)
    numeric = optimize.approx_fprime(theta, lambda t: objective(t)[0], 1e-6)
    np.testing.assert_allclose(objective(theta)[1], numeric, rtol=1e-4, atol=2e-4)


def test_likelihood_is_the_normal_density_of_the_warped_scores_times_the_prior() -> None:
    inputs, scores = observations(n=8, d=2)
    mode, deviations = PRIOR.moments(2)

    def log_posterior(theta: np.ndarray) -> float:
        covariance = textbook_covariance(theta, inputs, inputs)
        covariance += math.exp(theta[-2]) * np.eye(8)
        warped = stats.yeojohnson(scores, theta[-1])
        normal = stats.multivariate_normal(np.zeros(8), covariance)
        log_density = normal.logpdf((warped - warped.mean()) / warped.std())
        # Of the scores: the derivative of Yeo-Johnson, and of the division by the deviation.
        signs = np.where(scores < 0, -1.0, 1.0)
        log_density += (theta[-1] - 1) * (signs * np.log1p(np.abs(scores))).sum()
        log_density -= 8 * math.log(warped.std())
        return float(log_density + stats.norm.logpdf(theta, mode, deviations).sum())

    theta = np.array([-0.7, 0.2, 0.3, -0.8, -3.0, 0.2])
    objective = likelihood.MarginalLikelihood(inputs, scores, MATERN52, PRIOR)
    expected = log_posterior(mode) - log_posterior(theta)
    assert objective(theta)[0] - objective(mode)[0] == pytest.approx(expected)


def test_fit_finds_the_parameter_that_matters_and_the_noise() -> None:
    rng = np.random.default_rng(0)
    features = rng.random((60, 3))
    # An interaction, which no sum of main effects explains.
    signal = np.sin(9 * features[:, 0]) * (features[:, 1] - 0.5)
    values = signal + 0.2 * signal.std() * rng.standard_normal(60)
    inputs = to_inputs(features, np.arange(3))
    found = likelihood.fit(inputs, values, MATERN32, PRIOR).hyperparameters
    assert found.length_scales[0] < 0.5 * found.length_scales[2]
    assert 0.01 < found.noise_variance < 0.3


def test_fit_tells_main_effects_from_interactions() -> None:
    features = np.random.default_rng(0).random((40, 4))
    inputs = to_inputs(features, np.arange(4))
    sums = np.sin(4 * features).sum(axis=1)
    product = np.prod(np.sign(features[:, :2] - 0.5), axis=1)
    shares = []
    for values in (sums, product):
        found = likelihood.fit(inputs, values, MATERN32, PRIOR).hyperparameters
        shares.append(found.main_variance / (found.main_variance + found.signal_variance))
    assert shares[0] > 0.5 > 0.2 > shares[1]


@pytest.mark.parametrize("correlation", CORRELATIONS)
def test_fit_ends_no_worse_than_it_started(correlation: Any) -> None:
    for seed in range(5):
        inputs, scores = observations(n=15, d=4, seed=seed)
        objective = likelihood.MarginalLikelihood(inputs, scores, correlation, PRIOR)
        fitted = likelihood.fit(inputs, scores, correlation, PRIOR, [False])
        found = fitted.hyperparameters
        variances = [found.signal_variance, found.main_variance, found.noise_variance]
        theta = np.append(np.log([*found.length_scales, *variances]), fitted.warp.power)
        assert objective(theta)[0] <= objective(PRIOR.moments(4)[0])[0]


def test_fit_of_equal_values_is_the_mode_of_the_prior() -> None:
    inputs = observations(n=6, d=2)[0]
    for value in (0.0, 1e300, math.inf):
        found = likelihood.fit(inputs, np.full(6, value), MATERN32, PRIOR)
        np.testing.assert_allclose(
            found.hyperparameters.length_scales, PRIOR.mode(2).length_scales
        )
        assert not found.warp.on(np.full(6, value)).scores.any()


def test_main_effects_are_the_sum_of_functions_of_one_parameter() -> None:
    x = np.random.default_rng(0).random((200, 1))
    one = main_effects.main_effects(x, x[:, :0], 1)
    # Close to the covariance that it stands for, with the functions' mean taken out.
    grid = np.linspace(0, 1, 401)[:, None]
    between = MATERN52.value(cdist(x, grid, "sqeuclidean") / 0.25)
    overall = MATERN52.value(cdist(grid, grid, "sqeuclidean") / 0.25).mean()
    full = MATERN52.value(cdist(x, x, "sqeuclidean") / 0.25)
    centred = full - between.mean(axis=1)[:, None] - between.mean(axis=1) + overall
    centred /= np.mean(np.diag(centred))
    np.testing.assert_allclose(one @ one.T, centred, atol=0.1)
    # Of two parameters, the sum of both on average.
    two = np.concatenate([x, x[::-1]], axis=1)
    both = main_effects.main_effects(two, x[:, :0], 2)
    expected = 0.5 * (one @ one.T + one[::-1] @ one[::-1].T)
    np.testing.assert_allclose(both @ both.T, expected, atol=1e-12)


def test_main_effects_of_choices_are_independent() -> None:
    one_hot = np.eye(3) * math.sqrt(0.5)
    effects = main_effects.main_effects(one_hot[:, :0], one_hot, 1)
    np.testing.assert_allclose(effects @ effects.T, np.eye(3), atol=1e-12)
    # Those of numbers are so beside a function of their order.
    order = np.linspace(0.0, 1.0, 3)[:, None]
    of_order = main_effects.main_effects(order, one_hot[:, :0], 1)
    both = main_effects.main_effects(order, one_hot, 1)
    np.testing.assert_allclose(both @ both.T, of_order @ of_order.T + np.eye(3), atol=1e-12)


def test_posterior_is_the_textbook_formula() -> None:
    inputs, values = observations(n=10, d=3)
    new = observations(n=4, d=3, seed=1)[0]
    logarithms = np.log([0.3, 0.6, 0.9, 1.7, 0.4, 0.05])
    theta = np.append(logarithms, 1.0)
    inverse = np.linalg.inv(textbook_covariance(theta, inputs, inputs) + 0.05 * np.eye(10))
    cross = textbook_covariance(theta, new, inputs)
    found = hyperparameters.Hyperparameters.from_vector(logarithms)
    mean, deviation = gp.Posterior(MATERN52, found, inputs, values).predict(new)
    np.testing.assert_allclose(mean, cross @ inverse @ values, rtol=1e-8)
    variance = np.diag(textbook_covariance(theta, new, new) - cross @ inverse @ cross.T)
    np.testing.assert_allclose(deviation, np.sqrt(variance), rtol=1e-6)


@pytest.mark.parametrize("n_trends", [0, 2])
@pytest.mark.parametrize("has_extra", [False, True])
def test_smoothed_values_are_the_mean_at_the_observed_points(
    n_trends: int, has_extra: bool
) -> None:
    rng = np.random.default_rng(0)
    inputs, values = observations(n=12, d=3)
    inputs = replace(inputs, trends=rng.standard_normal((12, n_trends)))
    found = hyperparameters.Hyperparameters(np.array([0.3, 0.6, 0.9]), 1.7, 0.4, 0.05)
    extra = rng.random(12) if has_extra else None
    posterior = gp.Posterior(MATERN52, found, inputs, values, extra)
    np.testing.assert_array_equal(posterior.smoothed(), posterior.mean(inputs))
    assert np.abs(posterior.smoothed() - values).max() > 0.01


def test_pending_points_keep_the_mean_and_take_the_uncertainty() -> None:
    new = observations(n=3, d=3, seed=1)[0]
    plain = gp.Posterior(MATERN52, PRIOR.mode(3), *observations(n=10, d=3))
    pending, believed = plain.with_pending(new)
    np.testing.assert_allclose(pending.predict(new)[0], plain.predict(new)[0], atol=1e-8)
    assert (pending.predict(new)[1] < 0.7 * plain.predict(new)[1]).all()
    np.testing.assert_array_equal(believed, plain.predict(new)[0])
    assert plain.with_pending(new[np.arange(0)])[0] is plain


def test_repeated_points_do_not_break_the_posterior() -> None:
    inputs = to_inputs(np.full((30, 2), 0.5), np.arange(2))
    found = hyperparameters.Hyperparameters(np.array([1.0, 1.0]), 1.0, 0.2, 0.0)
    mean, deviation = gp.Posterior(MATERN52, found, inputs, np.zeros(30)).predict(
        inputs[np.arange(1)]
    )
    assert abs(mean[0]) < 1e-6 and 0 < deviation[0] < 0.1


@given(strategies.floats(-6, 8))
@settings(max_examples=30)
def test_log_h_is_the_integral(u: float) -> None:
    # h(u) = integral of t * pdf(u - t) over t > 0; pdf(u) is taken out, so that quad's absolute
    # tolerance does not matter.
    rest, _ = integrate.quad(lambda t: t * math.exp(u * t - 0.5 * t * t), 0, 30, epsabs=0)
    expected = stats.norm.logpdf(u) + math.log(rest)
    assert acquisition.log_h(np.array([u]))[0] == pytest.approx(expected, abs=1e-7)


def test_log_h_is_smooth_and_finite_far_out() -> None:
    u = -np.geomspace(1e-3, 1e8, 4000)
    values = acquisition.log_h(u)
    assert np.isfinite(values).all() and (np.diff(values) < 0).all()
    # h(u) tends to pdf(u) / u**2.
    expected = stats.norm.logpdf(u) - 2 * np.log(-u)
    np.testing.assert_allclose(values[-1000:], expected[-1000:], rtol=1e-9)
    on_both_sides = (u > -2e4) & (u < -9e3)
    np.testing.assert_allclose(values[on_both_sides], expected[on_both_sides], rtol=0, atol=1e-6)
    for edge in (-1.0, -1e4):
        below, above = acquisition.log_h(np.array([np.nextafter(edge, -np.inf), edge + 1e-12]))
        assert below == pytest.approx(above, abs=1e-6 * abs(below))


def test_expected_improvement_is_the_average_improvement() -> None:
    draws = np.random.default_rng(0).normal(0.3, 0.5, 2_000_000)
    average = np.maximum(0.1 - draws, 0).mean()
    ours = acquisition.log_expected_improvement(np.array([0.3]), np.array([0.5]), 0.1)[0]
    assert math.exp(ours) == pytest.approx(average, rel=0.01)
