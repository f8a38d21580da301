"""What a run finds where it runs: cores and versions."""

from __future__ import annotations

from collections.abc import Iterable
import importlib.metadata
import os
import platform


_LIBRARIES = ("optuna", "optunahub", "numpy", "scipy", "torch")


def available_cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def versions(more: Iterable[str] = ()) -> dict[str, str]:
    """Versions of Python and of the libraries that results depend on.

    Args:
        more: Libraries that only some results depend on.
    """
    found = {"python": platform.python_version()}
    for library in dict.fromkeys([*_LIBRARIES, *more]):
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            found[library] = "not installed"
    return found
