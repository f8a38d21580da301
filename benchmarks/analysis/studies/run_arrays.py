"""What a stored study measured, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np
from optuna.trial import TrialState

from ...arrays import FloatArray
from ...contenders.attributes import FINISHED_SECONDS
from ...contenders.attributes import told_number
from ..numerics.losses import noise_free
from .results import diverged
from .results import has_value
from .results import objective_seconds
from .results import Run


@dataclass(frozen=True)
class RunArrays:
    """One value a trial, shape (n_trials,), in the order in which the trials ended.

    Attributes:
        losses: Values that the sampler was told, signed so that lower is better; NaN for a trial
            without a value, or with an infinite one.
        expected: Values without noise, likewise; NaN where the problem does not tell.
        costs: Seconds of the objective; of a table, the replayed ones.
        ask: Seconds of the sampler to suggest; NaN if unknown.
        tell: Seconds of the sampler to learn a value; NaN if unknown.
        clock: Seconds from the start of the study to the end of the trial on a simulated clock;
            NaN without one.
        bad: 1 where a trial diverged or failed, else 0.
    """

    losses: FloatArray
    expected: FloatArray
    costs: FloatArray
    ask: FloatArray
    tell: FloatArray
    clock: FloatArray
    bad: FloatArray

    @property
    def noise_free(self) -> FloatArray:
        """The losses, without noise where the problem tells that."""
        return noise_free(self.losses, self.expected)

    @property
    def ended(self) -> FloatArray | None:
        """Seconds from the start of the study to the end of each trial; None if one is unknown.

        A trial takes what its objective cost and what the sampler needed to suggest and to learn.
        Where several ran at a time, it ended when the study's clock says.
        """
        if len(self.clock) and not np.isnan(self.clock).any():
            return self.clock
        spent = self.costs + (self.ask + self.tell)
        return None if np.isnan(spent).any() else np.cumsum(spent)


def run_arrays(run: Run) -> RunArrays:
    """The arrays of one study."""
    rows = []
    for trial in run.trials:
        attrs = trial.user_attrs
        is_complete = trial.state is TrialState.COMPLETE and has_value(trial)
        rows.append(
            (
                run.sign * trial.values[0] if is_complete else math.nan,
                run.sign * told_number(attrs, "expected_loss", math.nan),
                objective_seconds(trial),
                attrs.get("ask_seconds", math.nan),
                attrs.get("tell_seconds", math.nan),
                told_number(attrs, FINISHED_SECONDS, math.nan),
                diverged(trial),
            )
        )
    return RunArrays(*np.array(rows, dtype=float).reshape(-1, 7).T)
