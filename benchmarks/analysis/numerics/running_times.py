"""Expected running time of runs to targets, as COCO defines it: pure functions on arrays.

What all seeds spent until they reached the target, or in vain, divided by the number of those that
did: what it takes on average if a study that has failed is begun anew. N. Hansen, A. Auger, D.
Brockhoff and T. Tusar, "Anytime performance assessment in blackbox optimization benchmarking",
IEEE Transactions on Evolutionary Computation 26 (2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray
from . import resampling
from .resampling import remembered_counts


N_RESAMPLES = 2_000


@dataclass(frozen=True)
class RunningTime:
    """Expected trials or seconds to a target.

    Attributes:
        mean: What was spent for each success; infinity if there was none.
        lower: Lower end of the 95% bootstrap interval over seeds; NaN without a success.
        upper: Upper end; infinity where resamples without a success are not rare.
    """

    mean: float
    lower: float
    upper: float


def expected_running_time(first: FloatArray, spent: FloatArray) -> FloatArray:
    """What was spent for each success.

    Args:
        first: What each seed spent until the target was reached, shape (n_seeds, ...); infinity
            for one that missed it.
        spent: What each seed spent in all, shape (n_seeds,).

    Returns:
        Shape (...); infinity without a success.
    """
    weights = np.ones((1, len(first)))
    return np.asarray(resampled_running_times(weights, first, spent)[0])


def resampled_running_times(
    weights: FloatArray, first: FloatArray, spent: FloatArray
) -> FloatArray:
    """What was spent for each success, with seeds taken more than once or not at all.

    Args:
        weights: How often each resample takes each seed, shape (n_resamples, n_seeds).
        first: As for :func:`expected_running_time`.
        spent: Likewise.

    Returns:
        Shape (n_resamples, ...).
    """
    reached = np.isfinite(first)
    flat = first.reshape(len(first), -1)
    costs = np.where(np.isfinite(flat), flat, spent[:, None])
    successes = weights @ reached.reshape(len(first), -1)
    with np.errstate(divide="ignore"):
        ratios = np.divide(weights @ costs, successes)
    return np.asarray(np.where(successes > 0, ratios, np.inf)).reshape(-1, *first.shape[1:])


def running_times(first: FloatArray, spent: FloatArray) -> list[RunningTime]:
    """Expected running times to several targets, with intervals; the same every time.

    Args:
        first: As for :func:`expected_running_time`, shape (n_seeds, n_targets).
        spent: What each seed spent in all, shape (n_seeds,).
    """
    means = expected_running_time(first, spent)
    counts = remembered_counts(len(first), N_RESAMPLES, 0)
    lower, upper = resampling.interval(resampled_running_times(counts, first, spent))
    return [
        RunningTime(float(mean), float(low), float(high))
        if np.isfinite(mean)
        else RunningTime(np.inf, np.nan, np.nan)
        for mean, low, high in zip(means, lower, upper)
    ]
