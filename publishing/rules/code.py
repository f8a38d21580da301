"""The code: that it parses, imports, exports and loads as a package of the hub does."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import PurePosixPath
import re

from ..findings import Finding
from ..packages import nodes
from ..packages import Package
from ..packages import parsed
from .loading import wrong_loads
from .requirements import required_modules


def python_syntax(package: Package) -> Iterable[Finding]:
    """Python files are Python."""
    for name, text in package.texts.items():
        if name.endswith(".py") and name not in package.modules:
            try:
                parsed(text)
            except SyntaxError as error:
                message = f"no Python ({error.msg}): correct it"
                yield package.finding("python-syntax", name, error.lineno or 0, message)


def relative_imports(package: Package) -> Iterable[Finding]:
    """The package imports its own modules by relative imports, and nothing of this repository."""
    foreign = {"package", "benchmarks", package.name} - required_modules(package)
    for name, tree in package.modules.items():
        depth = len(PurePosixPath(name).parts)
        for node in nodes(tree):
            if isinstance(node, ast.Import):
                imports = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imports = [node.module or ""]
            elif isinstance(node, ast.ImportFrom) and node.level > depth:
                message = "a relative import that leaves the package: copy what it needs"
                yield package.finding("relative-imports", name, node.lineno, message)
                continue
            else:
                continue
            for imported in imports:
                if imported.partition(".")[0] in foreign:
                    message = f"imports {imported}, which is not there on the hub: write 'from .'"
                    yield package.finding("relative-imports", name, node.lineno, message)


def future_annotations(package: Package) -> Iterable[Finding]:
    """Files with annotations delay them, so that older Pythons can read them."""
    for name, tree in package.modules.items():
        if _has_annotations(tree) and not _delays_annotations(tree):
            message = "has annotations: add 'from __future__ import annotations' at its head"
            yield package.finding("future-annotations", name, 1, message)


def _has_annotations(tree: ast.Module) -> bool:
    for node in nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns:
            return True
        if isinstance(node, ast.AnnAssign) or (isinstance(node, ast.arg) and node.annotation):
            return True
    return False


def _delays_annotations(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for node in tree.body
    )


def exports(package: Package) -> Iterable[Finding]:
    """``__all__`` names what is public, and the README's APIs tell of each."""
    tree = package.modules.get("__init__.py")
    if tree is None:
        return
    names, line = _public_names(tree)
    if not names:
        message = "has no __all__: list the public classes and functions"
        yield package.finding("exports", "__init__.py", line, message)
    told = package.readme.section_text("APIs")
    if not told:
        return
    for name in names:
        if not re.search(rf"\b{re.escape(name)}\b", told):
            message = f"__all__ has {name!r}, of which the README's APIs say nothing: describe it"
            yield package.finding("exports", "__init__.py", line, message)


def _public_names(tree: ast.Module) -> tuple[list[str], int]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            if isinstance(node.value, (ast.List, ast.Tuple)):
                items = [i.value for i in node.value.elts if isinstance(i, ast.Constant)]
                return [item for item in items if isinstance(item, str)], node.lineno
            return [], node.lineno
    return [], 0


def example(package: Package) -> Iterable[Finding]:
    """example.py loads the package from the registry."""
    tree = package.modules.get("example.py")
    if tree is None:
        return
    loaded, wrong = wrong_loads(tree, package.title)
    for line, message in wrong:
        yield package.finding("example", "example.py", line, message)
    if not loaded and not wrong:
        message = f"does not load the package: add optunahub.load_module({package.title!r})"
        yield package.finding("example", "example.py", 0, message)
