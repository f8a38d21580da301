"""What Optuna does not export, which moves without notice."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from collections.abc import Iterator
from functools import lru_cache
import inspect
import re

from ..findings import Finding
from ..packages import nodes
from ..packages import Package


# A module whose docstring says this is the one that may; its tests must notice when things move.
_THE_ONE_PLACE = re.compile(r"\bone place\b", re.IGNORECASE)


def private_api(package: Package) -> Iterable[Finding]:
    """No private API of Optuna, but in one module that says that it is the one place."""
    places = []
    for name, tree in package.runtime_modules.items():
        uses = sorted(set(_uses(tree)))
        if not uses:
            continue
        if _THE_ONE_PLACE.search(ast.get_docstring(tree) or ""):
            places.append((name, uses[0][0]))
            continue
        for line, what in uses:
            message = f"{what} is private to Optuna: use what it exports, or do it in one module"
            message += " whose docstring says that it is the one place"
            yield package.finding("private-api", name, line, message)
    for name, line in places[1:]:
        message = f"{places[0][0]} says that it is the one place for private API too: join them"
        yield package.finding("private-api", name, line, message)


def _uses(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if _is_private_path(alias.name):
                    yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                if _is_private_path(f"{node.module}.{alias.name}"):
                    yield node.lineno, f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Attribute):
            yield from _attribute_use(node)
        elif isinstance(node, ast.Call):
            yield from _getattr_use(node)


def _is_private_path(path: str) -> bool:
    first, *others = path.split(".")
    return first == "optuna" and any(_is_private(part) for part in others)


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def _attribute_use(node: ast.Attribute) -> Iterator[tuple[int, str]]:
    if not _is_private(node.attr):
        return
    owner = ast.unparse(node.value)
    if owner.startswith("optuna.") or owner == "optuna":
        yield node.lineno, f"{owner}.{node.attr}"
    elif owner not in ("self", "cls", "super()") and node.attr in private_names():
        yield node.lineno, f"{owner}.{node.attr}"


def _getattr_use(node: ast.Call) -> Iterator[tuple[int, str]]:
    """``getattr(study, "_storage")`` and its likes."""
    if not isinstance(node.func, ast.Name) or len(node.args) < 2:
        return
    name = node.args[1]
    if node.func.id in ("getattr", "setattr", "hasattr", "delattr"):
        if isinstance(name, ast.Constant) and name.value in private_names():
            yield node.lineno, f"{node.func.id}(..., {name.value!r})"


@lru_cache
def private_names() -> frozenset[str]:
    """Private attributes of the installed Optuna's public classes that samplers are handed."""
    import optuna

    names: set[str] = set()
    for module in (optuna.study, optuna.trial, optuna.storages, optuna.distributions):
        exported = getattr(module, "__all__", None) or dir(module)
        for name in exported:
            value = getattr(module, name)
            if inspect.isclass(value) and value.__module__.startswith("optuna."):
                names |= _private_attributes(value)
    return frozenset(names)


def _private_attributes(cls: type) -> set[str]:
    names = {name for name in dir(cls) if _is_private(name)}
    # What named tuples, enums and abstract classes have there is Python's.
    names -= {"_abc_impl", "_asdict", "_fields", "_field_defaults", "_make", "_replace"}
    names -= {name for base in cls.__mro__ if base.__module__ == "enum" for name in dir(base)}
    for base in cls.__mro__:
        if base.__module__.startswith("optuna."):
            names |= set(re.findall(r"\bself\.(_[a-z]\w*)\b[^=\n]*=[^=]", inspect.getsource(base)))
    return {name for name in names if _is_private(name)}
