"""requirements.txt: all that the code imports beyond Optuna, and nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from collections.abc import Iterator
from pathlib import PurePosixPath
import re

from ..findings import Finding
from ..packages import Package
from .third_party import brought_by_optuna
from .third_party import canonical
from .third_party import imported
from .third_party import modules_of
from .third_party import names_of
from .third_party import relative_imports


_FILE = "requirements.txt"


def requirement_lines(package: Package) -> Iterable[Finding]:
    """One requirement a line, without exact pins and without what Optuna brings."""
    for number, line in _lines(package):
        message = _complaint(line)
        if message:
            yield package.finding("requirement-lines", _FILE, number, message)


def _complaint(line: str) -> str:
    from packaging.requirements import Requirement

    requirement = _parse(line)
    if not isinstance(requirement, Requirement):
        return f"{line!r} is no requirement: write one name a line, such as scipy>=1.15"
    if requirement.url:
        return f"{line!r} is an address: name a release on the package index"
    if canonical(requirement.name) in brought_by_optuna():
        return f"Optuna brings {requirement.name}: remove the line"
    if any(part.operator in ("==", "===") for part in requirement.specifier):
        return f"{line!r} is pinned, which breaks with others: write {requirement.name}>=..."
    return ""


def requirements_used(package: Package) -> Iterable[Finding]:
    """Each is imported by the package itself, not needed by another requirement only."""
    from packaging.requirements import Requirement

    names = {name for tree in package.runtime_modules.values() for name, *_ in imported(tree)}
    for number, line in _lines(package):
        requirement = _parse(line)
        if isinstance(requirement, Requirement) and not _complaint(line):
            if not modules_of(requirement.name) & names:
                message = f"nothing imports {requirement.name}: remove the line"
                yield package.finding("requirements-used", _FILE, number, message)


def requirements_complete(package: Package) -> Iterable[Finding]:
    """What is imported is listed; if only a function or a script needs it, it may be told instead.

    Told under Installation, or in the docstring of the module. Tests and further examples may
    import more.
    """
    known = {module for name in brought_by_optuna() for module in modules_of(name)}
    known |= required_modules(package)
    installation = package.readme.section_text("Installation")
    eager = _imported_at_once(package)
    own = ("package", "benchmarks", package.name)
    for name, tree in package.runtime_modules.items():
        said: set[str] = set()
        told = set(re.findall(r"[\w.-]*\w", f"{installation}\n{ast.get_docstring(tree)}".lower()))
        for module, line, at_once in imported(tree):
            # The repository's own are findings of rule relative-imports.
            if module in known or module in said or module in own:
                continue
            said.add(module)
            if name in eager and at_once:
                message = f"imports {module}: add its distribution to {_FILE}"
            elif told & names_of(module):
                continue
            else:
                message = f"imports {module}: add it to {_FILE}, or name it under Installation "
                message += "or in the docstring"
            yield package.finding("requirements-complete", name, line, message)


def required_modules(package: Package) -> set[str]:
    """The modules of what requirements.txt lists."""
    return {module for name in _distributions(package) for module in modules_of(name)}


def _lines(package: Package) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(package.texts.get(_FILE, "").splitlines(), 1):
        text = line.partition("#")[0].strip() if "://" not in line else line.strip()
        if text:
            yield number, text


def _parse(line: str) -> object:
    from packaging.requirements import InvalidRequirement
    from packaging.requirements import Requirement

    try:
        return Requirement(line)
    except InvalidRequirement:
        return None


def _distributions(package: Package) -> Iterator[str]:
    from packaging.requirements import Requirement

    for _, line in _lines(package):
        requirement = _parse(line)
        if isinstance(requirement, Requirement):
            yield canonical(requirement.name)


def _imported_at_once(package: Package) -> set[str]:
    """The modules that loading the package or running its example imports."""
    modules = package.runtime_modules
    reached: set[str] = set()
    waiting = ["__init__.py", "example.py"]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in modules:
            continue
        reached.add(name)
        for node in relative_imports(modules[name]):
            # One that leaves the package is a finding of rule relative-imports.
            if node.level > len(PurePosixPath(name).parts):
                continue
            base = PurePosixPath(name).parents[node.level - 1]
            parts = (node.module or "").replace(".", "/")
            targets = [base / parts] + [base / parts / alias.name for alias in node.names]
            for target in targets:
                waiting += [f"{target}.py", str(target / "__init__.py")]
    return reached
