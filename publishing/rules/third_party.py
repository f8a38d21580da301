"""Which module comes from which distribution, and what Optuna brings along."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from importlib import metadata
import re
import sys


# Where the names differ; those of installed distributions are looked up.
_MODULES = {
    "beautifulsoup4": {"bs4"},
    "opencv-python": {"cv2"},
    "pillow": {"PIL"},
    "pyyaml": {"yaml"},
    "scikit-learn": {"sklearn"},
    "python-dateutil": {"dateutil"},
}


def canonical(name: str) -> str:
    """A distribution's name as indexes compare them."""
    return re.sub(r"[-_.]+", "-", name).lower()


@lru_cache
def _owners() -> dict[str, set[str]]:
    """Installed modules by the canonical names of their distributions."""
    modules: dict[str, set[str]] = {}
    for module, owners in metadata.packages_distributions().items():
        for owner in owners:
            modules.setdefault(canonical(owner), set()).add(module)
    return modules


@lru_cache
def modules_of(distribution: str) -> frozenset[str]:
    """Top-level modules of a distribution, by the installed one or by its name."""
    name = canonical(distribution)
    return frozenset(_owners().get(name, set()) | _MODULES.get(name, {name.replace("-", "_")}))


def names_of(module: str) -> set[str]:
    """A module and the distributions that it may come from, in lower case."""
    owners = {
        owner for owner, modules in [*_owners().items(), *_MODULES.items()] if module in modules
    }
    return {module.lower()} | owners


@lru_cache
def brought_by_optuna() -> frozenset[str]:
    """Distributions that are there wherever a package of the hub is loaded."""
    from packaging.requirements import Requirement

    brought = {"optuna", "optunahub"}
    for line in metadata.requires("optuna") or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            brought.add(canonical(requirement.name))
    return frozenset(brought)


def imported(tree: ast.Module) -> Iterator[tuple[str, int, bool]]:
    """Top-level third-party modules that a module imports: name, line, and whether at once.

    Those for type checking only are left out. What a function imports is not imported at once.
    """
    for node, at_once in _import_nodes(tree.body, True):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            names = [node.module or ""] if node.level == 0 else []
        for name in names:
            top = name.partition(".")[0]
            if top and top not in sys.stdlib_module_names:
                yield top, node.lineno, at_once


def relative_imports(tree: ast.Module) -> Iterator[ast.ImportFrom]:
    """The imports of the package's own modules that happen at once."""
    for node, at_once in _import_nodes(tree.body, True):
        if at_once and isinstance(node, ast.ImportFrom) and node.level > 0:
            yield node


def _import_nodes(
    body: list[ast.stmt], at_once: bool
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    for statement in body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            yield statement, at_once
            continue
        if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
            yield from _import_nodes(statement.orelse, at_once)
            continue
        is_function = isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef))
        for inner in _bodies(statement):
            yield from _import_nodes(inner, at_once and not is_function)


def _bodies(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        inner = getattr(statement, name, None)
        if isinstance(inner, list):
            yield inner
    for branch in [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]:
        yield branch.body
