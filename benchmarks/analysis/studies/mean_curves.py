"""Best loss so far, mean over seeds with its 95% band, against trials and against seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray
from ..numerics import resampling
from ..numerics.losses import best_at_seconds
from ..numerics.losses import running_best
from .samples import Sample


# Resamples for a band: fewer than for a number in a table, because nobody reads off the third
# digit.
N_RESAMPLES = 2_000
_N_POINTS = 200


@dataclass(frozen=True)
class MeanCurve:
    """A mean over seeds with its 95% bootstrap interval, all of shape (n_points,).

    Attributes:
        x: Trials or seconds, ascending.
        mean: The mean at each point.
        lower: Lower end of the interval.
        upper: Upper end.
    """

    x: FloatArray
    mean: FloatArray
    lower: FloatArray
    upper: FloatArray


def curve_over_trials(sample: Sample) -> MeanCurve:
    """Best loss so far against the number of trials, over the seeds that have so many."""
    best = running_best(sample.filled)
    rows = [sample.reached(k) for k in range(1, best.shape[1] + 1)]
    columns = [best[row, k] for k, row in enumerate(rows) if row]
    return _curve(np.arange(1.0, len(columns) + 1), columns)


def curve_over_seconds(sample: Sample) -> MeanCurve:
    """Best loss so far against seconds of objective and sampler, up to the mean total.

    Only seeds that are complete: a seed that was stopped has not had the time to do better.
    """
    rows = np.flatnonzero(sample.complete)
    if not len(rows):
        empty = np.empty(0)
        return MeanCurve(empty, empty, empty, empty)
    losses, seconds = sample.losses[rows], sample.finished_at[rows]
    has_value = np.where(np.isnan(losses), np.inf, seconds).min(axis=-1)
    totals = np.nanmax(seconds, axis=-1)
    first, last = has_value.max(), totals.mean()
    if not np.isfinite(first):
        empty = np.empty(0)
        return MeanCurve(empty, empty, empty, empty)
    grid = np.linspace(first, max(first, last), _N_POINTS)
    best = best_at_seconds(losses, seconds, grid)
    return _curve(grid, list(best.T))


def _curve(x: FloatArray, columns: Sequence[FloatArray]) -> MeanCurve:
    mean = np.array([column.mean() for column in columns])
    lower, upper = np.full((2, len(columns)), np.nan)
    # One call for all points with the same number of seeds: the same resamples at each of them, or
    # the edges of the band would tremble.
    sizes = np.array([len(column) for column in columns])
    for size in np.unique(sizes):
        at = np.flatnonzero(sizes == size)
        samples = np.stack([columns[int(point)] for point in at], axis=1)
        # Where no seed has found anything better, the interval is that of the point before.
        new = np.append(True, (samples[:, 1:] != samples[:, :-1]).any(axis=0))
        edges = resampling.bootstrap_interval(samples[:, new], 0, n_resamples=N_RESAMPLES)
        lower[at], upper[at] = (edge[np.cumsum(new) - 1] for edge in edges)
    return MeanCurve(x, mean, lower, upper)
