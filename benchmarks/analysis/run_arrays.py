"""What a stored study measured, as arrays of shape (n_trials,)."""

from __future__ import annotations

import math

import numpy as np

from ..arrays import FloatArray
from ..contenders.attributes import told_number
from ..running.clock import FINISHED_SECONDS
from .results import has_value
from .results import objective_seconds
from .results import Run
from .statistics import noise_free


_OF_SAMPLER = ("ask_seconds", "tell_seconds")


def incumbent_losses(run: Run) -> tuple[FloatArray, FloatArray]:
    """What the sampler was told, and that without noise, signed so that lower is better.

    Returns:
        Two arrays; NaN for a trial without a value, or with an infinite one. The second has what
        was observed where the problem does not tell the value without noise.
    """
    losses = np.array(
        [trial.values[0] if has_value(trial) else math.nan for trial in run.trials], dtype=float
    )
    expected = [told_number(trial.user_attrs, "expected_loss", math.nan) for trial in run.trials]
    return run.sign * losses, run.sign * noise_free(losses, np.array(expected, dtype=float))


def ended_at(run: Run) -> FloatArray | None:
    """Seconds from the start of the study to the end of each trial.

    A trial takes what its objective cost (of a table, what it cost to measure) and what the sampler
    needed to suggest and to learn. Where several ran at a time, it ended when the study's clock says.

    Returns:
        None if a time is missing.
    """
    by_the_clock = [
        told_number(trial.user_attrs, FINISHED_SECONDS, math.nan) for trial in run.trials
    ]
    if by_the_clock and not np.isnan(by_the_clock).any():
        return np.array(by_the_clock, dtype=float)
    spent = np.array(
        [
            objective_seconds(trial)
            + sum(trial.user_attrs.get(name, math.nan) for name in _OF_SAMPLER)
            for trial in run.trials
        ]
    )
    return None if np.isnan(spent).any() else np.cumsum(spent)
