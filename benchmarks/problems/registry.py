"""The problems to compare samplers on: a registry of factories."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import fields
from dataclasses import replace
import importlib
import importlib.util
from typing import Any
from typing import Protocol

from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optuna.trial import Trial

from .. import hub
from ..calls import Call
from ..calls import parse_call
from ..calls import show_call
from ..calls import split_names
from ..errors import unknown_name
from ..errors import UsageError
from ..suite import SUITES
from ..suite.catalog import CATALOG
from ..suite.catalog import Entry
from .wrappers import split_wrappings
from .wrappers import WRAPPINGS


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
        absent = [name for name in self.requires if importlib.util.find_spec(name) is None]
        return f"needs {', '.join(absent)}: {self.install}" if absent else ""

    def note(self) -> str:
        """What of it needs more than the harness itself; empty if nothing does."""
        if self.has_options and importlib.util.find_spec("torch") is None:
            return "--mode train needs torch, torchvision: pip install torch torchvision"
        return ""

    def device_kind(self, options: Options) -> str:
        """What the problem computes on, ``"auto"`` resolved: cuda:0 and cuda:1 are both cuda."""
        options = self.chosen(options)
        if not self.has_options or options.mode != "train":
            return "cpu"
        module = hub.load_package(self.package)
        devices = importlib.import_module(f"{module.__name__}.devices")
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


def _perceiver(options: Options, seed: int) -> Problem:
    problem: Problem = hub.load_package("benchmarks/perceiver_mnist").Problem(
        preset=options.preset,
        mode=options.mode,
        device=options.device,
        data_root=options.data_root,
        download=options.download,
        training_seed=seed,
    )
    return problem


def _toy(name: str, class_name: str, description: str) -> ProblemSpec:
    def build(options: Options, seed: int) -> Problem:
        # Imported here, so that a missing extra is reported and not raised at start-up.
        from . import toy_problems

        problem: Problem = getattr(toy_problems, class_name)()
        return problem

    return ProblemSpec(name, description, build)


def _from_suite(entry: Entry) -> ProblemSpec:
    return ProblemSpec(
        entry.name,
        f"{entry.suite}: {entry.description}",
        lambda options, seed: entry.build(seed),
        requires=entry.requires,
        install=entry.install,
    )


PROBLEMS: dict[str, ProblemSpec] = {
    spec.name: spec
    for spec in (
        ProblemSpec(
            "perceiver",
            "tune a Perceiver on MNIST (--preset small|full, --mode table|train)",
            _perceiver,
            has_options=True,
            package="benchmarks/perceiver_mnist",
        ),
        _toy("quadratic", "Quadratic", "toy: int, log float and category, a part diverges"),
        _toy("lattice", "Lattice", "toy: a rippled lattice of 8 x 6 x 8 points"),
        _toy("sleepy", "Sleepy", "toy: quadratic at 20 ms a trial"),
        _toy("faulty", "Faulty", "toy: quadratic where some trials raise and some return NaN"),
        # The Perceiver is above: it has options.
        *(_from_suite(entry) for entry in CATALOG.values() if entry.name != "perceiver"),
    )
}


def get_problem(text: str, argument: str = "--problems", *, name: str = "") -> ProblemSpec:
    """Look a problem up.

    Args:
        text: A name of the registry, ``hub:benchmarks/NAME``, ``coco:SUITE`` or ``module:NAME``;
            each with keyword arguments in parentheses and wrappers after it, as in
            ``perceiver(preset="full")+noise=0.1``.
        argument: The option that it was given to.
        name: What to call it; ``text`` if empty.

    Raises:
        UsageError: If there is none of that name, or it does not take the arguments.
    """
    base, wrappings = split_wrappings(text, argument)
    call = parse_call(base, argument)
    if ":" in call.name:
        # Imports the user's modules, which nobody needs who does not name one.
        from .imports import imported_problem

        spec = imported_problem(call, argument)
    elif call.name not in PROBLEMS:
        forms = ["hub:benchmarks/NAME", "coco:SUITE", "module:NAME"]
        shown_by = "python -m benchmarks list"
        raise unknown_name(argument, call.name, list(PROBLEMS), forms=forms, shown_by=shown_by)
    else:
        spec = _with_overrides(PROBLEMS[call.name], call, argument)
    return _named(_wrapped(spec, wrappings), name or text, text)


def _named(spec: ProblemSpec, name: str, text: str) -> ProblemSpec:
    """The problem under a name of the user's, which may stand for something else tomorrow."""
    if name == text:
        return replace(spec, name=name)

    def identity(options: Options) -> dict[str, str]:
        return spec.identity(options) | {"use": text}

    return replace(spec, name=name, identity=identity)


