"""Transforms of the objective's values that a Gaussian process can model.

Losses of neural networks have one heavy tail: diverged runs report many times the loss of the
good ones. Standardised as they are, they would flatten every difference that matters.
"""

from __future__ import annotations

import numpy as np

from .arrays import FloatArray


# Values beyond are as good as infinite; their squares must not overflow.
_LARGEST_VALUE = 1e100
# The likelihood of lambda is maximised on a coarse grid, then on a finer one around its best.
_COARSE_LAMBDAS = np.linspace(-3.0, 2.5, 12)
_N_FINE_LAMBDAS = 9
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
    """Yeo-Johnson's power transform.

    I.-K. Yeo and R. A. Johnson. A new family of power transformations to improve normality or
    symmetry. Biometrika 87 (2000).

    Args:
        values: Array (..., n).
        lambdas: Power parameters, of a shape that broadcasts; 1 leaves the values as they are.
    """
    power = np.where(values >= 0, lambdas, 2.0 - lambdas)
    # ((1 + |y|)**p - 1) / p, which tends to log(1 + |y|) as p vanishes.
    power[np.abs(power) < 1e-8] = 1e-8
    transformed: FloatArray = np.expm1(power * np.log1p(np.abs(values)))
    transformed /= np.copysign(power, power * values)
    return transformed


def yeo_johnson_log_likelihood(values: FloatArray, lambdas: FloatArray) -> FloatArray:
    """Profile log-likelihood of power parameters if transformed values are normal.

    Args:
        values: Array (..., n).
        lambdas: Array (..., m).

    Returns:
        Array (..., m).
    """
    transformed = yeo_johnson(values[..., None, :], lambdas[..., None])
    log_jacobian = np.copysign(np.log1p(np.abs(values)), values).sum(axis=-1)
    log_variance = np.log(transformed.var(axis=-1) + np.finfo(float).tiny)
    likelihood: FloatArray = -0.5 * values.shape[-1] * log_variance
    likelihood += (lambdas - 1.0) * log_jacobian[..., None]
    return likelihood


def fit_yeo_johnson(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The power parameters of maximum likelihood, to within about 0.1.

    Args:
        values: Array (..., n).

    Returns:
        Power parameters (...) and their log-likelihoods (...).
    """
    spacing = _COARSE_LAMBDAS[1] - _COARSE_LAMBDAS[0]
    finer = np.linspace(-spacing, spacing, _N_FINE_LAMBDAS)
    coarse = np.broadcast_to(_COARSE_LAMBDAS, (*values.shape[:-1], len(_COARSE_LAMBDAS)))
    best = _argmax(values, coarse)[0]
    return _argmax(values, best[..., None] + finer)


def robust_scores(values: FloatArray) -> tuple[FloatArray, float]:
    """Shift and scale values (n,) by their better half only, so that outliers do not count.

    Returns:
        The values minus their median, in units of the distance between the first quartile and the
        median (or a thousandth of the range, if that is more), clipped; and this unit. Constants
        become 0.
    """
    ordered = np.sort(values)
    places = np.array([0.25, 0.5]) * (len(values) - 1)
    quartile, median = np.interp(places, np.arange(len(values)), ordered)
    scale = float(max(median - quartile, 1e-3 * (ordered[-1] - ordered[0])))
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
    scalings = [standard_scores(values), robust_scores(values)]
    scores = np.stack([scaled for scaled, _ in scalings])
    lambdas, log_likelihoods = fit_yeo_johnson(scores)
    # The density of the values themselves, not of the scores: comparable between scalings.
    log_likelihoods -= len(values) * np.log([scale for _, scale in scalings])
    best = int(np.argmax(log_likelihoods))
    return standard_scores(yeo_johnson(scores[best], lambdas[best]))[0]


def _argmax(values: FloatArray, lambdas: FloatArray) -> tuple[FloatArray, FloatArray]:
    log_likelihoods = yeo_johnson_log_likelihood(values, lambdas)
    best = np.argmax(log_likelihoods, axis=-1)[..., None]
    return (
        np.take_along_axis(lambdas, best, axis=-1)[..., 0],
        np.take_along_axis(log_likelihoods, best, axis=-1)[..., 0],
    )
