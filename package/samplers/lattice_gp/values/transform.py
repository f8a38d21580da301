"""Transforms of the objective's values that a Gaussian process can model.

Losses of neural networks have one heavy tail: diverged runs report many times the loss of the
good ones. Standardised as they are, they would flatten every difference that matters.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ..basics.arrays import FloatArray


# Values beyond are as good as infinite; their squares must not overflow.
_LARGEST_VALUE = 1e100
# Robust scores beyond are all the same to the transform, and their powers must not overflow.
MAX_ROBUST_SCORE = 1e3
# The typical size of constraint values counts as no smaller than this.
_SMALLEST_SIZE = 1e-300
# A spread below rounding error, relative to the values themselves, is none.
_RELATIVE_PRECISION = 1e-14
# Transformed scores that spread less are all equal.
SMALLEST_DEVIATION = 1e-12
# Quotients that tend to 0 / 0 are evaluated by their series from here on.
_SERIES_BELOW = 1e-3


class Scaled(NamedTuple):
    """Values shifted and scaled.

    Attributes:
        scores: Array (n,): the values less the centre, in units.
        centre: What became 0.
        unit: What became 1, positive.
    """

    scores: FloatArray
    centre: float
    unit: float


class Yardstick(NamedTuple):
    """What values are scaled by, where they themselves are not to tell.

    Attributes:
        centre: What becomes 0.
        unit: What becomes 1, positive.
    """

    centre: float
    unit: float


def clip_to_finite(values: FloatArray) -> FloatArray:
    """Replace infinite values (n,) by the worst, or best, of the finite ones.

    Args:
        values: Objective values, no NaN. If none is finite, the result is +-1.
    """
    finite = values[np.abs(values) < _LARGEST_VALUE]
    low, high = (finite.min(), finite.max()) if len(finite) else (-1.0, 1.0)
    return np.clip(values, low, high)


def is_rounding(spread: float, values: FloatArray) -> bool:
    """Whether a spread of finite values (n,), n at least 1, may be nothing but rounding errors."""
    return bool(spread <= _RELATIVE_PRECISION * np.abs(values).max())


def unclipped_unit(unit: float, centre: float, lowest: float) -> float:
    """A unit that is not so small that the lowest value's robust score would be clipped."""
    return max(unit, (centre - lowest) / MAX_ROBUST_SCORE)


def signs_kept(constraint: FloatArray) -> FloatArray:
    """A constraint's values (n,), of which infinite ones become finite, and NaN stays.

    They are as far beyond 0 as the value farthest from it, whichever its sign: so a violation
    stays one, and no square or sum overflows.
    """
    sizes = np.abs(constraint)
    largest = sizes[sizes < _LARGEST_VALUE].max(initial=0.0) or 1.0
    finite: FloatArray = np.clip(constraint, -largest, largest)
    return finite


def typical_size(values: FloatArray) -> float:
    """The median of those of values (n,), 0 or more, that are not 0; 1 if all are."""
    sizes = values[values > 0.0]
    return max(float(np.median(sizes)), _SMALLEST_SIZE) if len(sizes) else 1.0


def standard_scores(values: FloatArray) -> Scaled:
    """Shift and scale values (n,) to mean 0 and standard deviation 1; constants become 0."""
    mean = float(values.mean())
    centred = values - mean
    deviation = float(centred.std())
    if is_rounding(deviation, values):
        return Scaled(np.zeros_like(centred), mean, 1.0)
    return Scaled(centred / deviation, mean, deviation)


