"""Outages of the storage: waited for, told once, and the end of a run if they last."""

from __future__ import annotations

from collections.abc import Callable
import sqlite3

import optuna
import pytest
import sqlalchemy

from benchmarks.engines.attempt import Result
from benchmarks.engines.jobs import Board
from benchmarks.engines.jobs import Job
from benchmarks.engines.jobs import OutageNote
from benchmarks.engines.jobs import settle
from benchmarks.problems.spec import Options
from benchmarks.storage import patience
from benchmarks.storage.patience import patiently
from benchmarks.storage.patience import StorageLost
from benchmarks.storage.study_spec import StudySpec


def _outage(message: str = "server closed the connection") -> sqlalchemy.exc.OperationalError:
    return sqlalchemy.exc.OperationalError("SELECT 1", {}, Exception(message))


def _failing(times: int, error: Exception) -> Callable[[], str]:
    left = [error] * times

    def action() -> str:
        if left:
            raise left.pop()
        return "done"

    return action


def test_patience_repeats_what_an_outage_made_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []
    monkeypatch.setattr(patience.WATCH, "changed", told.append)
    pauses: list[float] = []
    assert patiently(_failing(5, _outage()), sleep=pauses.append) == "done"
    # Longer each time, and said once.
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6] and told == [True, False]


def test_patience_ends() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    with pytest.raises(StorageLost, match="not answered for 60 s: .*closed the connection") as got:
        patiently(_failing(1000, _outage()), clock=lambda: now[0], sleep=sleep)
    assert now[0] == pytest.approx(60.0)
    assert "\n" not in str(got.value)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no outage"),
        sqlalchemy.exc.IntegrityError("INSERT", {}, Exception("duplicate")),
        sqlalchemy.exc.OperationalError("x", {}, sqlite3.OperationalError("no such table: x")),
    ],
)
def test_no_patience_with_other_errors(error: Exception) -> None:
    with pytest.raises(type(error)):
        patiently(_failing(1, error), sleep=lambda seconds: pytest.fail("waited"))


def test_outage_behind_another_error_is_seen() -> None:
    try:
        try:
            raise _outage()
        except sqlalchemy.exc.OperationalError as error:
            raise optuna.exceptions.StorageInternalError("of Optuna's") from error
    except optuna.exceptions.StorageInternalError as error:
        assert patience.is_outage(error)


def test_lost_storage_ends_the_run() -> None:
    spec = StudySpec("quadratic", "random", 0, 5, Options(), "")
    job = Job(spec, 0)
    with pytest.raises(StorageLost, match="gone for good"):
        settle(job, Result(error="gone for good", storage_lost=True))
    assert job.state == "failed"


def test_outage_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    board = Board(1)
    note = OutageNote(board)
    for away in (0, 1, 1, 0, 0):
        board.away.value = away
        note.tick()
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "note: the storage does not answer; trying again for 60 s",
        "note: the storage answers again",
    ]
