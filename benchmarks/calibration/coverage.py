"""Whether outcomes fall into predictive intervals as often as they should: pure functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..analysis.numerics.resampling import draw_counts
from ..arrays import FloatArray


# The central intervals that a prediction tells, by the number of its quantiles left out at either
# end.
SHARES = (0.5, 0.8, 0.95)
# What is accepted as calibrated, for each of them.
ACCEPTED = ((0.45, 0.55), (0.75, 0.85), (0.92, 0.98))
N_LEVELS = 2 * len(SHARES) + 1


def place(value: float, quantiles: Sequence[float]) -> float:
    """Where an outcome is among the quantiles of its prediction.

    Args:
        value: The outcome.
        quantiles: :data:`N_LEVELS` of them, ascending.

    Returns:
        The number of quantiles below it, and half of one for each that it equals.
    """
    array = np.asarray(quantiles)
    return float((array < value).sum() + 0.5 * (array == value).sum())


def held(places: FloatArray) -> FloatArray:
    """Whether the intervals of each share held their outcomes.

    Args:
        places: Array (n,) as :func:`place` gives them.

    Returns:
        Array (n, 3) of 0 and 1; an outcome on the end of an interval is in it.
    """
    n_shares = len(SHARES)
    # The interval of the smallest share lies between the quantiles next to the median.
    ends = np.arange(n_shares)[::-1]
    inside = (places[:, None] > ends) & (places[:, None] < N_LEVELS - ends)
    return np.asarray(inside, dtype=float)


def coverage(studies: Sequence[FloatArray]) -> FloatArray:
    """Share of outcomes inside each interval.

    Args:
        studies: Places (n,) of the outcomes of each study.

    Returns:
        Array (3,), NaN without outcomes.
    """
    places = np.concatenate([np.empty(0), *studies])
    if len(places) == 0:
        return np.full(len(SHARES), np.nan)
    return np.asarray(held(places).mean(axis=0))


def coverage_interval(
    studies: Sequence[FloatArray], rng: np.random.Generator, n_resamples: int = 2000
) -> tuple[FloatArray, FloatArray]:
    """95% bootstrap interval of the coverage; whole studies are resampled, as their trials depend.

    Args:
        studies: Places (n,) of the outcomes of each study, one study or more.
        rng: Source of randomness.
        n_resamples: Number of resamples.

    Returns:
        Lower and upper ends, arrays (3,).
    """
    sums = np.array([held(places).sum(axis=0) for places in studies])
    counts = np.array([len(places) for places in studies], dtype=float)
    drawn = draw_counts(len(studies), n_resamples, rng)
    shares = (drawn @ sums) / np.maximum(drawn @ counts, 1.0)[:, None]
    low, high = np.quantile(shares, [0.025, 0.975], axis=0)
    return low, high
