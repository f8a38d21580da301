"""The output folder: made, tried and kept for one run at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import errno
import os
from pathlib import Path
import tempfile
from typing import Any

from .errors import UsageError


def check_place(out: Path) -> None:
    """Make sure that an output folder is there or might be made; nothing is written.

    Raises:
        UsageError: If something else is there, or it could not be written to.
    """
    there = next(place for place in (out, *out.absolute().parents) if place.exists())
    if not there.is_dir():
        raise _unusable(out, f"{there} is not a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise _unusable(out, os.strerror(errno.EACCES))


def make_folder(out: Path) -> None:
    """Make the output folder and make sure that it can be written to.

    Raises:
        UsageError: If it cannot.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise _unusable(out, error.strerror or str(error)) from error


def _unusable(out: Path, reason: str) -> UsageError:
    return UsageError(
        f"--out: cannot write to {out} ({reason}); accepts a folder that can be written to."
    )


@contextmanager
def own_folder(out: Path) -> Iterator[None]:
    """Make an output folder, and keep other runs out of it meanwhile.

    Raises:
        UsageError: If it cannot be written to, or another run is at work there.
    """
    make_folder(out)
    lock = lock_folder(out)
    try:
        yield
    finally:
        if lock is not None:
            lock.close()


def lock_folder(out: Path) -> Any:
    """Keep a second run out of an output folder as long as this process lives.

    Returns:
        The open lock file; None where the system has no such locks.

    Raises:
        UsageError: If another run is at work there.
    """
    try:
        import fcntl
    except ImportError:  # Windows.
        return None
    file = (out / ".lock").open("w")
    try:
        # The system lifts it when this process ends, whatever ends it.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise UsageError(
            f"--out: another run is at work in {out}; wait for it, or give another folder."
        ) from None
    except OSError:
        # A file system without locks is no reason not to run.
        return None
    return file
