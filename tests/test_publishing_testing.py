"""Packages tested alone: by which commands, in which folder, and what is said of the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import shutil
import subprocess
import sys

import pytest


pytest.importorskip("frontmatter", reason="needs the extra publish")
pytest.importorskip("mdformat", reason="needs the extra publish")

from publishing import cli
from publishing import environments
from publishing import packages
from publishing import testing
from publishing.environments import Environment
from tests.registry_clones import package_that_requires


ROOT = Path(__file__).resolve().parents[1]
SAMPLER, PROBLEM = packages.find(ROOT, ["samplers/lattice_gp", "benchmarks/perceiver_mnist"])


class FakeRunner:
    """Keeps what it is asked to run, and the files that lie there; fails at one step."""

    def __init__(self, fails_at: str = "") -> None:
        self.commands: list[list[str]] = []
        self.folders: list[Path] = []
        self.files: set[str] = set()
        self.fails_at = fails_at

    def __call__(self, command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
        self.commands.append(list(command))
        self.folders.append(folder)
        self.files = {
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
        }
        line = " ".join(command)
        if self.fails_at and self.fails_at in line:
            return subprocess.CompletedProcess(command, 1, "12 passed, 1 failed", "it broke")
        out = "....\n7 passed, 1 skipped in 1.2s\n" if "pytest -q" in line else ""
        out = "5.0.0 3.12.1\n" if "platform" in line else out
        return subprocess.CompletedProcess(command, 0, out, "")


def test_commands_of_an_environment() -> None:
    runner = FakeRunner()
    outcome = testing.run_package(Environment(SAMPLER, "4.8.0", "python3.10"), runner)
    venv, install, tests, example, _ = runner.commands
    (folder,) = set(runner.folders)
    assert venv == ["python3.10", "-m", "venv", str(folder.parent / "venv")]
    python = str(folder.parent / "venv" / "bin" / "python")
    assert {command[0] for command in runner.commands[1:]} == {python}
    assert install[1:4] == ["-m", "pip", "install"]
    wanted = {"optuna==4.8.0", "optunahub", "scipy>=1.15", "pytest-xdist"}
    assert wanted <= set(install)
    assert tests[-1] == str(Path("package/samplers/lattice_gp/tests"))
    assert example[-2:] == [
        str(folder / "package"),
        str(folder / "package" / "samplers" / "lattice_gp" / "example.py"),
    ]
    assert not outcome.failed
    assert outcome.tests == "7 passed, 1 skipped in 1.2s"
    assert (outcome.optuna, outcome.python) == ("5.0.0", "3.12.1")


def test_the_package_lies_alone_and_nothing_is_kept() -> None:
    runner = FakeRunner()
    testing.run_package(Environment(PROBLEM, "newest", "python3"), runner)
    assert runner.files == {f"package/{PROBLEM.title}/{name}" for name in PROBLEM.files}
    assert "optuna" in runner.commands[1]
    assert not runner.folders[0].parent.exists()


@pytest.mark.parametrize("command", [["no-such-program"], None])
def test_nothing_is_kept_after_an_interruption(command: list[str] | None) -> None:
    folders = []

    def interrupted(_: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
        folders.append(folder)
        if command is not None:
            return testing.run(command, folder)
        raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, FileNotFoundError)):
        testing.run_package(Environment(SAMPLER, "newest", "python3"), interrupted)
    assert not folders[0].parent.exists()


def test_a_package_that_loads_another_gets_it(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for title, code, required in (
        ("samplers/one", "x = 1\n", "scipy\n"),
        ("visualization/two", "import optunahub\noptunahub.load_module('samplers/one')\n", ""),
        ("visualization/three", "NAME = 'visualization/two'\n", "plotly\n"),
    ):
        folder = tmp_path / "package" / title
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(code)
        (folder / "requirements.txt").write_text(required)
    (three,) = packages.find(tmp_path, ["visualization/three"])
    runner = FakeRunner()
    testing.run_package(Environment(three, "newest", "python3"), runner)
    loaded = {str(Path(name).parent) for name in runner.files}
    assert loaded == {f"package/{t}" for t in ("samplers/one", "visualization/two", three.title)}
    assert {"scipy", "plotly"} <= set(runner.commands[1])
    assert runner.commands[2][-1] == str(Path("package/visualization/three/tests"))
    (one,) = packages.find(tmp_path, ["samplers/one"])
    assert packages.companions(one) == []


@pytest.mark.parametrize(
    "step, words", [("venv", "-m venv"), ("install", "pip"), ("tests", "pytest -q")]
)
def test_a_failed_step_ends_it_and_is_shown(step: str, words: str) -> None:
    runner = FakeRunner(fails_at=words)
    outcome = testing.run_package(Environment(SAMPLER, "4.8.0", "python3.10"), runner)
    assert outcome.failed == step
    assert "it broke" in outcome.output
    assert f"FAILED at {step}" in str(outcome)
    # What was not installed has no version.
    made = ("5.0.0", "3.12.1") if step == "tests" else ("4.8.0", "python3.10")
    assert (outcome.optuna, outcome.python) == made
    assert not any("runpy" in " ".join(command) for command in runner.commands)


def test_an_outcome_says_how_it_went(tmp_path: Path) -> None:
    environment = Environment(SAMPLER, "newest", "python3", ("scipy",))
    passed = testing.Outcome(environment, "5.0.0", "3.12.1", "7 passed in 1.2s", seconds=3.4)
    where = f"{SAMPLER.title}, Optuna 5.0.0, Python 3.12.1, without scipy: "
    assert str(passed) == f"{where}7 passed in 1.2s, example ran (3 s in all)"
    failed = testing.Outcome(environment, "5.0.0", "3.12.1", "7 passed in 1.2s", "example")
    assert str(failed) == f"{where}FAILED at example (0 s in all)"
    without = Environment(package_that_requires(tmp_path, ""), "newest", "python3")
    told = str(testing.Outcome(without, "5.0.0", "3.12.1", "7 passed in 1.2s"))
    assert told == "samplers/one, Optuna 5.0.0, Python 3.12.1: 7 passed in 1.2s (0 s in all)"


@pytest.mark.parametrize(
    ("out", "tests", "python"),
    [
        (
            "2 passed\n=== 7 passed, 1 skipped in 1.2s ===\na warning\n",
            "7 passed, 1 skipped in",
            "?",
        ),
        ("no word of it", "no test passed or failed", "it"),
    ],
)
def test_what_commands_print_is_read(out: str, tests: str, python: str) -> None:
    def runner(command: Sequence[str], _: Path) -> subprocess.CompletedProcess[str]:
        is_version = "platform" in " ".join(command)
        printed = "" if is_version and python == "?" else out
        return subprocess.CompletedProcess(command, 0, printed, "")

    outcome = testing.run_package(Environment(SAMPLER, "4.8.0", "python3.10"), runner)
    assert outcome.tests.startswith(tests) and not outcome.tests.endswith(("=", " "))
    assert outcome.python == python
    assert outcome.optuna == ("4.8.0" if python == "?" else "of")


def test_the_example_gets_the_copy(tmp_path: Path) -> None:
    """The real command of the last step, with this interpreter and a package of two lines."""
    folder = tmp_path / "registry" / "package" / "samplers" / "lattice_gp"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("WHERE = __file__\n")
    (folder / "example.py").write_text(
        "import optunahub\nprint(optunahub.load_module('samplers/lattice_gp').WHERE)\n"
    )
    environment = Environment(SAMPLER, "newest", sys.executable)
    command = environments.steps(environment, tmp_path)[-1].command
    finished = testing.run([sys.executable, *command[1:]], tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.strip() == str(folder / "__init__.py")


def test_the_command_fails_where_a_package_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = Environment(SAMPLER, "newest", "python3")
    bad = testing.Outcome(environment, "5.0.0", "3.12.1", failed="tests", output="E assert")
    monkeypatch.setattr(testing, "run_package", lambda _: bad)
    assert cli.main(["test", "samplers/lattice_gp", "--optuna", "newest"]) == 1
    out = capsys.readouterr().out
    assert "samplers/lattice_gp, Optuna 5.0.0, Python 3.12.1: FAILED at tests" in out
    assert "E assert" in out
