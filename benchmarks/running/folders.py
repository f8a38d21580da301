"""The output folder: made, tried and kept for one run at a time."""

from __future__ import annotations

from pathlib import Path
import tempfile
from typing import Any

from ..errors import UsageError


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
        reason = error.strerror or error
        raise UsageError(
            f"--out: cannot write to {out} ({reason}); accepts a folder that can be written to."
        ) from error


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