def _with_overrides(spec: ProblemSpec, call: Call, argument: str) -> ProblemSpec:
    accepted = ["preset", "mode", "device"] if spec.has_options else []
    for keyword in call.arguments:
        if keyword not in accepted:
            listed = ", ".join(accepted) if accepted else "no arguments"
            raise UsageError(
                f"{argument}: got {show_call(call)!r}, but {spec.name} has no argument "
                f"{keyword!r}; accepts {listed}."
            )
    return replace(spec, overrides=call.arguments)


def _wrapped(spec: ProblemSpec, wrappings: Sequence[tuple[str, float]]) -> ProblemSpec:
    if not wrappings:
        return spec

    def build(options: Options, seed: int) -> Problem:
        problem = spec.build(options, seed)
        for wrapping, amount in wrappings:
            problem = WRAPPINGS[wrapping].build(problem, amount, seed)
        return problem

    def identity(options: Options) -> dict[str, str]:
        return spec.identity(options) | {w: f"{amount:g}" for w, amount in wrappings}

    shown = ", ".join(f"{wrapping} {amount:g}" for wrapping, amount in wrappings)
    return replace(
        spec, description=f"{spec.description}, with {shown}", build=build, identity=identity
    )


def wanted_problems(problems: str, suite: str | None) -> list[str]:
    """Names of problems, each once, as two options that exclude each other tell them.

    Args:
        problems: Names separated by commas, given to ``--problems``.
        suite: A suite, given to ``--suite``, whose problems are taken instead; None for none.

    Raises:
        UsageError: If there is no such suite, or no name.
    """
    if suite is None:
        from .imports import expanded

        texts = [
            one
            for name in split_names(problems, "--problems")
            for one in expanded(name, "--problems")
        ]
        # As first written, which is what studies are named after.
        first: dict[str, str] = {}
        for text in texts:
            first.setdefault(_normalised(text), text)
        return list(first.values())
    if suite not in SUITES:
        raise unknown_name("--suite", suite, list(SUITES))
    return list(SUITES[suite])


def _normalised(text: str) -> str:
    """What is the same for all ways to write a problem, whether there is one or not."""
    base, _ = split_wrappings(text, "--problems")
    call = parse_call(base, "--problems")
    return show_call(Call(call.name, dict(sorted(call.arguments.items())))) + text[len(base) :]


def build_problem(spec: ProblemSpec, options: Options, seed: int) -> Problem:
    """Build a problem, with one clear line if that cannot be done.

    Raises:
        UsageError: If an option is wrong, data are missing or a dependency is.
    """
    reason = spec.missing()
    if reason:
        raise UsageError(f"--problems {spec.name}: {reason}.")
    try:
        problem = spec.build(spec.chosen(options), seed)
    except ImportError as error:
        hint = " pip install torch torchvision" if "torch" in str(error) else ""
        message = _as_options(spec, f"cannot be loaded: {error}.{hint}")
        raise UsageError(message) from error
    except (ValueError, RuntimeError, OSError) as error:
        raise UsageError(_as_options(spec, str(error))) from error
    if len(problem.directions) != 1:
        raise UsageError(
            f"--problems {spec.name}: has {len(problem.directions)} objectives; the harness "
            "compares on one."
        )
    return problem


def _as_options(spec: ProblemSpec, message: str) -> str:
    """What a problem says is wrong, with the option that the user gave it by.

    The problem itself knows its arguments only, such as ``preset`` and ``data_root``.
    """
    message = " ".join(message.split())
    chosen = [f.name for f in fields(Options) if f.name not in spec.overrides]
    for keyword in chosen if spec.has_options else ():
        option = f"--{keyword.replace('_', '-')}"
        if message.startswith(f"{keyword} is "):
            return f"{option}: got {message.removeprefix(f'{keyword} is ')}"
        if f"{keyword}=" in message:
            told = message.replace(f"{keyword}=", f"{option} ").replace(
                "download=True", "--download"
            )
            return f"{option}: {told}"
    return f"--problems {spec.name}: {message}"
