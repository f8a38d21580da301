"""Add the trials of a study to a storage as they finish, several at a time."""

from __future__ import annotations

from collections.abc import Callable
import threading
import time

from optuna.study import Study
from optuna.trial import FrozenTrial

from . import bulk
from .patience import PATIENCE
from .patience import patiently


# How much work may wait for its transaction.
_FLUSH_SECONDS = 0.5


class Writer:
    """Adds the trials of one study to the storage, several at a time.

    Trials that come within half a second share a transaction. A kill then loses the trials that
    were waiting, which took less than half a second together, and the one in flight; all of
    them are simply run again.

    Args:
        study: The stored study.
        n_stored: Finished trials that it holds.
        claim: The token with which the study was claimed; empty for no claim.
        clock: Seconds of a clock that never goes back.
    """

    def __init__(
        self,
        study: Study,
        n_stored: int,
        claim: str = "",
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._study = study
        self._n_stored = n_stored
        self._claim = claim
        self._clock = clock
        self._waiting: list[FrozenTrial] = []
        self._flushed = clock()
        # The order to stop comes from another thread.
        self._lock = threading.Lock()

    def add(self, trial: FrozenTrial) -> None:
        """Store a finished trial, now or with the next ones.

        Raises:
            Superseded: If another process has claimed the study.
            ForeignTrials: If another process has added trials to the study.
            StorageLost: If the storage stays out of reach.
        """
        with self._lock:
            self._waiting.append(trial)
        if self._clock() - self._flushed >= _FLUSH_SECONDS:
            self.flush()

    def flush(self, patience: float = PATIENCE) -> None:
        """Store the trials that wait. After an error they are given up, to be run again.

        Args:
            patience: How many seconds a storage may stay away, and how long to wait for another
                thread that is at it.

        Raises:
            Superseded: If another process has claimed the study.
            ForeignTrials: If another process has added trials to the study.
            StorageLost: If the storage stays out of reach.
        """
        if not self._lock.acquire(timeout=2 * patience):
            return
        try:
            trials, self._waiting = self._waiting, []
            if trials:
                patiently(lambda: self._add(trials), patience)
                self._n_stored += len(trials)
            self._flushed = self._clock()
        finally:
            self._lock.release()

    def _add(self, trials: list[FrozenTrial]) -> None:
        storage, study_id = self._study._storage, self._study._study_id
        bulk.add_trials(storage, study_id, trials, self._n_stored, self._claim)
