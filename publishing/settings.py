"""The registry's settings of ruff, mypy and mdformat, and the versions that it pins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import UsageError
from .git import git


_KEPT = Path(__file__).parent / "registry_settings"
# The repositories of the hooks, by the names of the tools.
_HOOKS = {"ruff-pre-commit": "ruff", "mirrors-mypy": "mypy", "mdformat": "mdformat"}


@dataclass(frozen=True)
class Settings:
    """What the registry's CI runs its tools with.

    Attributes:
        source: Where they come from, for messages.
        pyproject: Text of the registry's pyproject.toml.
        pins: Version of each tool.
    """

    source: str
    pyproject: str
    pins: dict[str, str]


def kept_settings() -> Settings:
    """The copy kept in this repository."""
    hooks = (_KEPT / "pre-commit-config.yaml").read_text(encoding="utf-8")
    pyproject = (_KEPT / "pyproject.toml").read_text(encoding="utf-8")
    return Settings("publishing/registry_settings", pyproject, _pins(hooks))


def settings_of(clone: Path, revision: str) -> Settings:
    """Those of a clone of the registry at a revision."""
    hooks = git(clone, "show", f"{revision}:.pre-commit-config.yaml")
    pyproject = git(clone, "show", f"{revision}:pyproject.toml")
    return Settings(f"the registry's {revision}", pyproject, _pins(hooks))


def _pins(text: str) -> dict[str, str]:
    import yaml

    try:
        config: dict[str, Any] = yaml.safe_load(text)
        repositories = [(r["repo"].rstrip("/").rpartition("/")[2], r) for r in config["repos"]]
        return {
            _HOOKS[name]: str(repository["rev"]).removeprefix("v")
            for name, repository in repositories
            if name in _HOOKS
        }
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise UsageError(
            f".pre-commit-config.yaml of the registry: cannot be read: {error}"
        ) from None
