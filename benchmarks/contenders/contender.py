"""What the harness knows of a sampler: how to build one, what it needs, what version it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.samplers import BaseSampler

from .. import hub
from ..errors import in_one_line
from ..errors import UsageError
from ..modules import absent
from ..modules import installed_version
from ..suite.space import Space


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
        broken: Why it cannot be imported; empty if it can, or that is not known yet.
        call: What :func:`benchmarks.contenders.registry.get_contender` makes it from again in a
            worker; empty if that is the name.
        check: Makes sure that it takes the arguments it was given, once it can be loaded; called
            with the registry, as in :class:`Setup`.
        note: What a reader of its results has to know; called likewise.
        unfit: Why it cannot work on a search space; empty if it can.
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
    broken: str = ""
    call: str = ""
    check: Callable[[str], None] | None = None
    note: Callable[[str], str] | None = None
    unfit: Callable[[Space], str] | None = None

    @property
    def text(self) -> str:
        """What makes the contender again: its call, or else its name."""
        return self.call or self.name

    def version(self, registry: str = "") -> str:
        """What identifies the code of the sampler: versions, or a digest of its files.

        Args:
            registry: Where hub packages are, as in :class:`Setup`.

        Raises:
            Exception: If it is a hub package that cannot be loaded.
        """
        parts = [f"{name} {installed_version(name)}" for name in self.libraries]
        if self.package:
            parts.insert(0, f"sha256:{hub.code_digest(self.package)}")
        elif self.hub_package:
            init = hub.load_registry_package(self.hub_package, registry).__file__
            assert init is not None
            parts.insert(0, f"sha256:{hub.digest_folder(Path(init).parent, ('**/*.py',))}")
        elif self.source:
            source = Path(self.source)
            parts.insert(0, f"sha256:{hub.digest_folder(source.parent, (source.name,))}")
        else:
            parts.insert(0, f"optuna {optuna.__version__}")
        if self.text != self.name:
            # The same name may stand for something else tomorrow.
            parts.insert(0, self.text)
        return ", ".join(parts)

    def missing(self) -> str:
        """Why it cannot run here and what to do about it; empty if it can."""
        if self.package and not hub.has_package(self.package, "__init__.py"):
            return f"package/{self.package} is not in this checkout"
        if self.broken:
            return self.broken
        lacking = absent(self.requires)
        return f"needs {', '.join(lacking)}: {self.install}" if lacking else ""

    def cannot_load(self, registry: str = "") -> str:
        """Why its hub package cannot be loaded; empty if it can, or is none.

        May get the package over the network, and imports what it imports.

        Args:
            registry: Where hub packages are, as in :class:`Setup`.

        Raises:
            UsageError: If there is no such hub package, or it does not take its arguments.
        """
        if self.hub_package:
            try:
                hub.load_registry_package(self.hub_package, registry)
            # Of the network, of git, or of any library that it imports, which may even exit.
            except (Exception, SystemExit) as error:
                return self._why_not_loaded(error, registry)
        if self.check is not None:
            self.check(registry)
        return ""

    def install_command(self, registry: str = "") -> str:
        """The command that installs what it needs; empty if nobody says.

        Args:
            registry: Where hub packages are, as in :class:`Setup`.
        """
        if self.install or not self.hub_package:
            return self.install
        return hub.install_command(self.hub_package, registry)

    def _why_not_loaded(self, error: BaseException, registry: str) -> str:
        where = registry or "OptunaHub (--registry DIR takes it from a local copy)"
        close = hub.similar_package(self.hub_package, registry)
        if close is not None:
            hint = f" Did you mean hub:{close}?" if close else ""
            reason = f"there is no {self.hub_package} in {where}.{hint}"
            if self.text.startswith("hub:"):
                raise UsageError(f"--samplers: got {self.text!r}, but {reason}")
            return reason
        command = self.install_command(registry) if isinstance(error, ImportError) else ""
        reason = in_one_line(error)[:300]
        return f"cannot load {self.hub_package} from {where}: {reason}" + (
            f" (to install what it needs: {command})" if command else ""
        )

    def n_trials(self, wanted: int, space: Space) -> int:
        """Number of trials to plan for a budget of ``wanted``, on a space that it can work on."""
        if self.unfit is not None and self.unfit(space):
            return wanted
        return wanted if self.limit is None else min(wanted, self.limit(space))
