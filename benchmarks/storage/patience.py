"""Wait for a database that has gone away, instead of losing a run to it."""

from __future__ import annotations

from collections.abc import Callable
import sqlite3
import time
from typing import TypeVar

import sqlalchemy

from ..errors import reason_of
from ..errors import UsageError


T = TypeVar("T")

# How long a database may stay away, in seconds: a restart takes less.
PATIENCE = 60.0
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


class StorageLost(UsageError):
    """The storage has been out of reach for too long; what it holds is complete and consistent."""


class Watch:
    """Told of an outage at its begin and at its end.

    Attributes:
        changed: Called with True when the storage has stopped to answer, and with False when it
            answers again. Each process has one (:data:`WATCH`), which its engine sets.
    """

    def __init__(self) -> None:
        self.changed: Callable[[bool], None] = lambda away: None


WATCH = Watch()


def is_outage(error: BaseException) -> bool:
    """Whether an error, or what caused it, means that the database cannot be reached just now."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, sqlalchemy.exc.DBAPIError):
            if isinstance(link.orig, sqlite3.Error):
                # A file does not go away; but another process may hold it for long.
                return "locked" in str(link.orig)
            lost = (sqlalchemy.exc.OperationalError, sqlalchemy.exc.InterfaceError)
            return link.connection_invalidated or isinstance(link, lost)
        link = link.__cause__
    return False


def patiently(
    action: Callable[[], T],
    patience: float = PATIENCE,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Do something with the storage, again and again as long as it is away.

    Args:
        action: What to do. Must be safe to repeat: of a commit whose acknowledgement was lost
            nobody knows whether it took place.
        patience: For how many seconds after the first failure to try again, 0 or more.
        clock: Seconds of a clock that never goes back.
        sleep: Waits for so many seconds.

    Returns:
        What the action returns.

    Raises:
        StorageLost: If the storage stays away; the message is one line.
        Exception: Any other error of the action, at once.
    """
    deadline: float | None = None
    pause = _FIRST_PAUSE
    while True:
        try:
            result = action()
        except Exception as error:
            if not is_outage(error):
                raise
            now = clock()
            if deadline is None:
                deadline = now + patience
                WATCH.changed(True)
            if now >= deadline:
                raise StorageLost(_message(error, patience)) from error
            sleep(min(pause, deadline - now))
            pause = min(2 * pause, _LONGEST_PAUSE)
        else:
            if deadline is not None:
                WATCH.changed(False)
            return result


def _message(error: BaseException, patience: float) -> str:
    return (
        f"--storage: has not answered for {patience:.0f} s: {reason_of(error)}. Every trial that was "
        "stored is safe; the same command continues when the storage is back."
    )
