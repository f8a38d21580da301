"""Which modules and libraries are here, found out without importing them."""

from __future__ import annotations

from collections.abc import Iterable
import importlib.metadata
import importlib.util


def absent(modules: Iterable[str]) -> list[str]:
    """Those of some modules that are not installed.

    Args:
        modules: Names of modules that are in no package.
    """
    return [name for name in modules if not _is_there(name)]


def installed_version(library: str) -> str:
    """The version of a library, or that it is not installed.

    Args:
        library: Name to install it by; ``-`` and ``_`` are the same.
    """
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ValueError:  # It is imported already, and stands in for itself without a specification.
        return True
