"""What a run finds where it runs: cores and versions."""

from __future__ import annotations

import os
import platform

from ..modules import installed_version


_LIBRARIES = ("optuna", "optunahub", "numpy", "scipy", "torch")


def available_cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that results depend on."""
    found = {library: installed_version(library) for library in _LIBRARIES}
    return {"python": platform.python_version(), **found}
