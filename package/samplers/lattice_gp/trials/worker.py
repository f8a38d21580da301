"""Identify the process that evaluates a trial, and tell whether it still runs.

A process that is killed leaves its trial in state RUNNING for ever. Taken for a trial that some
worker is about to finish, it would keep its place from ever being evaluated.
"""

from __future__ import annotations

from functools import lru_cache
import os
from pathlib import Path
import sys


def current_worker() -> str | None:
    """An identifier of this process that no other process has had since this machine started.

    Returns:
        None where the system does not tell enough (anything but Linux): a worker without an
        identifier is never taken for dead.
    """
    # Looked up by process id, so that a forked process does not inherit its parent's identity.
    return _identify(os.getpid()) if sys.platform == "linux" else None


def is_gone(worker: str) -> bool:
    """Whether a worker's process has ended, as far as can be told from here.

    Args:
        worker: What :func:`current_worker` returned in that process.

    Returns:
        False if the process runs, or if it belongs to another machine or container (or to this
        one before a restart) or is hidden from this user, so that it cannot be looked into.
    """
    try:
        machine, pid, start_time = worker.rsplit("/", 2)
        return machine == _machine() and _start_time(int(pid)) != start_time
    except (OSError, ValueError):
        return False


@lru_cache(maxsize=1)
def _identify(pid: int) -> str | None:
    try:
        start_time = _start_time(pid)
        return f"{_machine()}/{pid}/{start_time}" if start_time else None
    except OSError:
        return None


def _machine() -> str:
    """The running system and its process namespace, which together give a process id a meaning."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}/{os.readlink('/proc/self/ns/pid')}"


def _start_time(pid: int) -> str | None:
    """Clock ticks from system start to process start; None if there is no such live process.

    Raises:
        OSError: If that cannot be seen, as of another user's process on many shared machines.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        if _exists(pid):
            raise
        return None
    # The second field, the program's name in parentheses, may itself hold spaces.
    fields = stat.rpartition(")")[2].split()
    state, start_time = fields[0], fields[19]
    # A killed process stays as a zombie until its parent takes notice of it.
    return None if state in "ZX" else start_time


def _exists(pid: int) -> bool:
    """Whether there is a process of this id, also where ``/proc`` hides it (``hidepid``)."""
    try:
        os.kill(pid, 0)  # signal 0 is sent to nobody
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True
