"""How example code loads the package."""

from __future__ import annotations

import ast


_LOADERS = ("load_module", "load_local_module")


def wrong_loads(tree: ast.Module, title: str) -> tuple[bool, list[tuple[int, str]]]:
    """Look at the calls that load a package of the hub.

    Args:
        tree: The code.
        title: Such as ``samplers/lattice_gp``.

    Returns:
        Whether it loads this package from the registry, and the lines and messages of what
        belongs to a try-out rather than to a published example.
    """
    loaded, wrong = False, []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or _name(node.func) not in _LOADERS:
            continue
        if _name(node.func) == "load_local_module":
            wrong.append((node.lineno, f"load_local_module: write load_module({title!r})"))
            continue
        extra = [k.arg for k in node.keywords if k.arg in ("repo_owner", "repo_name", "ref")]
        if extra:
            wrong.append((node.lineno, f"load_module with {', '.join(extra)}: leave it out"))
        elif _package_argument(node) == title:
            loaded = True
    return loaded, wrong


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _package_argument(call: ast.Call) -> object:
    given = [k.value for k in call.keywords if k.arg == "package"] + call.args[:1]
    return given[0].value if given and isinstance(given[0], ast.Constant) else None
