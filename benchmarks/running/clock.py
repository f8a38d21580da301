"""A storage in memory whose trials start and end on a simulated clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from datetime import timedelta

from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial
from optuna.trial import TrialState


# User attribute of a stored trial: when it ended on the clock, in seconds since the study began.
FINISHED_SECONDS = "finished_seconds"
# When every simulation begins.
_START = datetime(2000, 1, 1)


def finished_at(trial: FrozenTrial) -> float:
    """When a finished trial ended, in simulated seconds since the study began."""
    assert trial.datetime_complete is not None
    return (trial.datetime_complete - _START).total_seconds()


class ClockedStorage(InMemoryStorage):
    """A storage in memory whose trials start and end by a clock that is set by hand.

    Attributes:
        now: Seconds since the study began.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def _time(self) -> datetime:
        return _START + timedelta(seconds=self.now)

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """As Optuna's, with the start on this clock."""
        trial_id = super().create_new_trial(study_id, template_trial)
        if template_trial is None:
            self.get_trial(trial_id).datetime_start = self._time()
        return trial_id

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """As Optuna's, with start and end on this clock."""
        was_set = super().set_trial_state_values(trial_id, state, values)
        trial = self.get_trial(trial_id)
        if was_set and state.is_finished():
            trial.datetime_complete = self._time()
        elif was_set and state == TrialState.RUNNING:
            trial.datetime_start = self._time()
        return was_set
