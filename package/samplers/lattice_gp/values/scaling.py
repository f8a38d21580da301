"""Shift and scale the values of objectives.

Losses of neural networks have one heavy tail: diverged runs report many times the loss of the
good ones. Standardised as they are, they would flatten every difference that matters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..basics.arrays import FloatArray


# Values beyond are as good as infinite; their squares must not overflow.
LARGEST_VALUE = 1e100
# Robust scores beyond are all the same to the transform, and their powers must not overflow.
MAX_ROBUST_SCORE = 1e3
# A spread below rounding error, relative to the values themselves, is none.
_RELATIVE_PRECISION = 1e-14


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
    finite = values[np.abs(values) < LARGEST_VALUE]
    low, high = (finite.min(), finite.max()) if len(finite) else (-1.0, 1.0)
    return np.clip(values, low, high)


def is_rounding(spread: float, values: FloatArray) -> bool:
    """Whether a spread of finite values (n,), n at least 1, may be nothing but rounding errors."""
    return bool(spread <= _RELATIVE_PRECISION * np.abs(values).max())


def unclipped_unit(unit: float, centre: float, lowest: float) -> float:
    """A unit that is not so small that the lowest value's robust score would be clipped."""
    return max(unit, (centre - lowest) / MAX_ROBUST_SCORE)


def standard_scores(values: FloatArray) -> Scaled:
    """Shift and scale values (n,) to mean 0 and standard deviation 1; constants become 0."""
    mean = float(values.mean())
    centred = values - mean
    deviation = float(centred.std())
    if is_rounding(deviation, values):
        return Scaled(np.zeros_like(centred), mean, 1.0)
    return Scaled(centred / deviation, mean, deviation)


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
