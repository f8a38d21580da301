"""Best loss so far as a curve: mean over seeds with its band, against trials and against seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..analysis import statistics
from ..analysis.samples import Sample
from ..arrays import FloatArray


# Resamples for a band: fewer than for a number in a table, because nobody reads off the third
# digit.
_N_RESAMPLES = 2_000
_N_POINTS = 200


@dataclass(frozen=True)
class MeanCurve:
    """Mean over seeds with its 95% band, all of shape (n_points,)."""

    x: FloatArray
    mean: FloatArray
    lower: FloatArray
    upper: FloatArray


def curve_over_trials(sample: Sample) -> MeanCurve:
    """Best loss so far against the number of trials, over the seeds that have so many."""
    best = statistics.running_best(sample.filled)
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
    best = statistics.best_at_seconds(losses, seconds, grid)
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
        edges = statistics.bootstrap_interval(samples[:, new], 0, n_resamples=_N_RESAMPLES)
        lower[at], upper[at] = (edge[np.cumsum(new) - 1] for edge in edges)
    return MeanCurve(x, mean, lower, upper)


def y_limits(curves: Sequence[MeanCurve]) -> tuple[float, float] | None:
    """Range of losses worth showing: the race, not the first trials that diverged.

    From just below the lowest band to where the worst sampler stands after a tenth of the budget;
    of six and more, all but the worst sixth of them, which would flatten the others.

    Returns:
        Lower and upper end; None if there is nothing finite to show.
    """
    lows = [np.nanmin(curve.lower) for curve in curves if np.isfinite(curve.lower).any()]
    starts = []
    for curve in curves:
        finite = curve.mean[np.isfinite(curve.mean)]
        if len(finite):
            starts.append(finite[min(len(finite) - 1, len(finite) // 10)])
    if not lows or not starts:
        return None
    low, high = float(min(lows)), float(sorted(starts)[-1 - len(starts) // 6])
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return low - margin, high + margin
