"""Transforms of the objective's values that a Gaussian process can model.

Losses of neural networks have one heavy tail: diverged runs report many times the loss of the
good ones. Standardised as they are, they would flatten every difference that matters.
"""

from __future__ import annotations

import math

import numpy as np

from .arrays import FloatArray


# Values beyond are as good as infinite; their squares must not overflow.
_LARGEST_VALUE = 1e100
# The likelihood of lambda is maximised on a coarse grid, then on a finer one around its best.
_COARSE_LAMBDAS = np.linspace(-3.0, 2.5, 23)
_N_FINE_LAMBDAS = 7
# Robust scores beyond are all the same to the transform, and their powers must not overflow.
_MAX_ROBUST_SCORE = 1e3
# A spread below rounding error, relative to the values themselves, is none.
_RELATIVE_PRECISION = 1e-14


def clip_to_finite(values: FloatArray) -> FloatArray:
    """Replace infinite values (n,) by the worst, or best, of the finite ones.

    Args:
        values: Objective values, no NaN. If none is finite, the result is +-1.
    """
    finite = values[np.abs(values) < _LARGEST_VALUE]
    low, high = (finite.min(), finite.max()) if len(finite) else (-1.0, 1.0)
    return np.clip(values, low, high)


def standard_scores(values: FloatArray) -> tuple[FloatArray, float]:
    """Shift and scale values (n,) to mean 0 and standard deviation 1.

    Returns:
        The scores, and the standard deviation. Constants become 0.
    """
    centred = values - values.mean()
    scale = float(centred.std())
    if scale <= _RELATIVE_PRECISION * np.abs(values).max():
        return np.zeros_like(centred), 1.0
    return centred / scale, scale


def yeo_johnson(values: FloatArray, lambdas: FloatArray) -> FloatArray:
    """Yeo-Johnson's power transform for several parameters at once.

    I.-K. Yeo and R. A. Johnson. A new family of power transformations to improve normality or
    symmetry. Biometrika 87 (2000).

    Args:
        values: Array (n,).
        lambdas: Array (m,) of power parameters; 1 leaves the values as they are.

    Returns:
        Array (m, n).
    """
    power = np.where(values >= 0, lambdas[:, None], 2.0 - lambdas[:, None])
    log_magnitude = np.log1p(np.abs(values))
    # ((1 + |y|)**p - 1) / p, which tends to log(1 + |y|) as p vanishes.
    power = np.where(np.abs(power) < 1e-8, 1e-8, power)
    transformed: FloatArray = np.sign(values) * np.expm1(power * log_magnitude) / power
    return transformed


def yeo_johnson_log_likelihood(values: FloatArray, lambdas: FloatArray) -> FloatArray:
    """Profile log-likelihood (m,) of ``lambdas`` (m,) if transformed values (n,) are normal."""
    variance = yeo_johnson(values, lambdas).var(axis=1)
    log_jacobian = (np.sign(values) * np.log1p(np.abs(values))).sum()
    spread: FloatArray = -0.5 * len(values) * np.log(variance + np.finfo(float).tiny)
    spread += (lambdas - 1.0) * log_jacobian
    return spread


def fit_yeo_johnson(values: FloatArray) -> float:
    """The power parameter of maximum likelihood for values (n,), to within about 0.1."""
    best = _argmax(_COARSE_LAMBDAS, values)
    spacing = _COARSE_LAMBDAS[1] - _COARSE_LAMBDAS[0]
    return _argmax(best + np.linspace(-spacing, spacing, _N_FINE_LAMBDAS), values)


def robust_scores(values: FloatArray) -> tuple[FloatArray, float]:
    """Shift and scale values (n,) by their better half only, so that outliers do not count.

    Returns:
        The values minus their median, in units of the distance between the first quartile and the
        median (or a thousandth of the range, if that is more), clipped; and this unit. Constants
        become 0.
    """
    quartile, median = np.quantile(values, [0.25, 0.5])
    scale = float(max(median - quartile, 1e-3 * (values.max() - values.min())))
    if scale <= _RELATIVE_PRECISION * np.abs(values).max():
        return np.zeros_like(values), 1.0
    return np.clip((values - median) / scale, -_MAX_ROBUST_SCORE, _MAX_ROBUST_SCORE), scale


def normalize(values: FloatArray) -> FloatArray:
    """Make objective values look normal: shift and scale, Yeo-Johnson, standardise.

    What Yeo-Johnson can do depends on the scale of its argument. Diverged losses inflate the
    standard deviation until all good ones lie close together, where the transform is a straight
    line and cannot spread them; scaled by their better half, they have tails that it can fold.
    Of the two scalings the more likely one is taken. The order of the values is kept.

    Args:
        values: Array (n,) without NaN; infinite values are clipped to the finite ones.

    Returns:
        Array (n,) of mean 0 and standard deviation 1, or of zeros if all values are equal.
    """
    values = clip_to_finite(values)
    best = np.zeros_like(values)
    best_log_likelihood = -math.inf
    for scores, scale in (standard_scores(values), robust_scores(values)):
        power = np.array([fit_yeo_johnson(scores)])
        log_likelihood = yeo_johnson_log_likelihood(scores, power)[0]
        # The density of the values themselves, not of the scores: comparable between scalings.
        log_likelihood -= len(values) * math.log(scale)
        if log_likelihood > best_log_likelihood:
            best = yeo_johnson(scores, power)[0]
            best_log_likelihood = log_likelihood
    return standard_scores(best)[0]


def _argmax(lambdas: FloatArray, values: FloatArray) -> float:
    return float(lambdas[np.argmax(yeo_johnson_log_likelihood(values, lambdas))])
