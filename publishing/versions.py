"""Which versions of Optuna the packages are for, as pyproject.toml says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import sys
from typing import Any

from .errors import UsageError
from .texts import read_text


if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Supported:
    """Oldest and newest version of Optuna that the packages are tested with, as ``x.y.z``."""

    oldest: str
    newest: str


def supported(root: Path) -> Supported:
    """Read the versions from a checkout.

    The oldest is the lower bound of the dependency on Optuna, the newest what
    ``[tool.publishing]`` names.

    Raises:
        UsageError: If pyproject.toml lacks one of them.
    """
    path = root / "pyproject.toml"
    project = read_project(root)
    newest = project.get("tool", {}).get("publishing", {}).get("newest-optuna")
    if not newest:
        raise UsageError(f'{path}: [tool.publishing] must have newest-optuna = "x.y.z"')
    return Supported(oldest=_lower_bound(project, path), newest=str(newest))


def read_project(root: Path) -> dict[str, Any]:
    """What pyproject.toml of a checkout says.

    Raises:
        UsageError: If there is none, it cannot be read, or what it says of the project and of
            publishing is not of its kind.
    """
    path = root / "pyproject.toml"
    if not path.exists():
        raise UsageError(f"{path}: not found; run from the root of the checkout")
    try:
        read = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: no TOML: {error}") from None
    for complaint in _complaints(read):
        raise UsageError(f"{path}: {complaint}")
    return read


def _complaints(read: dict[str, Any]) -> Iterator[str]:
    """What is not of its kind in pyproject.toml, as far as anything here reads it."""
    from packaging.requirements import InvalidRequirement
    from packaging.requirements import Requirement
    from packaging.specifiers import InvalidSpecifier
    from packaging.specifiers import SpecifierSet

    for keys in (("project",), ("tool",), ("tool", "publishing")):
        table: Any = read
        for key in keys:
            table = table.get(key, {})
        if not isinstance(table, dict):
            yield f"{'.'.join(keys)} is {table!r}, but must be a table"
    project = read.get("project", {})
    lines = project.get("dependencies", [])
    if not isinstance(lines, list):
        yield f"dependencies is {lines!r}, but must be a list"
    for line in lines:
        try:
            Requirement(line)
        except (InvalidRequirement, TypeError):
            yield f"dependencies has {line!r}, which is no requirement"
    python = project.get("requires-python", "")
    try:
        if not isinstance(python, str):
            raise InvalidSpecifier
        SpecifierSet(python)
    except InvalidSpecifier:
        yield f'requires-python is {python!r}, but must be such as ">=3.10"'


def _lower_bound(project: dict[str, Any], path: Path) -> str:
    from packaging.requirements import Requirement

    for line in project.get("project", {}).get("dependencies", []):
        requirement = Requirement(line)
        bounds = [part.version for part in requirement.specifier if part.operator == ">="]
        if requirement.name == "optuna" and bounds:
            return full_version(bounds[0])
    raise UsageError(f'{path}: dependencies must have a lower bound such as "optuna >= 4.8"')


def full_version(version: str) -> str:
    """``4.8`` as ``4.8.0``."""
    parts = version.split(".")
    return ".".join(parts + ["0"] * (3 - len(parts)))
