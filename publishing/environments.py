"""What is tested with what, and the commands of one clean environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import os
from pathlib import Path

from .errors import UsageError
from .interpreters import interpreter
from .packages import companions
from .packages import Package
from .rules.third_party import canonical
from .versions import full_version
from .versions import Supported


_TEST_TOOLS = ("pytest>=8", "pytest-xdist", "hypothesis>=6.100")
# The names by which a package is asked for are the hub's; what is loaded is the copy. Figures are
# made but not shown, as no one is looking.
_RUN_EXAMPLE = """
import runpy, sys
import optunahub
root, example = sys.argv[1:]
def load_module(package, **_):
    return optunahub.load_local_module(package, registry_root=root)
optunahub.load_module = load_module
runpy.run_path(example, run_name="__main__")
"""
_QUIET = {
    "OPTUNAHUB_NO_ANALYTICS": "1",
    "PYTHONNOUSERSITE": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "MPLBACKEND": "Agg",
    "PLOTLY_RENDERER": "json",
}
_DROPPED = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTEST_ADDOPTS", "PYTHONSTARTUP")


@dataclass(frozen=True)
class Environment:
    """One package in one clean environment.

    Attributes:
        package: What is tested.
        optuna: A version, or ``newest`` for the newest that can be installed.
        python: Path of the interpreter.
        without: Distributions of its requirements that are not installed.
        is_quick: Whether tests marked ``slow`` are left out.
    """

    package: Package
    optuna: str
    python: str
    without: tuple[str, ...] = ()
    is_quick: bool = False

    @property
    def left_out(self) -> str:
        """What is not tested, to be put behind the versions; empty if nothing."""
        names = [*self.without, *(["slow tests"] if self.is_quick else [])]
        return f", without {', '.join(names)}" if names else ""


@dataclass(frozen=True)
class Step:
    """One command; ``name`` is what a report calls it."""

    name: str
    command: tuple[str, ...]


def plan(
    packages: Sequence[Package],
    optuna: Sequence[str],
    python: Sequence[str],
    without: Sequence[str] = (),
    is_quick: bool = False,
) -> list[Environment]:
    """Every package with every version of Optuna.

    Args:
        packages: What to test.
        optuna: Versions, ``oldest`` or ``newest``.
        python: One interpreter for all versions of Optuna, or one for each.
        without: Distributions of the requirements that are not installed.
        is_quick: Whether tests marked ``slow`` are left out.

    Raises:
        UsageError: If the numbers do not match, there is no such interpreter, what is to be left
            out is no requirement, or ``optuna`` has what is no version.
    """
    if len(python) not in (1, len(optuna)):
        raise UsageError(
            f"--python: got {len(python)} ({', '.join(python)}), accepts one for all or one for "
            f"each of the {len(optuna)} of --optuna"
        )
    paths = [interpreter(name) for name in python]
    paths *= len(optuna) if len(paths) == 1 else 1
    pairs = list(zip(optuna, paths))
    names = tuple(map(canonical, without))
    _check_left_out(names, packages)
    return [
        Environment(package, _version(which, package.supported), path, names, is_quick)
        for package in packages
        for which, path in pairs
    ]


def _check_left_out(names: Sequence[str], packages: Sequence[Package]) -> None:
    known = {_name(line) for package in packages for line in _requirements(package)}
    for name in names:
        if name not in known:
            accepted = ", ".join(sorted(known)) or "nothing, as nothing is required"
            raise UsageError(f"--without: got {name!r}, accepts {accepted}")


def _version(which: str, supported: Supported) -> str:
    from packaging.version import InvalidVersion
    from packaging.version import Version

    if which == "newest":
        return which
    version = supported.oldest if which == "oldest" else full_version(which)
    try:
        Version(version)
    except InvalidVersion:
        raise UsageError(
            f"--optuna: got {which!r}, accepts oldest, newest and versions such as 4.8.0"
        ) from None
    return version


def requirements(environment: Environment) -> list[str]:
    """Requirements of the package and of those that it loads, less those that are left out."""
    wanted = _requirements(environment.package)
    return [line for line in wanted if _name(line) not in environment.without]


def _requirements(package: Package) -> list[str]:
    lines = [
        line.partition("#")[0].strip()
        for one in together(package)
        for line in one.texts.get("requirements.txt", "").splitlines()
    ]
    return [line for line in dict.fromkeys(lines) if line]


def _name(requirement: str) -> str:
    from packaging.requirements import InvalidRequirement
    from packaging.requirements import Requirement

    try:
        return canonical(Requirement(requirement).name)
    except InvalidRequirement:  # pip will say so
        return requirement


def together(package: Package) -> list[Package]:
    """A package, and the others of this repository that it loads."""
    return [package, *companions(package)]


def steps(environment: Environment, folder: Path) -> list[Step]:
    """The commands that make an environment and test a package in it.

    Args:
        environment: What is tested with what.
        folder: Where ``registry/package/...`` lies with a copy of the package, and of those
            that it loads; the
            environment is made in ``folder/venv``.
    """
    python = venv_python(folder)
    is_newest = environment.optuna == "newest"
    optuna = "optuna" if is_newest else f"optuna=={environment.optuna}"
    install = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    wanted = (optuna, "optunahub", *requirements(environment), *_TEST_TOOLS)
    inside = Path("package") / environment.package.title
    result = [
        Step("venv", (environment.python, "-m", "venv", str(folder / "venv"))),
        Step("install", (*install, *wanted)),
    ]
    options = ["-q", "--import-mode=importlib", "-p", "no:cacheprovider", "-n", "auto"]
    options += ["-m", "not slow"] if environment.is_quick else []
    result.append(Step("tests", (python, "-m", "pytest", *options, str(inside / "tests"))))
    if "example.py" in environment.package.files:
        example = str(folder / "registry" / inside / "example.py")
        root = str(folder / "registry" / "package")
        result.append(Step("example", (python, "-c", _RUN_EXAMPLE, root, example)))
    return result


def venv_python(folder: Path) -> str:
    """The interpreter of the environment in a folder."""
    return str(folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python")


def variables() -> dict[str, str]:
    """Environment variables of the commands: nothing of the caller's Python gets in."""
    kept = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    return {**kept, **_QUIET}
