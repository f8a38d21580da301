"""Resamples of the bootstrap, as how often each takes each row."""

from __future__ import annotations

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
