"""What the report says of each sampler on one problem, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ...arrays import FloatArray
from ...contenders.registry import OURS
from ..numerics import paired
from ..numerics import resampling
from ..numerics.losses import incumbents
from ..numerics.losses import running_best
from .samples import Sample


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its 95% bootstrap interval, and the number of seeds behind it."""

    mean: float
    lower: float
    upper: float
    n_seeds: int


@dataclass(frozen=True)
class Summary:
    """One sampler on one problem. Losses are signed so that lower is better.

    Attributes:
        sampler: Name of the contender.
        n_seeds: Seeds that have been begun.
        n_complete: Seeds that have all their trials.
        best: Best loss after so many trials.
        expected: Noise-free loss of the final incumbents of the complete seeds; None where the
            problem does not tell.
        measured_again: The same measured again after the study, of those of them where that was
            asked for; None if it was of none.
        objective_seconds: Mean total of the objective, for a complete seed.
        sampler_seconds: Mean total of the sampler, for a complete seed.
        ask_seconds: Mean time of a suggestion.
        bad_share: Share of trials that diverged or failed, 0 to 1.
        wasted_share: Share of trials in the second half of the budget that are no better than the
            median of ``random``'s trials, 0 to 1; NaN without such trials.
        p_value: Paired Wilcoxon of the final losses against ours; NaN for ours itself, or without
            common complete seeds.
        n_pairs: Number of those seeds.
    """

    sampler: str
    n_seeds: int
    n_complete: int
    best: dict[int, Estimate]
    expected: Estimate | None
    measured_again: Estimate | None
    objective_seconds: float
    sampler_seconds: float
    ask_seconds: float
    bad_share: float
    wasted_share: float
    p_value: float
    n_pairs: int


def checkpoints(n_trials: int) -> list[int]:
    """After how many trials the report looks: a third, two thirds and all of the budget."""
    return sorted({max(1, round(n_trials / 3)), max(1, round(2 * n_trials / 3)), n_trials})


def estimate(values: FloatArray) -> Estimate:
    """Mean and interval of one value a seed, shape (n_seeds,); the same every time."""
    if not len(values):
        return Estimate(math.nan, math.nan, math.nan, 0)
    lower, upper = resampling.bootstrap_interval(values, 0)
    return Estimate(float(np.mean(values)), float(lower), float(upper), len(values))


def summarise(samples: list[Sample]) -> list[Summary]:
    """Summarise each sampler.

    Args:
        samples: The samplers' runs on one problem, all of the same number of columns.
    """
    ours = next((sample for sample in samples if sample.sampler == OURS), None)
    random = next((sample for sample in samples if sample.sampler == "random"), None)
    mediocre = math.nan if random is None else _median(random.outcomes)
    return [_summarise(sample, ours, mediocre) for sample in samples]


def wasted_share(sample: Sample, mediocre: float) -> float:
    """Share of the trials in the second half of the budget that are no better than a given loss.

    A sampler knows by then where losses are good. What it tries elsewhere is not seen in its best
    loss so far, but is paid for.

    Args:
        sample: The runs of a sampler.
        mediocre: The loss.

    Returns:
        0 to 1; a trial without a value counts as worse. NaN if there are no such trials, or the
        loss is NaN.
    """
    if math.isnan(mediocre):
        return math.nan
    half = sample.losses.shape[1] // 2
    has_run = ~np.isnan(sample.bad[:, half:])
    return _mean(~(sample.outcomes[:, half:][has_run] < mediocre))


def _summarise(sample: Sample, ours: Sample | None, mediocre: float) -> Summary:
    best = running_best(sample.filled)
    complete = np.array(sample.complete)
    n_trials = sample.losses.shape[1]
    again = sample.measured_again[complete]
    again = again[~np.isnan(again)]
    n_pairs, p_value = 0, math.nan
    if ours is not None and sample.sampler != OURS:
        n_pairs, p_value = _compare(ours, sample)
    return Summary(
        sampler=sample.sampler,
        n_seeds=len(sample.seeds),
        n_complete=int(complete.sum()),
        best={k: estimate(best[sample.reached(k), k - 1]) for k in checkpoints(n_trials)},
        expected=_without_noise(sample),
        measured_again=estimate(again) if len(again) else None,
        objective_seconds=_mean(np.nansum(sample.costs, axis=-1)[complete]),
        sampler_seconds=_mean(np.nansum(sample.ask + sample.tell, axis=-1)[complete]),
        ask_seconds=_mean(sample.ask[~np.isnan(sample.ask)]),
        bad_share=_mean(sample.bad[~np.isnan(sample.bad)]),
        wasted_share=wasted_share(sample, mediocre),
        p_value=p_value,
        n_pairs=n_pairs,
    )


def _without_noise(sample: Sample) -> Estimate | None:
    """Noise-free loss of the final incumbents of the complete seeds; None if that is not told."""
    if not np.isfinite(sample.expected).any():
        return None
    rows = np.flatnonzero(sample.complete)
    index = incumbents(sample.losses)[rows, -1]
    return estimate(sample.expected[rows[index >= 0], index[index >= 0]])


def _compare(ours: Sample, theirs: Sample) -> tuple[int, float]:
    """Number of seeds that both have completed, and the p value of their final losses."""
    finals = [
        {
            seed: float(best)
            for seed, best, complete in zip(
                sample.seeds,
                running_best(sample.filled)[:, -1],
                sample.complete,
            )
            if complete
        }
        for sample in (ours, theirs)
    ]
    common = sorted(finals[0].keys() & finals[1].keys())
    pairs = np.array([[final[seed] for seed in common] for final in finals])
    return len(common), paired.wilcoxon_of_losses(pairs[0], pairs[1])


def _mean(values: npt.NDArray[Any]) -> float:
    return float(np.mean(values)) if len(values) else math.nan


def _median(values: FloatArray) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else math.nan
