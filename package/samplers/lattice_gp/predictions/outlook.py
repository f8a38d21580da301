"""What a surrogate expects of the next value of an objective, in the objective's own units.

A suggestion keeps the surrogate's few numbers; this is worked out when somebody wants to know.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from ..basics.arrays import FloatArray
from ..values.warp import WayBack


# Levels of the quantiles that are told: the ends of the 95%, 80% and 50% intervals, the median.
LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
# The suggested point is chosen because it looks good, by a model with the most probable
# hyperparameters only: its outcome strays further than a normal distribution allows, if seldom. A
# Student distribution of these degrees of freedom and this scale holds it as often as it should,
# on the problems that the sampler was developed on.
_DEGREES_OF_FREEDOM = 3
_SCALE = 0.9
# Mean and deviation of what is symmetric only before a transform: averages over its quantiles.
_N_NODES = 21
_NODES: FloatArray = _SCALE * stdtrit(_DEGREES_OF_FREEDOM, (np.arange(_N_NODES) + 0.5) / _N_NODES)
_ENDS: FloatArray = _SCALE * stdtrit(_DEGREES_OF_FREEDOM, np.array(LEVELS))
_OUTCOMES: FloatArray = np.concatenate([_NODES, _ENDS])
# Farther from the mean, in deviations, nothing is expected.
_FARTHEST = 6.0
# Where a gain is looked at, by Gauss and Legendre on [-1, 1]: below a far incumbent it falls off
# too fast for points that are evenly spaced.
_GAIN_NODES, _GAIN_WEIGHTS = np.polynomial.legendre.leggauss(41)


class ScoreBelief(NamedTuple):
    """What a surrogate believes of a point, in scores, and how they become values.

    Attributes:
        mean: Posterior mean.
        deviation: Posterior standard deviation, without noise.
        noise: Standard deviation of the noise.
        best: The lowest score observed.
        incumbent: The score to improve on; None if there is none.
        is_maximized: Whether values are the negatives of the objective.
        way_back: From scores to values.
    """

    mean: float
    deviation: float
    noise: float
    best: float
    incumbent: float | None
    is_maximized: bool
    way_back: WayBack


class Outlook(NamedTuple):
    """What is expected of one objective, in its own units.

    Attributes:
        mean: Of the value that would be reported.
        deviation: Its standard deviation, noise included.
        quantiles: Its quantiles at :data:`LEVELS`.
        noise: Standard deviation of repeated trials of the best point.
        gain: Expected improvement on the incumbent, noise aside; None without one.
    """

    mean: float
    deviation: float
    quantiles: tuple[float, ...]
    noise: float
    gain: float | None


@np.errstate(all="ignore")  # whatever the user's setting: densities far away are 0
def outlook(belief: ScoreBelief) -> Outlook:
    """Translate what is expected of a score."""
    mean, deviation, noise, best, incumbent, is_maximized, way_back = belief
    spread = math.hypot(deviation, noise)
    scores = [mean + spread * _OUTCOMES, np.array([best - noise, best + noise])]
    gained_at = weights = np.empty(0)
    if incumbent is not None:
        gained_at, weights = _gained_at((incumbent - mean) / deviation)
        scores.extend([np.array([incumbent]), mean + deviation * gained_at])
    values = way_back(np.concatenate(scores))
    n = len(_OUTCOMES)
    sample, ends, (low, high), below = (
        values[:_N_NODES],
        values[_N_NODES:n],
        values[n : n + 2],
        values[n + 2 :],
    )
    gain = None
    if incumbent is not None:
        gain = float(weights @ (below[0] - below[1:]))
    if is_maximized:
        sample, ends = -sample, -ends[::-1]
    average = float(sample.sum()) / _N_NODES
    away = sample - average
    return Outlook(
        mean=average,
        deviation=math.sqrt(float(away @ away) / _N_NODES),
        quantiles=tuple(ends.tolist()),
        noise=float(high - low) / 2.0,
        gain=gain,
    )


def _gained_at(incumbent: float) -> tuple[FloatArray, FloatArray]:
    """Where below the incumbent a gain is looked at, in deviations from the mean.

    From the incumbent down to where nothing is expected any more; not from farther above the mean.
    An incumbent that is feasible may lie far above it, if better points are not.

    Args:
        incumbent: In deviations from the mean too.

    Returns:
        Places (n,), and weights (n,) with which gains there add up to what is expected.
    """
    highest = min(incumbent, _FARTHEST)
    lowest = min(highest, 0.0) - _FARTHEST
    half = 0.5 * (highest - lowest)
    places = lowest + half * (1.0 + _GAIN_NODES)
    density = np.exp(-0.5 * places**2) / math.sqrt(2.0 * math.pi)
    return places, half * _GAIN_WEIGHTS * density
