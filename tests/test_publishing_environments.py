"""What is tested with what, by which commands, and what is made of their results."""

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
from publishing import interpreters
from publishing import packages
from publishing import testing
from publishing.environments import Environment
from publishing.errors import UsageError


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


def test_every_package_with_every_optuna() -> None:
    planned = environments.plan([SAMPLER, PROBLEM], ["oldest", "5.1", "newest"], ["current"])
    assert [(e.package.name, e.optuna) for e in planned] == [
        (name, version)
        for name in ("lattice_gp", "perceiver_mnist")
        for version in (SAMPLER.supported.oldest, "5.1.0", "newest")
    ]
    assert {e.python for e in planned} == {sys.executable}


def test_an_interpreter_for_each_optuna(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {(3, 10): "ten", (3, 12): "twelve", (3, 13): "thirteen"}
    monkeypatch.setattr(interpreters, "found_interpreters", lambda: found)
    planned = environments.plan([SAMPLER], ["oldest", "newest"], ["oldest", "newest"])
    assert [(e.optuna, e.python) for e in planned] == [("4.8.0", "ten"), ("newest", "thirteen")]
    (planned_one,) = environments.plan([SAMPLER], ["newest"], ["3.12"])
    assert planned_one.python == "twelve"
    with pytest.raises(UsageError, match=r"--python: got '3.11', found 3.10, 3.12, 3.13"):
        environments.plan([SAMPLER], ["newest"], ["3.11"])


def test_numbers_of_interpreters_and_versions_must_match() -> None:
    with pytest.raises(UsageError, match="got 2 .*one for each of the 3"):
        environments.plan([SAMPLER], ["oldest", "5.0.0", "newest"], ["current", "current"])


def test_interpreters_that_are_too_old_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = sys.version_info[:2]
    versions = {"nine": (3, 9), "ten": (3, 10), "ours": ours, "soon": (3, 98), "later": (3, 99)}
    monkeypatch.setattr(interpreters, "version_of", versions.get)
    names = ["shim", "later", "soon", "ten", "nine"]
    monkeypatch.setattr(interpreters, "_on_path", lambda: iter(names))
    monkeypatch.setattr(interpreters, "_of_pyenv", lambda: iter(["ours"]))
    expected = {(3, 10): "ten", ours: sys.executable, (3, 98): "soon", (3, 99): "later"}
    assert list(interpreters.found_interpreters().items()) == list(expected.items())


def _executable(path: Path, script: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_interpreters_are_looked_for_on_the_path_and_in_pyenv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    paths = {n: _executable(tmp_path / "bin" / f"python3.{n}") for n in (9, 10, 13)}
    assert list(interpreters._on_path()) == [str(paths[n]) for n in (10, 13)]
    assert list(interpreters._of_pyenv()) == []
    # One that is there, one whose folder is empty, and one that is no Python 3.
    listed = 'case $1 in versions) echo 3.12.1 3.11.0 2.7.18;; prefix) echo "$ROOT/$2";; esac'
    _executable(tmp_path / "bin" / "pyenv", listed)
    monkeypatch.setenv("ROOT", str(tmp_path / "versions"))
    twelve, _ = (
        _executable(tmp_path / "versions" / version / "bin" / "python")
        for version in ("3.12.1", "2.7.18")
    )
    assert list(interpreters._of_pyenv()) == [str(twelve)]


def test_an_interpreter_may_be_a_path(tmp_path: Path) -> None:
    assert interpreters.interpreter(sys.executable) == sys.executable
    no_python = _executable(tmp_path / "python", "echo 3 and 12")
    with pytest.raises(UsageError, match="which does not run; accepts current, oldest"):
        interpreters.interpreter(str(no_python))


@pytest.mark.slow
def test_interpreters_of_this_machine_run() -> None:
    found = interpreters.found_interpreters()
    assert sys.version_info[:2] in found
    assert all(version >= (3, 10) for version in found)
    for version, path in found.items():
        assert interpreters.version_of(path) == version


@pytest.mark.parametrize("name", ["no-such-python", "/no/such/python"])
def test_an_interpreter_that_does_not_run_is_told(name: str) -> None:
    with pytest.raises(UsageError, match="does not run; accepts current, oldest, newest"):
        interpreters.interpreter(name)


def test_a_shim_that_is_switched_off_is_no_interpreter(tmp_path: Path) -> None:
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\necho 'pyenv: python3.12: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    assert interpreters.version_of(str(shim)) is None


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


def test_requirements_can_be_left_out() -> None:
    assert environments.requirements(Environment(PROBLEM, "newest", "x")) == [
        "torch",
        "torchvision",
    ]
    assert environments.requirements(Environment(PROBLEM, "newest", "x", ("torch",))) == [
        "torchvision"
    ]
    (planned,) = environments.plan([PROBLEM], ["newest"], ["current"], ["Torch", "torchvision"])
    assert environments.requirements(planned) == []


def _package_that_requires(tmp_path: Path, text: str) -> packages.Package:
    folder = tmp_path / "package" / "samplers" / "one"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (folder / "requirements.txt").write_text(text)
    (package,) = packages.find(tmp_path)
    return package


def test_a_line_that_is_no_requirement_is_left_to_pip(tmp_path: Path) -> None:
    package = _package_that_requires(tmp_path, "-r more.txt\nscipy\n")
    (planned,) = environments.plan([package], ["newest"], ["current"], ["scipy"])
    assert environments.requirements(planned) == ["-r more.txt"]


def test_requirements_are_read_as_pip_reads_them(tmp_path: Path) -> None:
    text = "# All:\n\nScikit_Learn>=1.4  # trees\n  scipy\n"
    package = _package_that_requires(tmp_path, text)
    (planned,) = environments.plan([package], ["newest"], ["current"])
    assert environments.requirements(planned) == ["Scikit_Learn>=1.4", "scipy"]
    (planned,) = environments.plan([package], ["newest"], ["current"], ["scikit-learn"])
    assert environments.requirements(planned) == ["scipy"]
    assert planned.left_out == ", without scikit-learn"


def test_a_package_without_requirements_or_example_is_tested(tmp_path: Path) -> None:
    package = _package_that_requires(tmp_path, "")
    (planned,) = environments.plan([package], ["newest"], ["current"])
    assert planned.left_out == ""
    steps = environments.steps(planned, tmp_path)
    assert [step.name for step in steps] == ["venv", "install", "tests"]
    with pytest.raises(UsageError, match="accepts nothing, as nothing is required"):
        environments.plan([package], ["newest"], ["current"], ["scipy"])


def test_what_cannot_be_left_out_or_installed_is_refused() -> None:
    with pytest.raises(UsageError, match="--without: got 'torhc', accepts torch, torchvision"):
        environments.plan([PROBLEM], ["newest"], ["current"], ["torhc"])
    with pytest.raises(UsageError, match="--optuna: got 'last', accepts oldest, newest and ver"):
        environments.plan([PROBLEM], ["last"], ["current"])


def test_slow_tests_can_be_left_out(tmp_path: Path) -> None:
    quick, whole = (
        environments.plan([SAMPLER], ["newest"], ["current"], ["scipy"], is_quick)[0]
        for is_quick in (True, False)
    )
    assert quick.left_out == ", without scipy, slow tests" and whole.left_out == ", without scipy"
    for environment, words in ((quick, ["-m", "not slow"]), (whole, [])):
        (tests,) = [s for s in environments.steps(environment, tmp_path) if s.name == "tests"]
        assert [word for word in tests.command if word in ("-m", "not slow")] == ["-m", *words]


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
    without = Environment(_package_that_requires(tmp_path, ""), "newest", "python3")
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


def test_the_commands_see_nothing_of_this_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-x")
    variables = environments.variables()
    assert "PYTHONPATH" not in variables
    assert "PYTEST_ADDOPTS" not in variables
    assert variables["OPTUNAHUB_NO_ANALYTICS"] == "1"


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
