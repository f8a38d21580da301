"""The memory that this process holds, and the most that it has held."""

from __future__ import annotations

import math
from pathlib import Path
import sys


_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")


def reset_peak() -> None:
    """Begin anew where the system can (Linux); elsewhere the peak is that of the whole process."""
    try:
        _RESET.write_text("5", encoding="ascii")
    except OSError:
        pass


def resident_mib() -> float:
    """Resident memory now, in MiB; where the system cannot tell, at its highest."""
    now = _status_mib("VmRSS")
    return peak_mib() if now is None else now


def peak_mib() -> float:
    """Resident memory at its highest since the last reset, in MiB; NaN if nobody can tell."""
    highest = _status_mib("VmHWM")
    if highest is not None:
        return highest
    try:
        import resource
    except ImportError:  # Windows.
        return math.nan
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Bytes on macOS, KiB elsewhere.
    return peak / 1024**2 if sys.platform == "darwin" else peak / 1024


def _status_mib(name: str) -> float | None:
    try:
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return None
