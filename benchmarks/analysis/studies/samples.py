"""All studies of a sampler on one problem, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import fields

import numpy as np

from ...arrays import FloatArray
from ..numerics.losses import noise_free
from ..numerics.losses import running_best
from .results import Run
from .run_arrays import run_arrays
from .run_arrays import RunArrays


@dataclass(frozen=True)
class Sample:
    """All runs of one sampler on one problem, as arrays of shape (n_seeds, n_trials).

    NaN stands for what is missing: trials not run yet, values of trials that failed or were
    infinite.

    Attributes:
        sampler: Name of the contender.
        seeds: Seeds in ascending order, shape (n_seeds,).
        complete: Which seeds have spent the budget, the largest on the problem, or exhausted their
            grid; shape (n_seeds,).
        n_run: How many trials each seed has, shape (n_seeds,).
        losses: Values, signed so that lower is better.
        expected: Values without noise, likewise; NaN where the problem does not tell.
        costs: Seconds of the objective; of a table, the replayed ones.
        ask: Seconds of the sampler to suggest.
        tell: Seconds of the sampler to learn a value.
        clock: Seconds from the start of a seed to the end of each trial on a simulated clock; NaN
            without one.
        bad: 1 where a trial diverged or failed, else 0.
        measured_again: Mean of the values of each seed's final incumbent, measured again with
            fresh seeds, signed so that lower is better; NaN where that was not asked for; shape
            (n_seeds,).
    """

    sampler: str
    seeds: list[int]
    complete: list[bool]
    n_run: list[int]
    losses: FloatArray
    expected: FloatArray
    costs: FloatArray
    ask: FloatArray
    tell: FloatArray
    clock: FloatArray
    bad: FloatArray
    measured_again: FloatArray

    @property
    def filled(self) -> FloatArray:
        """Losses of the trials that were run, and best so far of a finished seed afterwards.

        A grid that is exhausted before the budget is spent keeps what it has found.
        """
        losses = self.losses.copy()
        for row, n_run in enumerate(self.n_run):
            if self.complete[row] and 0 < n_run < losses.shape[1]:
                losses[row, n_run:] = running_best(losses[row, :n_run])[-1]
        return losses

    @property
    def outcomes(self) -> FloatArray:
        """What each trial was worth: its value, without noise where the problem tells it."""
        return noise_free(self.losses, self.expected)

    @property
    def finished_at(self) -> FloatArray:
        """Seconds from the start of a seed to the end of each trial: objective and sampler.

        On a simulated clock, with several trials at a time, the objective only.
        """
        in_turn = np.cumsum(self.costs + self.ask + self.tell, axis=-1)
        return np.where(np.isnan(self.clock), in_turn, self.clock)

    def reached(self, n_trials: int) -> list[int]:
        """Rows of the seeds that have so many trials, or have ended before."""
        return [
            row for row, n in enumerate(self.n_run) if n and (n >= n_trials or self.complete[row])
        ]


def to_samples(runs: Sequence[Run]) -> list[Sample]:
    """Gather the runs of one problem by sampler, in the order in which they come."""
    n_trials = max(max(run.planned, len(run.trials)) for run in runs)
    samplers = list(dict.fromkeys(run.sampler for run in runs))
    return [
        _to_sample(sampler, [run for run in runs if run.sampler == sampler], n_trials)
        for sampler in samplers
    ]


def _to_sample(sampler: str, runs: Sequence[Run], n_trials: int) -> Sample:
    arrays = {f.name: np.full((len(runs), n_trials), np.nan) for f in fields(RunArrays)}
    for row, run in enumerate(runs):
        for name, values in vars(run_arrays(run)).items():
            arrays[name][row, : len(values)] = values
    return Sample(
        sampler,
        [run.seed for run in runs],
        [run.complete and (len(run.trials) >= n_trials or run.is_exhausted) for run in runs],
        [len(run.trials) for run in runs],
        **arrays,
        measured_again=np.array(
            [run.sign * np.mean(run.reevaluated) if run.reevaluated else np.nan for run in runs]
        ),
    )
