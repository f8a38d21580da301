"""Statistics over several problems: pure functions on arrays of regrets.

A group is a problem; its rows are seeds. Seeds are resampled within their problem (a stratified
bootstrap), the same ones for all columns, so that what is paired stays paired.
"""

from __future__ import annotations

from collections.abc import Sequence
import functools

import numpy as np

from ...arrays import FloatArray
from . import statistics
from .resampling import draw_counts


# Regrets that differ by less are equal: they are sums of floats in another order.
TIE = 1e-12
# Level of all tests: what has a lower p value, corrected where there are several, is called different.
LEVEL = 0.05


def normalised_regret(values: FloatArray, best: float, median: float) -> FloatArray:
    """Distance to the best value as a share of that of a random point, clipped to [0, 1].

    Args:
        values: Values of incumbents, any shape; NaN where there is none yet.
        best: The best value known.
        median: Median over random points, finite.

    Returns:
        Same shape; 1 where there is no value. If random points are no worse than the best, 0 for
        values up to ``best`` and 1 beyond.
    """
    filled = np.where(np.isnan(values), np.inf, values)
    if not median > best:
        return np.where(filled <= best, 0.0, 1.0)
    return np.clip((filled - best) / (median - best), 0.0, 1.0)


def mean_of_groups(groups: Sequence[FloatArray]) -> FloatArray:
    """Mean over the rows of each group, then over the groups.

    Args:
        groups: Arrays of shape (n_rows of the group, ...), one row or more each.

    Returns:
        Shape (...).
    """
    return np.asarray(np.mean([group.mean(axis=0) for group in groups], axis=0))


def resampled_means(groups: Sequence[FloatArray], n_resamples: int = 10_000) -> FloatArray:
    """Means of groups, over and over with other rows, drawn within each group with replacement.

    The resamples are the same ones every time. They are drawn once for all groups of the same
    sizes, and what has the same sizes is resampled alike: results of several calls may be
    subtracted.

    Args:
        groups: Arrays of shape (n_rows of the group, ...), one group and one row or more.
        n_resamples: Number of resamples.

    Returns:
        Shape (n_resamples, ...).

    Raises:
        ValueError: If there is no group, or one without a row.
    """
    if not groups or any(len(group) == 0 for group in groups):
        raise ValueError("The bootstrap needs a row in every group, but got none.")
    total = np.zeros((n_resamples, int(np.prod(groups[0].shape[1:]))))
    for group, counts in zip(groups, _counts(tuple(map(len, groups)), n_resamples)):
        total += counts @ group.reshape(len(group), -1) / len(group)
    return (total / len(groups)).reshape(n_resamples, *groups[0].shape[1:])


# Of 20 problems of 10 seeds and 10,000 resamples, 16 MB.
@functools.lru_cache(maxsize=4)
def _counts(sizes: tuple[int, ...], n_resamples: int) -> list[FloatArray]:
    """How often each resample takes each row of each group: shape (n_resamples, n_rows) each."""
    rng = np.random.default_rng(0)
    return [draw_counts(n_rows, n_resamples, rng) for n_rows in sizes]


def ratio(ours: FloatArray, theirs: FloatArray) -> FloatArray:
    """``ours / theirs``, of any shape; 1 where both are 0, infinity where only the latter is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((ours == 0) & (theirs == 0), 1.0, np.divide(ours, theirs))


def interval(resampled: FloatArray, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Percentile interval over the first axis.

    Args:
        resampled: Shape (n_resamples, ...).
        level: Coverage, between 0 and 1.

    Returns:
        Lower and upper end, shape (...).

    Raises:
        ValueError: If ``level`` is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}, but must lie between 0 and 1.")
    tail = 50 * (1 - level)
    # Values themselves, nothing between them: a ratio may be infinite.
    lower, upper = np.percentile(resampled, [tail, 100 - tail], axis=0, method="inverted_cdf")
    return lower, upper


def holm(p_values: FloatArray) -> FloatArray:
    """Correct p values for several comparisons, by Holm's step-down method.

    Args:
        p_values: One a comparison, shape (n,); NaN for one that could not be made, which does not
            count.

    Returns:
        Same shape, each at least as large and at most 1. S. Holm, "A simple sequentially rejective
        multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
    """
    corrected = np.full_like(p_values, np.nan, dtype=float)
    there = np.flatnonzero(~np.isnan(p_values))
    order = there[np.argsort(p_values[there], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(factors * p_values[order]))
    return corrected


def win_tie_loss(ours: FloatArray, theirs: FloatArray) -> tuple[int, int, int]:
    """How often ours is lower, equal and higher.

    Args:
        ours: One value a pair, shape (n,).
        theirs: Likewise.
    """
    difference = ours - theirs
    ties = np.abs(difference) <= TIE
    return (
        int(np.sum((difference < 0) & ~ties)),
        int(np.sum(ties)),
        int(np.sum((difference > 0) & ~ties)),
    )


def without_ties(ours: FloatArray, theirs: FloatArray) -> FloatArray:
    """``theirs``, but exactly ``ours`` where the two differ by a rounding error only; any shape."""
    return np.where(np.abs(ours - theirs) <= TIE, ours, theirs)


def wilcoxon(ours: FloatArray, theirs: FloatArray) -> float:
    """Two-sided p value of Wilcoxon's signed-rank test on pairs.

    Differences are ties, or equal to each other, also if they are so but for a rounding error,
    which would decide on ranks otherwise.

    Args:
        ours: One regret a pair, shape (n_pairs,).
        theirs: Likewise.

    Returns:
        What :func:`.statistics.paired_wilcoxon` does.
    """
    differences = np.round(ours - without_ties(ours, theirs), 12)
    return statistics.paired_wilcoxon(differences, np.zeros_like(differences))


def mean_ranks(values: FloatArray) -> FloatArray:
    """Mean rank of each column, 1 for the lowest; equal values share their ranks.

    Args:
        values: Shape (n_pairs, n_samplers), without NaN.

    Returns:
        Shape (n_samplers,); NaN without a pair.
    """
    if not len(values):
        return np.full(values.shape[1], np.nan)
    from scipy import stats

    # To the precision at which values are equal.
    return np.asarray(stats.rankdata(np.round(values, 12), axis=1).mean(axis=0))
