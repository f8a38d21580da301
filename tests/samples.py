"""Runs of a sampler on one problem, made of their losses alone."""

from __future__ import annotations

import numpy as np

from benchmarks.analysis.studies.samples import Sample


NAN = float("nan")


def sample_of(
    sampler: str, losses: list[list[float]], n_run: list[int], planned: int = 3
) -> Sample:
    """A sampler's runs, of 1.5 seconds a trial.

    Args:
        sampler: Its name.
        losses: By seed and trial; NaN for a trial that failed or was not run.
        n_run: Trials that each seed has run.
        planned: Trials of a complete seed.
    """
    values = np.array(losses)
    ran = np.array([[k < n for k in range(values.shape[1])] for n in n_run])
    seconds = np.where(ran, 1.0, NAN)
    return Sample(
        sampler,
        seeds=list(range(len(losses))),
        complete=[n >= planned for n in n_run],
        n_run=n_run,
        losses=values,
        expected=values + 0.5,
        costs=seconds,
        ask=seconds / 4,
        tell=seconds / 4,
        clock=np.full_like(seconds, NAN),
        bad=np.where(ran, np.isnan(values), NAN),
        measured_again=np.full(len(losses), NAN),
    )
