"""What the harness knows of a sampler: how to build one, what it needs, what version it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import importlib.metadata
import importlib.util
from pathlib import Path

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler

from . import hub


Space = dict[str, BaseDistribution]


@dataclass(frozen=True)
class Setup:
    """What a sampler is built for.

    Attributes:
        seed: Its seed, 0 or more.
        space: The problem's search space.
        n_trials: Trials that the study is to have.
        registry: Folder with the packages of a hub registry; empty to get them over the network.
    """

    seed: int
    space: Space
    n_trials: int
    registry: str = ""


@dataclass(frozen=True)
class Contender:
    """A sampler to compare.

    Attributes:
        name: What the user and the studies call it.
        description: One line for ``list``.
        build: Makes the sampler.
        requires: Modules that it imports besides the harness's own.
        install: The command that installs them.
        package: Package of this checkout that it lives in; empty for samplers from elsewhere.
        hub_package: Package of a hub registry that it lives in, likewise.
        libraries: What, besides Optuna, its suggestions come from: distributions whose versions
            are recorded.
        source: File that holds its code, for a class named on the command line.
        stateless: Whether a suggestion depends on nothing but the seed, the trial number and the
            finished trials. Others have their suggestions replayed when a study is resumed.
        learns_when_told: Whether it learns a value only at the moment when it is told, and not
            from what the study holds.
        takes_history: Whether it makes use of trials that it has not suggested from the first
            suggestion on.
        limit: Number of trials after which it has nothing left to suggest; None for no limit.
    """

    name: str
    description: str
    build: Callable[[Setup], BaseSampler]
    requires: tuple[str, ...] = ()
    install: str = ""
    package: str = ""
    hub_package: str = ""
    libraries: tuple[str, ...] = ()
    source: str = ""
    stateless: bool = False
    learns_when_told: bool = False
    takes_history: bool = True
    limit: Callable[[Space], int] | None = None

    def version(self, registry: str = "") -> str:
        """What identifies the code of the sampler: versions, or a digest of its files.

        Args:
            registry: Where hub packages are, as in :class:`Setup`.

        Raises:
            Exception: If it is a hub package that cannot be loaded.
        """
        parts = [f"{name} {_installed(name)}" for name in self.libraries]
        if self.package:
            return f"sha256:{hub.digest(self.package, ('*.py', 'requirements.txt'))}"
        if self.hub_package:
            init = hub.load_registry_package(self.hub_package, registry).__file__
            assert init is not None
            parts.insert(0, f"sha256:{hub.digest_folder(Path(init).parent, ('*.py',))}")
        elif self.source:
            source = Path(self.source)
            parts.insert(0, f"sha256:{hub.digest_folder(source.parent, (source.name,))}")
        else:
            parts.insert(0, f"optuna {optuna.__version__}")
        return ", ".join(parts)

    def missing(self) -> str:
        """Why it cannot run here and what to do about it; empty if it can."""
        if self.package and not hub.has_package(self.package, "__init__.py"):
            return f"package/{self.package} is not in this checkout"
        absent = [name for name in self.requires if importlib.util.find_spec(name) is None]
        return f"needs {', '.join(absent)}: {self.install}" if absent else ""

    def cannot_load(self, registry: str = "") -> str:
        """Why its hub package cannot be loaded; empty if it can, or is none.

        May get the package over the network, and imports what it imports.

        Args:
            registry: Where hub packages are, as in :class:`Setup`.
        """
        if not self.hub_package:
            return ""
        try:
            hub.load_registry_package(self.hub_package, registry)
        except Exception as error:  # Of the network, of git, or of any library that it imports.
            where = registry or "OptunaHub (--registry DIR takes it from a local copy)"
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            return f"cannot load {self.hub_package} from {where}: {reason[:300]}"
        return ""

    def n_trials(self, wanted: int, space: Space) -> int:
        """Number of trials to plan for a budget of ``wanted``."""
        return wanted if self.limit is None else min(wanted, self.limit(space))


def _installed(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
