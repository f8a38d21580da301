"""Expected improvement, in log space."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import erfcx
from scipy.special import ndtr

from ..basics.arrays import FloatArray


_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)
_SQRT_HALF_PI = math.sqrt(0.5 * math.pi)
# Below, u * ndtr(u) + pdf(u) loses digits to cancellation.
_DIRECT_ABOVE = -1.0
# Below, erfcx's formula loses digits too; its expansion log(pdf(u) / u**2) is exact to 1e-8.
_ASYMPTOTIC_BELOW = -1e4


def log_expected_improvement(
    mean: FloatArray, deviation: FloatArray, incumbent: float
) -> FloatArray:
    """Logarithm of the expected improvement below the incumbent.

    Ament et al., Unexpected Improvements to Expected Improvement for Bayesian Optimization,
    NeurIPS 2023: finite, and so comparable, where expected improvement itself underflows to 0.

    Args:
        mean: Posterior means (n,) of the objective to minimise.
        deviation: Posterior standard deviations (n,), positive.
        incumbent: The value to improve on.

    Returns:
        Array (n,).
    """
    return log_h((incumbent - mean) / deviation) + np.log(deviation)


def log_h(u: FloatArray) -> FloatArray:
    """log(pdf(u) + u * cdf(u)) of the standard normal distribution, without underflow.

    Args:
        u: Array of any shape.
    """
    result = np.empty_like(u)
    direct = u > _DIRECT_ABOVE
    asymptotic = u < _ASYMPTOTIC_BELOW
    stable = ~direct & ~asymptotic

    x = u[direct]
    result[direct] = np.log(np.exp(-0.5 * x * x - _LOG_SQRT_2PI) + x * ndtr(x))
    x = u[stable]
    # pdf(x) * (1 + x * cdf(x) / pdf(x)), where cdf / pdf = sqrt(pi / 2) * erfcx(-x / sqrt(2)).
    ratio = _SQRT_HALF_PI * erfcx(-x / math.sqrt(2.0)) * -x
    result[stable] = -0.5 * x * x - _LOG_SQRT_2PI + np.log1p(-ratio)
    x = u[asymptotic]
    result[asymptotic] = -0.5 * x * x - _LOG_SQRT_2PI - 2.0 * np.log(-x)
    return result
