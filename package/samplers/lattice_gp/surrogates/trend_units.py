"""What earlier studies expect, in units in which a coefficient of it has a prior."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
import math

import numpy as np

from ..basics.arrays import FloatArray
from .kernels import Inputs


# Up to this many observations a trend's coefficient has mean 1 and standard deviation 1, if both
# the trend and the scores have standard deviation 1 over the observed points. From there on both
# fade with the square of their number: what an earlier study knows better of the whole space, this
# one's own results soon know better where it matters.
_N_FULL_TREND = 5
# That of a trend over the observed points counts as no less than this, in units of its standard
# deviation over the space: chosen for its sake, they are all at its low end.
_LEAST_SPREAD = 0.5


@dataclass(frozen=True)
class TrendUnits:
    """Which trends a model has, and in what units.

    Attributes:
        columns: Of the inputs' trends.
        centres: Array (n_trends,): the mean of each over the observed points, whose scores have
            mean 0.
        sizes: Array (n_trends,): what becomes 1.
    """

    columns: slice
    centres: FloatArray
    sizes: FloatArray

    @classmethod
    def of(cls, columns: slice, inputs: Inputs) -> TrendUnits:
        """Those for given observed points."""
        if inputs.trends.shape[1] == 0:
            return _NO_TRENDS
        trends = inputs.trends[:, columns]
        n_trends = trends.shape[1]
        spreads = np.maximum(trends.std(axis=0), _LEAST_SPREAD)
        weight = min(1.0, _N_FULL_TREND / len(trends)) ** 2
        sizes = math.sqrt(max(n_trends, 1)) * spreads / weight
        return cls(columns, trends.mean(axis=0), sizes)

    def __call__(self, inputs: Inputs) -> Inputs:
        """Points with these trends only, in these units."""
        if inputs.trends.shape[1] == 0:
            return inputs
        trends = (inputs.trends[:, self.columns] - self.centres) / self.sizes
        return replace(inputs, trends=trends)


_NO_TRENDS = TrendUnits(slice(0), np.empty(0), np.empty(0))
