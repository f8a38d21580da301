"""Packages tested alone, in clean environments."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
import re
import subprocess
import tempfile
import time

from .environments import Environment
from .environments import Step
from .environments import steps
from .environments import together
from .environments import variables
from .environments import venv_python
from .staging import copy_packages


Runner = Callable[[Sequence[str], Path], "subprocess.CompletedProcess[str]"]
_SHOWN_CHARACTERS = 4000


@dataclass(frozen=True)
class Outcome:
    """How a package did in an environment.

    Attributes:
        environment: What was tested with what.
        optuna: Version of Optuna that was installed; as asked for if it could not be.
        python: Version of the interpreter, such as ``3.12.1``.
        tests: pytest's own summary, such as ``101 passed in 20.1s``.
        failed: Name of the step that failed, empty if none did.
        output: The end of what that step wrote.
        seconds: Duration of all steps.
    """

    environment: Environment
    optuna: str
    python: str
    tests: str = ""
    failed: str = ""
    output: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        title = self.environment.package.title
        ran = ", example ran" if "example.py" in self.environment.package.files else ""
        result = f"FAILED at {self.failed}" if self.failed else f"{self.tests}{ran}"
        place = f"Optuna {self.optuna}, Python {self.python}{self.environment.left_out}"
        return f"{title}, {place}: {result} ({self.seconds:.0f} s in all)"


def run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with variables that let nothing of this environment in."""
    return subprocess.run(
        command, cwd=folder, env=variables(), capture_output=True, text=True, errors="replace"
    )


def run_package(environment: Environment, runner: Runner = run) -> Outcome:
    """Make an environment, install, run tests and example, and remove it all.

    Args:
        environment: What to test with what.
        runner: Runs a command in a folder.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="publishing-") as name:
        # Links in the path (of temporary folders on macOS) would make two names of each module.
        folder = Path(name).resolve()
        copy_packages(together(environment.package), folder / "registry")
        tests, failed, output = "", "", ""
        for step in steps(environment, folder):
            finished = runner(step.command, folder / "registry")
            if finished.returncode != 0:
                failed, output = step.name, _end_of(finished)
                break
            if step.name == "tests":
                tests = _summary(finished.stdout)
        optuna, python = _versions(environment, folder, runner, failed)
    seconds = time.monotonic() - started
    return Outcome(environment, optuna, python, tests, failed, output, seconds)


def _end_of(finished: subprocess.CompletedProcess[str]) -> str:
    return (finished.stdout + finished.stderr)[-_SHOWN_CHARACTERS:].strip()


def _summary(output: str) -> str:
    lines = [line.strip("= ") for line in output.splitlines() if re.search(r"\d+ passed", line)]
    return lines[-1] if lines else "no test passed or failed"


def _versions(
    environment: Environment, folder: Path, runner: Runner, failed: str
) -> tuple[str, str]:
    """Versions of what was in the environment, as far as it was made."""
    if failed in ("venv", "install"):
        return environment.optuna, Path(environment.python).name
    code = "import platform, optuna; print(optuna.__version__, platform.python_version())"
    step = Step("versions", (venv_python(folder), "-c", code))
    words = runner(step.command, folder / "registry").stdout.split()
    optuna, python = words[-2:] if len(words) >= 2 else (environment.optuna, "?")
    return optuna, python
