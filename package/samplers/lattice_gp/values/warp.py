"""From objective values to those that a Gaussian process models, and back."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import NamedTuple

import numpy as np

from ..basics.arrays import FloatArray
from .power import inverse_power_transform
from .power import power_transform
from .power import SMALLEST_DEVIATION
from .scaling import clip_to_finite
from .scaling import MAX_ROBUST_SCORE
from .scaling import scale
from .scaling import Yardstick


@dataclass(frozen=True)
class Warp:
    """How objective values become what the model is a model of.

    They are shifted and scaled, by all of them or by their better half, then transformed by a
    power, then standardised. The order of the values is kept.

    What a power can do depends on the scale of its argument. Diverged losses inflate the standard
    deviation until all good ones lie close together, where the transform is a straight line and
    cannot spread them; scaled by their better half, they have tails that it can fold.

    Attributes:
        is_robust: Whether the better half sets the scale.
        power: Yeo-Johnson's power parameter.
        yardstick: What sets it then in the place of the better half of the values; None if that
            does.
    """

    is_robust: bool = False
    power: float = 1.0
    yardstick: Yardstick | None = None

    def on(self, values: FloatArray) -> WarpOnValues:
        """The transform whose shifts and scales are those of given values (n,)."""
        return WarpOnValues(self, values)


class WayBack(NamedTuple):
    """From scores to values, in five numbers.

    Attributes:
        power: Yeo-Johnson's power parameter.
        mean: Of the transformed values.
        deviation: Of the transformed values.
        centre: Value that was shifted to 0.
        unit: What was scaled to 1.
    """

    power: float
    mean: float
    deviation: float
    centre: float
    unit: float

    def __call__(self, scores: FloatArray) -> FloatArray:
        """The values that become given scores, an array of any shape.

        A power below 0, or above 2, has a bounded image: scores beyond come back as the values at
        its end.
        """
        transformed = self.mean + self.deviation * scores
        return self.centre + self.unit * inverse_power_transform(transformed, self.power)


class WarpOnValues:
    """A warp whose shifts and scales are set, so that other values can go both ways.

    Args:
        warp: The kind of transform.
        values: Array (n,) without NaN; infinite ones count as the most extreme finite one.

    Attributes:
        scores: Array (n,): these values, transformed, of mean 0 and standard deviation 1; zeros if
            all are equal.
        way_back: From scores to values.
    """

    def __init__(self, warp: Warp, values: FloatArray) -> None:
        self._is_robust, self._values = warp.is_robust, values
        scaled = scale(values, warp.is_robust, warp.yardstick)
        transformed = power_transform(scaled.scores, warp.power)
        n = len(values)
        mean = float(transformed.sum()) / n
        centred = transformed - mean
        deviation = math.sqrt(centred @ centred / n)
        is_constant = deviation <= SMALLEST_DEVIATION
        self.scores: FloatArray = np.zeros(n) if is_constant else centred / deviation
        deviation = SMALLEST_DEVIATION if is_constant else deviation
        self.way_back = WayBack(warp.power, mean, deviation, scaled.centre, scaled.unit)

    def to_scores(self, values: FloatArray) -> FloatArray:
        """Transform other values, an array of any shape without NaN."""
        finite = np.clip(values, *self._finite_range(values))
        power, mean, deviation, centre, unit = self.way_back
        scores = (finite - centre) / unit
        if self._is_robust:
            scores = np.clip(scores, -MAX_ROBUST_SCORE, MAX_ROBUST_SCORE)
        return (power_transform(scores, power) - mean) / deviation

    def _finite_range(self, values: FloatArray) -> tuple[float, float]:
        both = clip_to_finite(np.append(self._values, values))
        return float(both.min()), float(both.max())
