"""A simulated clock: a storage whose trials start and end by it, and trials that run on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from datetime import timedelta
import heapq
from typing import Generic
from typing import TypeVar

from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial
from optuna.trial import TrialState


# When every simulation begins.
_START = datetime(2000, 1, 1)

_T = TypeVar("_T")


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


class Running(Generic[_T]):
    """Trials that have been evaluated, and run on a clock until their seconds are over.

    Args:
        storage: Whose clock it is.
    """

    def __init__(self, storage: ClockedStorage) -> None:
        self._storage = storage
        # When a trial ends, which one it is (of those that end together, the first comes first),
        # and what is to be told of it.
        self._trials: list[tuple[float, int, _T]] = []

    def __len__(self) -> int:
        return len(self._trials)

    def begin(self, number: int, seconds: float, outcome: _T) -> None:
        """Begin a trial now.

        Args:
            number: Its number in the study.
            seconds: How long it takes, 0 or more.
            outcome: What is to be told when it ends.
        """
        heapq.heappush(self._trials, (self._storage.now + seconds, number, outcome))

    def end_next(self) -> _T:
        """Set the clock to when the next trial ends, and return what is to be told of it."""
        self._storage.now, _, outcome = heapq.heappop(self._trials)
        return outcome
