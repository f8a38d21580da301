"""How long samplers take until the loss at which another one ends.

Two answers, for studies that do not all get there. *Half*: when half of the seeds had got there,
the median. *Expected*: what all seeds spent, until they got there or in vain, divided by the
number of those that did; the expected running time of
:mod:`benchmarks.analysis.numerics.running_times`, of which the ratio to the other sampler is taken
too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np

from ...arrays import FloatArray
from ...contenders.registry import OURS
from ..numerics import paired
from ..numerics import resampling
from ..numerics.losses import running_best
from ..numerics.losses import times_to_targets
from ..numerics.resampling import remembered_counts
from ..numerics.running_times import N_RESAMPLES
from ..numerics.running_times import resampled_running_times
from ..numerics.running_times import running_times
from .samples import Sample


@dataclass(frozen=True)
class Target:
    """The loss whose reaching is timed.

    Attributes:
        sampler: The sampler whose median final loss it is.
        loss: That loss, signed so that lower is better.
    """

    sampler: str
    loss: float


@dataclass(frozen=True)
class Interval:
    """A figure and its 95% bootstrap interval over seeds, in which the target stays as it is."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Spent:
    """What a sampler spends until the target, in trials or in seconds of objective and sampler.

    Attributes:
        half: Until half of the seeds had got there; infinity if fewer did.
        expected: Expected running time; infinity if no seed got there.
        ratio: The same divided by that of the target's sampler, over the seeds that both have
            completed; NaN without such seeds.
    """

    half: Interval
    expected: Interval
    ratio: Interval


@dataclass(frozen=True)
class TimeToTarget:
    """How long one sampler takes until the target, over its complete seeds.

    Attributes:
        sampler: Name of the sampler.
        n_seeds: Complete seeds.
        n_reached: Those of them that got there.
        trials: What it spends in trials.
        seconds: The same in seconds.
    """

    sampler: str
    n_seeds: int
    n_reached: int
    trials: Spent
    seconds: Spent


def find_target(samples: Sequence[Sample]) -> Target | None:
    """Take the target from TPE, else from the first other sampler that is not ours.

    Returns:
        None if no other sampler has a complete seed, and a loss in half of those.
    """
    others = [sample for sample in samples if sample.sampler != OURS]
    for reference in sorted(others, key=lambda sample: sample.sampler != "tpe"):
        if not any(reference.complete):
            continue
        best = running_best(reference.filled)[np.array(reference.complete), -1]
        # A seed in which all trials failed has got nowhere.
        loss = float(np.median(np.where(np.isnan(best), np.inf, best)))
        if math.isfinite(loss):
            return Target(reference.sampler, loss)
    return None


def times_to_target(samples: Sequence[Sample], target: Target) -> list[TimeToTarget]:
    """How long each sampler takes, those with a complete seed only.

    Args:
        samples: The samplers' runs on one problem, all of the same number of columns; that of the
            target among them.
        target: Where they are to get.
    """
    spent = {sample.sampler: _Seeds.of(sample, target) for sample in samples}
    reference = spent[target.sampler]
    return [
        TimeToTarget(
            name,
            len(its.seeds),
            int(np.isfinite(its.first[:, 0]).sum()),
            *(_spent(its, reference, unit) for unit in range(2)),
        )
        for name, its in spent.items()
        if its.seeds
    ]


@dataclass(frozen=True)
class _Seeds:
    """The complete seeds of a sampler; the second axis is trials, then seconds.

    Attributes:
        seeds: The seeds, shape (n,).
        first: What each spent until the target, shape (n, 2); infinity if it was not reached.
        total: What each spent in all, likewise.
    """

    seeds: list[int]
    first: FloatArray
    total: FloatArray

    @classmethod
    def of(cls, sample: Sample, target: Target) -> _Seeds:
        rows = np.flatnonzero(sample.complete)
        losses, clock = sample.losses[rows], sample.finished_at[rows]
        numbers = np.broadcast_to(np.arange(1.0, losses.shape[1] + 1), losses.shape)
        first = [
            times_to_targets(losses, times, np.array([target.loss]))[:, 0]
            for times in (numbers, clock)
        ]
        n_run = np.array(sample.n_run, dtype=float)[rows]
        # The last trial to end, on a clock with several at a time.
        last = np.max(np.where(np.isnan(clock), 0.0, clock), axis=-1, initial=0.0)
        seeds = [sample.seeds[row] for row in rows]
        return cls(seeds, np.stack(first, axis=-1), np.stack([n_run, last], axis=-1))

    def of_seeds(self, seeds: Sequence[int], unit: int) -> tuple[FloatArray, FloatArray]:
        """``first``, with an axis of one target, and ``total`` of some seeds, in one unit."""
        rows = [self.seeds.index(seed) for seed in seeds]
        return self.first[rows, unit, None], self.total[rows, unit]


def _spent(its: _Seeds, reference: _Seeds, unit: int) -> Spent:
    first, total = its.of_seeds(its.seeds, unit)
    (expected,) = running_times(first, total)
    common = sorted(set(its.seeds) & set(reference.seeds))
    return Spent(
        half=_until_half(first[:, 0]),
        expected=Interval(expected.mean, expected.lower, expected.upper),
        ratio=_ratio(its.of_seeds(common, unit), reference.of_seeds(common, unit)),
    )


def _until_half(times: FloatArray) -> Interval:
    """The lower median of one time a seed, shape (n_seeds,)."""
    ordered = np.sort(times)
    middle = (len(times) - 1) // 2
    # How many seeds a resample has up to each of the ordered ones: it is at its middle where these
    # are more than ``middle``.
    n_so_far = np.cumsum(remembered_counts(len(times), N_RESAMPLES, 0), axis=-1)
    lower, upper = resampling.interval(ordered[np.argmax(n_so_far > middle, axis=-1)])
    return Interval(float(ordered[middle]), float(lower), float(upper))


def _ratio(
    its: tuple[FloatArray, FloatArray], reference: tuple[FloatArray, FloatArray]
) -> Interval:
    """Ratio of two expected running times, of the same seeds."""
    n_seeds = len(its[1])
    if not n_seeds:
        return Interval(math.nan, math.nan, math.nan)
    all_seeds = np.ones((1, n_seeds))
    counts = np.concatenate([all_seeds, remembered_counts(n_seeds, N_RESAMPLES, 0)])
    ours, theirs = (resampled_running_times(counts, *each)[:, 0] for each in (its, reference))
    # Of two that do not get there it is 1.
    ratios = np.where(ours == theirs, 1.0, paired.ratio(ours, theirs))
    lower, upper = resampling.interval(ratios[1:])
    return Interval(float(ratios[0]), float(lower), float(upper))
