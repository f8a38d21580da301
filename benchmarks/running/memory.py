"""The most memory that this process has held."""

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


def peak_mib() -> float:
    """Resident memory at its highest since the last reset, in MiB; NaN if the system cannot tell."""
    try:
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:  # Windows.
        return math.nan
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Bytes on macOS, KiB elsewhere.
    return peak / 1024**2 if sys.platform == "darwin" else peak / 1024
