"""Open a storage by its URL: SQLite with settings for several processes, or any other."""

from __future__ import annotations

import functools
from pathlib import Path
import re
from typing import Any

import optuna
from optuna.storages import BaseStorage
import sqlalchemy

from ..errors import reason_of
from ..errors import UsageError
from .patience import patiently


# Name of the SQLite file of a run.
FILE = "studies.db"
# How long a process waits for another one's write, in seconds. A write takes milliseconds.
_SQLITE_TIMEOUT = 60
# A server that vanishes without a goodbye is noticed within a minute, and not after two hours.
_LIBPQ_ARGS = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
_PASSWORD = re.compile(r"(://[^:/@\s]*:)[^@\s]*@")


def default_url(out: Path) -> str:
    """URL of the SQLite file in an output folder."""
    return f"sqlite:///{out / FILE}"


def is_sqlite(url: str) -> bool:
    """Whether a storage is a file of SQLite's, or in memory."""
    return url.startswith("sqlite")


def without_password(url: str) -> str:
    """The URL as it may be printed."""
    try:
        return sqlalchemy.engine.make_url(url).render_as_string(hide_password=True)
    except sqlalchemy.exc.ArgumentError:
        return url


def without_passwords(command: str) -> str:
    """A command line as it may be written to files that are passed on."""
    return _PASSWORD.sub(r"\1***@", command)


def may_be_there(url: str) -> bool:
    """Whether there is something to open; False only for SQLite whose file is not there."""
    if not is_sqlite(url):
        return True
    file = sqlalchemy.engine.make_url(url).database or ":memory:"
    return file.startswith(("file:", ":")) or Path(file).is_file()


def open_storage(url: str, *, create: bool = False) -> BaseStorage:
    """Open a storage.

    Args:
        url: Any URL that Optuna accepts.
        create: Make the file and the tables if they are not there. Only one process at a time may
            do that.

    Raises:
        UsageError: If the storage cannot be reached; the message is one line.
    """
    try:
        if is_sqlite(url):
            return _open_sqlite(url, create)
        return _open_server(url)
    except Exception as error:  # Every database driver raises its own.
        raise UsageError(
            f"--storage: cannot open {without_password(url)}: {_reason(error)} "
            "(accepts an Optuna storage URL such as sqlite:///studies.db or postgresql://...)"
        ) from error


def open_results(
    out: Path, url: str | None, *, create: bool = False, argument: str = "--out"
) -> BaseStorage:
    """Open the storage of the results of an output folder.

    Args:
        out: The folder.
        url: URL of the storage, where the user gave one; else it is the SQLite file in the folder.
        create: As of :func:`open_storage`.
        argument: The option that the folder was given to.

    Raises:
        UsageError: If the storage cannot be opened; the message is one line.
    """
    if url:
        return open_storage(url, create=create)
    try:
        return _open_sqlite(default_url(out), create)
    except Exception as error:  # Optuna's, SQLAlchemy's or that of SQLite.
        raise UsageError(
            f"{argument}: cannot read {out / FILE} ({_reason(error)}); move it away or "
            "replace it by an intact copy, or give another folder."
        ) from error


def check_results(out: Path, argument: str, accepted: str) -> None:
    """Make sure that an output folder holds the SQLite file of a run.

    Args:
        out: The folder.
        argument: The option that it was given to.
        accepted: What that accepts.

    Raises:
        UsageError: If it does not.
    """
    if not (out / FILE).is_file():
        raise UsageError(
            f"{argument}: {out} holds no results ({FILE} is not there); accepts {accepted}"
        )


def _reason(error: BaseException) -> str:
    """What went wrong, in one line."""
    link: BaseException | None = error
    while link is not None:
        # In the database's own words: what Optuna makes of them tells of other causes.
        if isinstance(link, sqlalchemy.exc.DBAPIError) and link.orig is not None:
            error = link.orig
        link = link.__cause__
    return reason_of(error)


@functools.lru_cache(maxsize=1)
def connect(url: str) -> BaseStorage:
    """Open a storage once a process: a worker runs many short studies in the same one.

    Raises:
        StorageLost: If the storage stays out of reach.
        UsageError: If the URL is not that of a storage.
    """
    return patiently(lambda: open_storage(url))


def _open_sqlite(url: str, create: bool) -> BaseStorage:
    if not create and not may_be_there(url):
        # SQLite would make an empty one, and leave it behind.
        raise FileNotFoundError("there is no such file")
    storage = optuna.storages.RDBStorage(
        url,
        engine_kwargs={"connect_args": {"timeout": _SQLITE_TIMEOUT}},
        skip_table_creation=not create,
    )

    def prepare(connection: Any, _: Any) -> None:
        # Readers and one writer side by side, and no fsync a commit: after kill -9 every commit
        # is there (the system has it), only a power cut could lose the last ones.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    sqlalchemy.event.listen(storage.engine, "connect", prepare)
    # Connections opened before the listener was there do not have these settings.
    storage.engine.dispose()
    return storage


def _open_server(url: str) -> BaseStorage:
    kwargs: dict[str, Any] = {}
    if "://" in url:
        # Connections that died while nobody used them are replaced without a word.
        kwargs["pool_pre_ping"] = True
        if sqlalchemy.engine.make_url(url).get_driver_name() in ("psycopg", "psycopg2"):
            kwargs["connect_args"] = _LIBPQ_ARGS
    return optuna.storages.RDBStorage(url, engine_kwargs=kwargs)