class PowerFamily:
    """Yeo-Johnson's power transforms of given scores, standardised, by their power.

    I.-K. Yeo and R. A. Johnson. A new family of power transformations to improve normality or
    symmetry. Biometrika 87 (2000). Power 1 leaves the scores as they are; less draws in an upper
    tail and spreads the lower one, more does the opposite.

    Args:
        scores: Array (n,).
    """

    def __init__(self, scores: FloatArray) -> None:
        self._logs = np.log1p(np.abs(scores))
        self._signs = np.where(scores < 0, -1.0, 1.0)
        self._signed_logs = self._signs * self._logs
        self._squared_logs = self._logs**2
        self._sum_of_logs = float(self._signed_logs.sum())

    def at(self, power: float) -> tuple[FloatArray, FloatArray, float, float]:
        """The transform of one power.

        Args:
            power: The power parameter, lambda in the paper.

        Returns:
            The transformed scores (n,), of mean 0 and standard deviation 1 (or all 0, where they
            are equal), and their derivatives (n,) by the power; the logarithm of the transform's
            Jacobian determinant, but for the scaling of the scores, and its derivative.
        """
        # Above 0 the power itself counts, below 0 its distance from 2.
        powers = 1.0 + (power - 1.0) * self._signs
        exponents = powers * self._logs
        transformed, slopes = power_quotients(exponents)
        transformed *= self._signed_logs
        slopes *= self._squared_logs
        n = len(transformed)
        centred = transformed - transformed.sum() / n
        deviation = math.sqrt(centred @ centred / n)
        if deviation <= SMALLEST_DEVIATION:
            return np.zeros(n), np.zeros(n), 0.0, 0.0
        centred /= deviation
        slopes -= slopes.sum() / n
        slopes /= deviation
        relative_growth = float(centred @ slopes) / n
        slopes -= relative_growth * centred
        log_jacobian = (power - 1.0) * self._sum_of_logs - n * math.log(deviation)
        return centred, slopes, log_jacobian, self._sum_of_logs - n * relative_growth


def power_transform(scores: FloatArray, power: float) -> FloatArray:
    """Yeo-Johnson's transform of scores of any shape, not standardised."""
    logs = np.log1p(np.abs(scores))
    signs = np.where(scores < 0, -1.0, 1.0)
    quotients = power_quotients((1.0 + (power - 1.0) * signs) * logs)[0]
    transformed: FloatArray = quotients * signs * logs
    return transformed


def robust_scores(values: FloatArray) -> Scaled:
    """Shift and scale values (n,) by their better half only, so that outliers do not count.

    By their better quarter, where the half holds outliers too: more than half of the runs of a
    bold search may diverge.

    Returns:
        The values minus their median, in units of the distance between the first quartile and the
        median, clipped. Zeros if the better half of the values is equal.
    """
    ordered = np.sort(values)
    places = np.array([0.125, 0.25, 0.5]) * (len(values) - 1)
    eighth, quartile, median = np.interp(places, np.arange(len(values)), ordered)
    low, centre = quartile, median
    if 0.0 < MAX_ROBUST_SCORE * (quartile - eighth) < median - quartile:
        low, centre = eighth, quartile
    unit = unclipped_unit(float(centre - low), float(centre), float(ordered[0]))
    if is_rounding(unit, ordered[: len(values) // 2 + 1]):
        return Scaled(np.zeros_like(values), float(centre), 1.0)
    return _measured(values, Yardstick(float(centre), unit))


def scale(values: FloatArray, is_robust: bool, yardstick: Yardstick | None = None) -> Scaled:
    """Shift and scale values (n,) without NaN.

    Args:
        values: May be infinite.
        is_robust: Whether to use the yardstick or, without one, :func:`robust_scores`, where the
            scores then differ at all, instead of :func:`standard_scores`.
        yardstick: What robust scores are measured by.
    """
    finite = clip_to_finite(values)
    if is_robust:
        scaled = robust_scores(finite) if yardstick is None else _measured(finite, yardstick)
        if scaled.scores.any():
            return scaled
    return standard_scores(finite)


def _measured(values: FloatArray, yardstick: Yardstick) -> Scaled:
    """Values (n,) as a yardstick scales them, clipped."""
    scores = (values - yardstick.centre) / yardstick.unit
    return Scaled(np.clip(scores, -MAX_ROBUST_SCORE, MAX_ROBUST_SCORE), *yardstick)


def power_quotients(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(exp(x) - 1) / x and (exp(x) (x - 1) + 1) / x**2, which are 1 and 1/2 at 0.

    The first is what a power transform is made of, the second what its slope by the power is.
    """
    tiny = np.abs(x) < _SERIES_BELOW
    safe = np.where(tiny, 1.0, x)
    exponential = np.exp(safe)
    first = (exponential - 1.0) / safe
    second = (exponential - first) / safe
    if tiny.any():
        t = x[tiny]
        first[tiny] = 1.0 + t * (1.0 / 2 + t * (1.0 / 6 + t / 24))
        second[tiny] = 1.0 / 2 + t * (1.0 / 3 + t * (1.0 / 8 + t / 30))
    return first, second
