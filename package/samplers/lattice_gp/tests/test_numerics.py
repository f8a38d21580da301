"""Transform, kernel, Gaussian process and acquisition against independent computations."""

from __future__ import annotations

from importlib import import_module
import math
from pathlib import Path

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies
import numpy as np
import optunahub
import pytest
from scipy import integrate
from scipy import optimize
from scipy import stats
from scipy.spatial.distance import cdist


PACKAGE = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
).__name__
acquisition = import_module(f"{PACKAGE}.acquisition")
gp = import_module(f"{PACKAGE}.gp")
kernels = import_module(f"{PACKAGE}.kernels")
transform = import_module(f"{PACKAGE}.transform")


def observations(n: int, d: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features (n, d + 1), the parameter of each, values (n,); the last is a binary choice."""
    rng = np.random.default_rng(seed)
    choice = rng.integers(0, 2, n)
    one_hot = np.stack([choice == 0, choice == 1], axis=1) * math.sqrt(0.5)
    features = np.concatenate([rng.random((n, d - 1)), one_hot], axis=1)
    params = np.append(np.arange(d - 1), [d - 1, d - 1])
    values = np.sin(5 * features[:, 0]) + choice + 0.1 * rng.standard_normal(n)
    return features, params, (values - values.mean()) / values.std()


@given(strategies.floats(-3, 2.5), strategies.lists(strategies.floats(-50, 50), min_size=2))
def test_yeo_johnson_is_scipys(power: float, values: list[float]) -> None:
    array = np.array(values)
    ours = transform.yeo_johnson(array, np.array([power]))[0]
    np.testing.assert_allclose(ours, stats.yeojohnson(array, power), rtol=1e-5, atol=1e-7)


def test_yeo_johnson_likelihood_is_scipys() -> None:
    values = np.random.default_rng(0).lognormal(size=40) - 0.5
    for power in (-2.0, 0.0, 0.7, 2.0):
        ours = transform.yeo_johnson_log_likelihood(values, np.array([power]))[0]
        assert ours == pytest.approx(stats.yeojohnson_llf(power, values), rel=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_fitted_power_is_near_the_maximum(seed: int) -> None:
    values = transform.standard_scores(np.random.default_rng(seed).lognormal(size=30))[0]
    found = transform.fit_yeo_johnson(values)
    best = optimize.minimize_scalar(
        lambda power: -stats.yeojohnson_llf(power, values), bounds=(-3, 2.5), method="bounded"
    )
    assert found == pytest.approx(best.x, abs=0.1)


@given(
    strategies.lists(
        strategies.floats(allow_nan=False) | strategies.integers(-3, 3).map(float),
        min_size=1,
        max_size=30,
    )
)
def test_normalize_keeps_the_order_and_stays_finite(values: list[float]) -> None:
    array = np.array(values)
    scores = transform.normalize(array)
    assert np.isfinite(scores).all()
    assert (np.diff(scores[np.argsort(array, kind="stable")]) >= 0).all()
    assert abs(scores.mean()) < 1e-6 and (scores.std() == pytest.approx(1) or not scores.any())


def test_normalize_keeps_good_losses_apart_beside_diverged_ones() -> None:
    losses = np.array([0.25, 0.26, 0.27, 0.28, 0.3, 0.35, 1.0, 4.0, 8.3, 11.1])
    scores = transform.normalize(losses)
    assert scores[3] - scores[0] > 0.3
    plain = transform.standard_scores(losses)[0]
    assert plain[3] - plain[0] < 0.01


def test_matern_slope_is_its_derivative() -> None:
    distances = np.array([0.01, 0.3, 1.0, 4.0])
    step = 1e-6
    matern52 = kernels.matern52
    numeric = (matern52(distances + step) - matern52(distances - step)) / (2 * step)
    correlation, slope = kernels.matern52_with_slope(distances)
    np.testing.assert_allclose(correlation, matern52(distances), rtol=1e-12)
    np.testing.assert_allclose(slope, numeric, rtol=1e-6)


def test_squared_distances_are_scipys() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((7, 3)), rng.random((5, 3))
    b[0] = a[0]
    ours = kernels.squared_distances(a, b)
    np.testing.assert_allclose(ours, cdist(a, b, "sqeuclidean"), atol=1e-12)
    assert (ours >= 0).all()


@pytest.mark.parametrize("seed", range(6))
def test_likelihood_gradient_is_its_finite_difference(seed: int) -> None:
    features, params, values = observations(n=12, d=3, seed=seed)
    objective = gp.MarginalLikelihood(features, params, values)
    theta = np.random.default_rng(seed).normal([-0.5, -0.5, -0.5, 0, -4], 0.5)
    numeric = optimize.approx_fprime(theta, lambda t: objective(t)[0], 1e-6)
    np.testing.assert_allclose(objective(theta)[1], numeric, rtol=1e-4, atol=1e-4)


def test_likelihood_is_the_normal_density_times_the_prior() -> None:
    features, params, values = observations(n=8, d=2)
    theta = np.array([-0.7, 0.2, 0.3, -3.0])
    scaled = features / np.exp(theta[:2])[params]
    covariance = math.exp(0.3) * kernels.matern52(cdist(scaled, scaled, "sqeuclidean"))
    covariance += math.exp(-3.0) * np.eye(8)
    log_density = stats.multivariate_normal(np.zeros(8), covariance).logpdf(values)
    log_prior = stats.norm.logpdf(theta, [-0.5, -0.5, 0.0, -4.6], [0.7, 0.7, 1.0, 1.5]).sum()
    objective = gp.MarginalLikelihood(features, params, values)
    reference = np.array([-0.5, -0.5, 0.0, -4.6])
    scaled = features / np.exp(reference[:2])[params]
    covariance = kernels.matern52(cdist(scaled, scaled, "sqeuclidean")) + math.exp(-4.6) * np.eye(
        8
    )
    log_density_reference = stats.multivariate_normal(np.zeros(8), covariance).logpdf(values)
    log_prior_reference = stats.norm.logpdf(
        reference, [-0.5, -0.5, 0.0, -4.6], [0.7, 0.7, 1.0, 1.5]
    ).sum()
    difference = log_density + log_prior - log_density_reference - log_prior_reference
    assert objective(theta)[0] - objective(reference)[0] == pytest.approx(-difference)


def test_fit_finds_the_parameter_that_matters_and_the_noise() -> None:
    rng = np.random.default_rng(0)
    features = rng.random((60, 3))
    signal = np.sin(9 * features[:, 0])
    values = signal + 0.2 * rng.standard_normal(60)
    values = (values - values.mean()) / values.std()
    found = gp.fit(features, np.arange(3), values)
    assert found.length_scales[0] < 0.5 * found.length_scales[1:].min()
    assert 0.02 < found.noise_variance < 0.3


def test_fit_ends_no_worse_than_it_started() -> None:
    for seed in range(5):
        features, params, values = observations(n=15, d=4, seed=seed)
        objective = gp.MarginalLikelihood(features, params, values)
        found = gp.fit(features, params, values)
        theta = np.log([*found.length_scales, found.signal_variance, found.noise_variance])
        assert objective(theta)[0] <= objective(gp._prior(4)[0])[0]


def test_posterior_is_the_textbook_formula() -> None:
    features, params, values = observations(n=10, d=3)
    new = observations(n=4, d=3, seed=1)[0]
    hyperparameters = gp.Hyperparameters(np.array([0.3, 0.6, 0.9]), 1.7, 0.05)

    def covariance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        scales = hyperparameters.length_scales[params]
        result: np.ndarray = 1.7 * kernels.matern52(cdist(a / scales, b / scales, "sqeuclidean"))
        return result

    inverse = np.linalg.inv(covariance(features, features) + 0.05 * np.eye(10))
    cross = covariance(new, features)
    mean, deviation = gp.Posterior(hyperparameters, features, params, values).predict(new)
    np.testing.assert_allclose(mean, cross @ inverse @ values, rtol=1e-8)
    variance = np.diag(covariance(new, new) - cross @ inverse @ cross.T)
    np.testing.assert_allclose(deviation, np.sqrt(variance), rtol=1e-6)


def test_pending_points_keep_the_mean_and_take_the_uncertainty() -> None:
    features, params, values = observations(n=10, d=3)
    new = observations(n=3, d=3, seed=1)[0]
    plain = gp.Posterior(gp.Hyperparameters.prior_mode(3), features, params, values)
    pending, believed = plain.with_pending(new)
    np.testing.assert_allclose(pending.predict(new)[0], plain.predict(new)[0], atol=1e-8)
    assert (pending.predict(new)[1] < 0.7 * plain.predict(new)[1]).all()
    np.testing.assert_array_equal(believed, plain.predict(new)[0])
    assert plain.with_pending(new[:0])[0] is plain


def test_repeated_points_do_not_break_the_posterior() -> None:
    features = np.full((30, 2), 0.5)
    values = np.zeros(30)
    hyperparameters = gp.Hyperparameters(np.array([1.0, 1.0]), 1.0, 0.0)
    mean, deviation = gp.Posterior(hyperparameters, features, np.arange(2), values).predict(
        features[:1]
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
    for edge in (-1.0, -1e4):
        below, above = acquisition.log_h(np.array([np.nextafter(edge, -np.inf), edge + 1e-12]))
        assert below == pytest.approx(above, abs=1e-6 * abs(below))


def test_expected_improvement_is_the_average_improvement() -> None:
    draws = np.random.default_rng(0).normal(0.3, 0.5, 2_000_000)
    average = np.maximum(0.1 - draws, 0).mean()
    ours = acquisition.log_expected_improvement(np.array([0.3]), np.array([0.5]), 0.1)[0]
    assert math.exp(ours) == pytest.approx(average, rel=0.01)
