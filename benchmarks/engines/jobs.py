"""Studies on their way through an engine, and what its coordinator knows of them."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
import multiprocessing
import sys

from ..storage import patience
from ..storage.patience import StorageLost
from ..storage.study_spec import StudySpec
from ..study.runner import Outcome
from .attempt import Result


class Board:
    """Memory that the coordinator shares with its workers.

    Plain integers that one worker writes and the coordinator reads, without locks: a worker that
    is killed cannot leave a lock behind.

    Attributes:
        finished: Finished trials of each study.
        stop: 1 is the order to stop.
        away: 1 while a worker finds the storage out of reach.
    """

    def __init__(self, n_studies: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.finished = context.RawArray(ctypes.c_int, n_studies)
        self.stop = context.RawValue(ctypes.c_int, 0)
        self.away = context.RawValue(ctypes.c_int, 0)


@dataclass
class Job:
    """A study on its way through the engine.

    Attributes:
        spec: The study.
        index: Its place on the board.
        state: ``"waiting"``, ``"running"``, ``"finished"`` or ``"failed"``.
        n_begin: Finished trials when it was last begun.
        started: When it was last begun, in seconds of the monotonic clock.
        seconds: How long it ran, all starts together.
        outcome: How it ended, if it finished.
        error: One line on what went wrong, if it failed.
        details: The traceback, if there is one.
        restarts: How often a dead worker was replaced.
    """

    spec: StudySpec
    index: int
    state: str = "waiting"
    n_begin: int = 0
    started: float = 0.0
    seconds: float = 0.0
    outcome: Outcome | None = None
    error: str = ""
    details: str = ""
    restarts: int = 0


def trials_left(job: Job, board: Board) -> int:
    """Trials that a job still lacks; none where the storage holds more than it is to have now."""
    return max(0, job.spec.n_trials - board.finished[job.index])


class OutageNote:
    """Says once an outage that the storage does not answer, and that it answers again."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._said = False

    def tick(self) -> None:
        """Say what has changed since the last call."""
        away = bool(self._board.away.value)
        if away == self._said:
            return
        self._said = away
        what = (
            f"does not answer; trying again for {patience.PATIENCE:.0f} s"
            if away
            else "answers again"
        )
        print(f"note: the storage {what}", file=sys.stderr)


def settle(job: Job, result: Result) -> None:
    """Write down how the attempt at a job ended.

    Raises:
        StorageLost: If the storage stays out of reach, which ends the run.
    """
    job.outcome, job.error, job.details = result.outcome, result.error, result.details
    job.state = "failed" if job.error else "finished"
    if result.storage_lost:
        raise StorageLost(result.error)
