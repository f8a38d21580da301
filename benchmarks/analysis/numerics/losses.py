"""What trials have found: best values, incumbents, times to targets and regret.

Arrays have one value a trial, and mostly a row a seed. Losses are to be minimised (turn the sign
of what is maximised). NaN marks a trial without a value: failed, or not run.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...arrays import FloatArray


def running_best(losses: FloatArray) -> FloatArray:
    """Best loss so far.

    Args:
        losses: Losses, shape (..., n_trials); NaN for a trial without a value.

    Returns:
        Same shape. NaN up to the first value, then never again.
    """
    return np.fmin.accumulate(losses, axis=-1)


def noise_free(losses: FloatArray, expected: FloatArray) -> FloatArray:
    """What trials were worth.

    Args:
        losses: What was observed, any shape; NaN for a trial without a value.
        expected: The same without noise; NaN where the problem does not tell it.

    Returns:
        Same shape: without noise where that is told; NaN for a trial without a value.
    """
    return np.where(np.isnan(losses) | np.isnan(expected), losses, expected)


def incumbents(losses: FloatArray) -> npt.NDArray[np.intp]:
    """Index of the trial that holds the best loss so far.

    Args:
        losses: Losses, shape (..., n_trials); NaN for a trial without a value.

    Returns:
        Same shape; of equal losses the first; -1 as long as there is no value.
    """
    best = running_best(losses)
    before = np.concatenate([np.full_like(best[..., :1], np.nan), best[..., :-1]], axis=-1)
    improves = ~np.isnan(losses) & (np.isnan(before) | (losses < before))
    index = np.where(improves, np.arange(losses.shape[-1]), -1)
    return np.maximum.accumulate(index, axis=-1)


def best_at_seconds(losses: FloatArray, seconds: FloatArray, grid: FloatArray) -> FloatArray:
    """Best loss that each seed has found after so many seconds.

    Args:
        losses: Losses, shape (n_seeds, n_trials); NaN for a trial without a value.
        seconds: When each trial finished, counted from the start of its seed, same shape, not
            decreasing along a row; NaN for a trial that was not run.
        grid: Points in time in seconds, shape (n_points,).

    Returns:
        Shape (n_seeds, n_points). NaN before a seed's first value; after its last trial it keeps
        what it has.
    """
    best = running_best(losses)
    result = np.full((len(losses), len(grid)), np.nan)
    for row, (row_best, row_seconds) in enumerate(zip(best, seconds)):
        n_run = int(np.sum(~np.isnan(row_seconds)))
        last = np.searchsorted(row_seconds[:n_run], grid, side="right") - 1
        result[row, last >= 0] = row_best[last[last >= 0]]
    return result


def times_to_targets(losses: FloatArray, times: FloatArray, targets: FloatArray) -> FloatArray:
    """When each seed first had a loss as low as each target.

    Args:
        losses: Losses, or regrets, shape (..., n_trials); NaN for a trial without a value.
        times: When each trial finished, in seconds or trials, same shape.
        targets: The losses to reach, shape (n_targets,).

    Returns:
        Times, shape (..., n_targets); infinity where a seed has not reached the target.
    """
    # One more trial, which reaches everything, and never ends.
    never = np.full((*losses.shape[:-1], 1), np.inf)
    # NaN compares as False.
    reached = np.concatenate([losses, -never], axis=-1)[..., None] <= targets
    first = np.argmax(reached, axis=-2)
    return np.take_along_axis(np.concatenate([times, never], axis=-1), first, axis=-1)


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
