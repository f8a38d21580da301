"""Transforms of values: the power family, its fit, and the warp that keeps good losses apart."""

from __future__ import annotations

from importlib import import_module
import math
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies
import numpy as np
import optunahub
import pytest
from scipy import stats
from scipy.special import factorial


PACKAGE = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
).__name__
hyperparameters = import_module(f"{PACKAGE}.surrogates.hyperparameters")
kernels = import_module(f"{PACKAGE}.surrogates.kernels")
likelihood = import_module(f"{PACKAGE}.surrogates.likelihood")
main_effects = import_module(f"{PACKAGE}.surrogates.main_effects")
power_transforms = import_module(f"{PACKAGE}.values.power")
PowerFamily = power_transforms.PowerFamily
scaling = import_module(f"{PACKAGE}.values.scaling")
warp = import_module(f"{PACKAGE}.values.warp")


PRIOR = hyperparameters.Prior()
MATERN32 = kernels.MATERN32


def to_inputs(features: np.ndarray, params: np.ndarray) -> Any:
    effects = main_effects.main_effects(features, features[:, :0], len(params))
    return kernels.Inputs(features, params, effects, features[:, :0])


@given(
    strategies.floats(-3, 3),
    strategies.lists(strategies.floats(-50, 50), min_size=2, max_size=20),
)
def test_power_family_is_scipys_yeo_johnson(power: float, values: list[float]) -> None:
    scores = np.array(values)
    expected = stats.yeojohnson(scores, power)
    if expected.std() < 1e-6:
        return
    transformed, _, log_jacobian, _ = PowerFamily(scores).at(power)
    standardised = (expected - expected.mean()) / expected.std()
    np.testing.assert_allclose(transformed, standardised, rtol=1e-5, atol=1e-5)
    # The profile likelihood of a normal distribution is the Jacobian of the standardised values.
    assert log_jacobian == pytest.approx(stats.yeojohnson_llf(power, scores), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("power", [-3.0, -1.0, 0.0, 1e-5, 0.5, 1.0, 2.0, 2.0 + 1e-5, 3.0])
def test_slopes_of_the_power_family_are_finite_differences(power: float) -> None:
    family = PowerFamily(np.random.default_rng(0).standard_t(3, size=15))
    _, slopes, _, jacobian_slope = family.at(power)
    step = 1e-5
    above, below = family.at(power + step), family.at(power - step)
    np.testing.assert_allclose(slopes, (above[0] - below[0]) / (2 * step), rtol=1e-5, atol=1e-7)
    assert jacobian_slope == pytest.approx((above[2] - below[2]) / (2 * step), rel=1e-5)


def test_quotients_of_the_power_are_exact_near_0() -> None:
    x = np.array([-1e-2, -1e-3, -9e-4, -3e-5, 0.0, 3e-5, 9e-4, 1e-3, 1e-2])
    powers = np.arange(8.0)
    terms = x[:, None] ** powers / factorial(powers)
    first, second = power_transforms._power_quotients(x)
    np.testing.assert_allclose(first, (terms / (powers + 1.0)).sum(axis=1), rtol=1e-9)
    np.testing.assert_allclose(second, (terms / (powers + 2.0)).sum(axis=1), rtol=1e-9)


def test_power_family_is_smooth_where_its_series_takes_over() -> None:
    scores = np.expm1(np.array([-2.0, -0.5, 0.1, 1.0, 3.0]))
    for edge in (1e-3, 3e-4, 2.0 - 1e-3, 2.0 - 3e-4):
        left, right = (PowerFamily(scores).at(edge + d) for d in (-1e-9, 1e-9))
        for a, b in zip(left, right):
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-7)


@given(
    strategies.lists(
        strategies.floats(allow_nan=False) | strategies.integers(-3, 3).map(float),
        min_size=1,
        max_size=30,
    ),
    strategies.booleans(),
    strategies.floats(-3, 3),
)
def test_warp_keeps_the_order_and_stays_finite(
    values: list[float], is_robust: bool, power: float
) -> None:
    array = np.array(values)
    warped = warp.Warp(is_robust, power).on(array).scores
    assert np.isfinite(warped).all()
    assert (np.diff(warped[np.argsort(array, kind="stable")]) >= -1e-12).all()
    assert abs(warped.mean()) < 1e-6 and (warped.std() == pytest.approx(1) or not warped.any())


@pytest.mark.parametrize("n", [2, 5, 8, 41])
def test_robust_scores_are_in_units_of_the_better_half(n: int) -> None:
    values = np.random.default_rng(n).normal(3.0, 7.0, n)
    quartile, median = np.quantile(values, [0.25, 0.5])
    scores, centre, unit = scaling.robust_scores(values)
    assert (centre, unit) == pytest.approx((median, median - quartile))
    np.testing.assert_allclose(scores, (values - median) / (median - quartile))


def test_robust_scores_are_in_units_of_the_better_quarter_where_most_runs_diverge() -> None:
    values = np.array([0.1, 0.2, 0.3, 0.4, *[1e6] * 9])
    eighth, quartile = np.quantile(values, [0.125, 0.25])
    scores, centre, unit = scaling.robust_scores(values)
    assert (centre, unit) == pytest.approx((quartile, quartile - eighth))
    assert scores[-1] == scaling.MAX_ROBUST_SCORE


def test_fitted_warp_keeps_good_losses_apart_beside_diverged_ones() -> None:
    rng = np.random.default_rng(0)
    features = rng.random((30, 2))
    # Losses of a bowl about 0.25, of which the tenth beyond a cliff have diverged.
    losses = 0.25 + (features[:, 0] - 0.3) ** 2 + 0.1 * features[:, 1]
    losses[features[:, 0] > 0.9] += 10.0 * features[features[:, 0] > 0.9, 1]
    inputs = to_inputs(features, np.arange(2))
    warped = likelihood.fit(inputs, losses, MATERN32, PRIOR).warp.on(losses).scores
    plain = scaling.standard_scores(losses)[0]
    best, tenth = np.argsort(losses)[[0, 9]]
    assert warped[tenth] - warped[best] > 0.4
    assert plain[tenth] - plain[best] < 0.1


@pytest.mark.parametrize("share, spread", [(0.05, 0.5), (0.4, 0.5), (0.7, 0.15)])
@pytest.mark.parametrize("diverged", [1e3, 1e10, math.inf])
def test_good_losses_stay_apart_however_many_diverge_however_far(
    share: float, spread: float, diverged: float
) -> None:
    features = np.random.default_rng(0).random((40, 2))
    losses = 0.25 + (features[:, 0] - 0.3) ** 2 + 0.1 * features[:, 1]
    losses[np.argsort(features[:, 0])[int(40 * (1 - share)) :]] = diverged
    fitted = likelihood.fit(to_inputs(features, np.arange(2)), losses, MATERN32, PRIOR)
    good = np.sort(fitted.warp.on(losses).scores[losses < diverged])
    assert good[-1] - good[0] > spread
    assert good[len(good) // 2] - good[0] > 0.1 * spread


def test_fit_chooses_the_power_by_the_model_not_by_the_looks_of_the_values() -> None:
    # A plane seen mostly at its low end, as late in a search: skewed values, straight function.
    features = np.random.default_rng(0).random((40, 2)) ** 3
    values = features.sum(axis=1)
    found = likelihood.fit(to_inputs(features, np.arange(2)), values, MATERN32, PRIOR)
    scores = scaling.scale(values, found.warp.is_robust)[0]
    assert abs(found.warp.power - 1.0) < 0.3
    assert stats.yeojohnson_normmax(scores) < 0.6
