"""Statistics of comparisons: pure functions on arrays of shape (n_seeds, n_trials).

Losses are to be minimised (turn the sign of what is maximised). NaN marks a trial without a value:
failed, or not run. Nothing here knows of Optuna, files or pictures.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...arrays import FloatArray
from .resampling import draw_counts
from .resampling import remembered_counts
from .sign_flips import signed_rank_p_values


# Up to so many pairs scipy's test is exact where there are ties.
_MOST_EXACT_WITH_TIES = 13
# As a share of a loss: what it may be wrong by.
_ROUNDING = 1e-12


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


def paired_wilcoxon(ours: FloatArray, theirs: FloatArray) -> float:
    """Two-sided p value of Wilcoxon's signed-rank test on pairs of seeds.

    Args:
        ours: One value a seed, shape (n_seeds,).
        theirs: The other sampler's values for the same seeds, same order.

    Returns:
        The p value; 1 if all pairs are equal; NaN without a pair or with a value that is missing.
    """
    if len(ours) == 0 or np.isnan(ours).any() or np.isnan(theirs).any():
        return float("nan")
    steps = _steps(ours, theirs)
    if not steps.any():
        return 1.0
    n_ranks = len(np.unique(np.abs(steps[steps != 0])))
    if n_ranks < len(steps) <= _MOST_EXACT_WITH_TIES:
        # scipy tries all signs too, and takes half a second for each test.
        return float(signed_rank_p_values(steps[:, None], range(len(steps)))[0])
    # Takes a second to import, and only a comparison with ours needs it.
    from scipy import stats

    return float(stats.wilcoxon(steps).pvalue)


def _steps(ours: FloatArray, theirs: FloatArray) -> FloatArray:
    """Differences as whole numbers of the same signs and order, which is all that ranks depend on.

    Without it, rounding errors decide whether 0.92 - 0.91 is less than 0.42 - 0.41.
    """
    # Equal infinities are a tie; their difference would be NaN.
    with np.errstate(invalid="ignore"):
        differences = np.where(ours == theirs, 0.0, ours - theirs)
        sizes = np.abs(differences)
        order = np.argsort(sizes)
        gaps = np.diff(sizes[order], prepend=0.0)
    known_to = _ROUNDING * np.maximum(np.abs(ours), np.abs(theirs))[order]
    known_to[np.isinf(known_to)] = 0.0
    steps = np.empty(len(order))
    steps[order] = np.cumsum(gaps > np.maximum(known_to, np.append(0.0, known_to[:-1])))
    return np.sign(differences) * steps
