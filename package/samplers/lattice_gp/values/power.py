"""Power transforms of scores, which draw in one tail and spread the other, and back.

I.-K. Yeo and R. A. Johnson. A new family of power transformations to improve normality or
symmetry. Biometrika 87 (2000).
"""

from __future__ import annotations

import math

import numpy as np

from ..basics.arrays import FloatArray
from .scaling import MAX_ROBUST_SCORE


# Transformed scores that spread less are all equal.
SMALLEST_DEVIATION = 1e-12
# Quotients that tend to 0 / 0 are evaluated by their series from here on.
_SERIES_BELOW = 1e-3
# What the power maps to infinity comes back as this, where the scores' own range ends.
_MAX_SCORE = 10.0 * MAX_ROBUST_SCORE
_LOG_MAX_SCORE = math.log1p(_MAX_SCORE)
_ALMOST_MINUS_ONE = -1.0 + 1e-15
# Of a power transform's exponent: from here on it is a logarithm in all but name.
_SMALLEST_EXPONENT = 1e-12


class PowerFamily:
    """Yeo-Johnson's power transforms of given scores, standardised, by their power.

    Power 1 leaves the scores as they are; less draws in an upper tail and spreads the lower one,
    more does the opposite.

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
        transformed, slopes = _power_quotients(exponents)
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
    quotients = _power_quotients((1.0 + (power - 1.0) * signs) * logs)[0]
    transformed: FloatArray = quotients * signs * logs
    return transformed


def inverse_power_transform(transformed: FloatArray, power: float) -> FloatArray:
    """The scores, within bounds, of which Yeo-Johnson's transform is given, of any shape."""
    signs = np.where(transformed < 0, -1.0, 1.0)
    powers = 1.0 + (power - 1.0) * signs
    # Where the exponent is 0, the quotient below is 0 / 0; its limit is |transformed|.
    powers = np.where(np.abs(powers) < _SMALLEST_EXPONENT, _SMALLEST_EXPONENT, powers)
    # (1 + |score|) ** powers - 1. Beyond the end of the image it would be less than -1: it is as
    # good as at the end.
    growth = np.maximum(powers * np.abs(transformed), _ALMOST_MINUS_ONE)
    logs = np.log1p(growth) / powers
    scores = signs * np.expm1(np.minimum(logs, _LOG_MAX_SCORE))
    clipped: FloatArray = np.clip(scores, -_MAX_SCORE, _MAX_SCORE)
    return clipped


def _power_quotients(x: FloatArray) -> tuple[FloatArray, FloatArray]:
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
