"""The bootstrap: means over rows that are drawn again and again, and intervals of them.

How often each resample takes each row is drawn first; the means are then one product of matrices.
A group is a problem; its rows are seeds. Seeds are resampled within their problem (a stratified
bootstrap), the same ones for all columns, so that what is paired stays paired.
"""

from __future__ import annotations

from collections.abc import Sequence
import functools

import numpy as np

from ...arrays import FloatArray


def draw_counts(n_rows: int, n_resamples: int, rng: np.random.Generator) -> FloatArray:
    """How often each resample takes each row, drawn with replacement.

    The sums of all resamples are then one product of matrices, ``counts @ rows``, and their means
    that divided by ``n_rows``.

    Args:
        n_rows: Rows, and draws a resample; 1 or more.
        n_resamples: Number of resamples.
        rng: The only source of randomness.

    Returns:
        Whole numbers, shape (n_resamples, n_rows), of sum ``n_rows`` in each resample.
    """
    drawn = rng.multinomial(n_rows, np.full(n_rows, 1 / n_rows), size=n_resamples)
    return drawn.astype(float)


# Callers ask for few sizes again and again, some with two seeds a problem. Of 50 rows and 10,000
# resamples, 4 MB.
@functools.lru_cache(maxsize=256)
def remembered_counts(n_rows: int, n_resamples: int, seed: int | tuple[int, ...]) -> FloatArray:
    """:func:`draw_counts` of a seed, drawn once; not to be changed.

    Args:
        n_rows: As there.
        n_resamples: As there.
        seed: Of NumPy's generator.
    """
    counts = draw_counts(n_rows, n_resamples, np.random.default_rng(seed))
    counts.setflags(write=False)
    return counts


def bootstrap_interval(
    samples: FloatArray,
    rng: np.random.Generator | int,
    level: float = 0.95,
    n_resamples: int = 10_000,
) -> tuple[FloatArray, FloatArray]:
    """Percentile bootstrap interval of the mean over seeds.

    Args:
        samples: One row a seed, shape (n_seeds, ...), one seed or more.
        rng: The only source of randomness. Of a seed the draws are remembered, for who calls this
            often.
        level: Coverage, between 0 and 1.
        n_resamples: Number of resamples.

    Returns:
        Lower and upper end, shape (...). NaN where a seed has NaN; both the value itself if there
        is one seed.

    Raises:
        ValueError: If there is no seed, or ``level`` is not between 0 and 1.
    """
    if len(samples) == 0:
        raise ValueError("The bootstrap needs a sample, but got none.")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}, but must lie between 0 and 1.")
    n_seeds = len(samples)
    # How often a resample takes each seed: the means are then one matrix product.
    if isinstance(rng, int):
        counts = remembered_counts(n_seeds, n_resamples, rng)
    else:
        counts = draw_counts(n_seeds, n_resamples, rng)
    flat = samples.reshape(n_seeds, -1)
    defined = np.isfinite(flat).all(axis=0)
    lower, upper = np.full((2, flat.shape[1]), np.nan)
    if defined.any():
        means = counts @ flat[:, defined] / n_seeds
        tail = 50 * (1 - level)
        lower[defined], upper[defined] = np.percentile(means, [tail, 100 - tail], axis=0)
    return lower.reshape(samples.shape[1:]), upper.reshape(samples.shape[1:])


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
