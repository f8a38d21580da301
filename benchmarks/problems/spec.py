"""What the harness needs of a problem, and how one is built."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
import importlib
from typing import Any
from typing import Protocol

from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optuna.trial import Trial

from .. import hub
from ..modules import absent


class Problem(Protocol):
    """What the harness needs of a problem; ``optunahub.benchmarks.BaseProblem`` has it.

    The objective may set the trial's user attributes ``seconds`` (its cost, where that is not the
    wall clock: the replayed cost of a table), ``expected_loss`` (its value without noise) and
    ``diverged``, which the report shows.
    """

    @property
    def search_space(self) -> dict[str, BaseDistribution]:
        """Parameters by name."""

    @property
    def directions(self) -> list[StudyDirection]:
        """One direction."""

    def __call__(self, trial: Trial) -> Any:
        """Evaluate a trial."""


@dataclass(frozen=True)
class Options:
    """Choices of the command line that problems may take into account.

    Attributes:
        preset: Size of the problem.
        mode: ``"table"`` to replay measurements, ``"train"`` to train.
        device: Where to train.
        data_root: Folder of the data set.
        download: Whether to download the data set if it is not there.
        registry: Folder with the packages of a hub registry; empty to get them over the network.
    """

    preset: str = "small"
    mode: str = "table"
    device: str = "auto"
    data_root: str = "data"
    download: bool = False
    registry: str = ""


@dataclass(frozen=True)
class ProblemSpec:
    """A problem and how to build it.

    Attributes:
        name: What the user and the studies call it.
        description: One line for ``list``.
        build: Makes the problem from the options and the seed of its noise.
        has_options: Whether the options change the problem.
        overrides: Options that it has whatever the command line says.
        identity: What of its code and data must not change between two runs of the same study.
        package: Package of this checkout that it lives in; empty for the harness's own.
        requires: Modules that it imports besides the harness's own.
        install: The command that installs them.
    """

    name: str
    description: str
    build: Callable[[Options, int], Problem]
    has_options: bool = False
    package: str = ""
    requires: tuple[str, ...] = ()
    install: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    identity: Callable[[Options], dict[str, str]] = lambda options: {}

    def chosen(self, options: Options) -> Options:
        """The options as they are for this problem."""
        return replace(options, **self.overrides)

    def label(self, options: Options) -> str:
        """Name of the default output folder."""
        options = self.chosen(options)
        return f"{self.name}-{options.preset}-{options.mode}" if self.has_options else self.name

    def missing(self) -> str:
        """Why it cannot run here and what to do about it; empty if it can."""
        if self.package and not hub.has_package(self.package, "problem.py"):
            return f"package/{self.package} is not complete in this checkout"
        lacking = absent(self.requires)
        return f"needs {', '.join(lacking)}: {self.install}" if lacking else ""

    def note(self) -> str:
        """What of it needs more than the harness itself; empty if nothing does."""
        if self.has_options and absent(["torch"]):
            return "--mode train needs torch, torchvision: pip install torch torchvision"
        return ""

    def device_kind(self, options: Options) -> str:
        """What the problem computes on: ``"cpu"``, ``"cuda"`` or ``"mps"``."""
        options = self.chosen(options)
        if not self.has_options or options.mode != "train":
            return "cpu"
        module = hub.load_package(self.package)
        devices = importlib.import_module(f"{module.__name__}.training.devices")
        return str(devices.resolve_device(options.device).type)

    def settings(self, options: Options) -> dict[str, str]:
        """The choices that make results comparable; other ones need another output folder."""
        if not self.has_options:
            return self.identity(options)
        options = self.chosen(options)
        chosen = {"preset": options.preset, "mode": options.mode}
        if options.mode == "train":
            chosen["device"] = self.device_kind(options)
        else:
            chosen["data"] = hub.digest(self.package, ("data/*",))
        return chosen | self.identity(options)
