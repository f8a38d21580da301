"""Which modules can be imported here, found out without importing them."""

from __future__ import annotations

from collections.abc import Iterable
import importlib.util


def absent(modules: Iterable[str]) -> list[str]:
    """Those of some modules that are not installed.

    Args:
        modules: Names of modules that are in no package.
    """
    return [name for name in modules if not _is_there(name)]


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ValueError:  # It is imported already, and stands in for itself without a specification.
        return True
