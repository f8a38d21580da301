"""What packages are tested with: interpreters, versions of Optuna, and requirements."""

from __future__ import annotations

from pathlib import Path
import sys

import pytest


pytest.importorskip("frontmatter", reason="needs the extra publish")
pytest.importorskip("mdformat", reason="needs the extra publish")

from publishing import environments
from publishing import interpreters
from publishing import packages
from publishing.environments import Environment
from publishing.errors import UsageError
from tests.registry_clones import package_that_requires


ROOT = Path(__file__).resolve().parents[1]
SAMPLER, PROBLEM = packages.find(ROOT, ["samplers/lattice_gp", "benchmarks/perceiver_mnist"])


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


def test_a_line_that_is_no_requirement_is_left_to_pip(tmp_path: Path) -> None:
    package = package_that_requires(tmp_path, "-r more.txt\nscipy\n")
    (planned,) = environments.plan([package], ["newest"], ["current"], ["scipy"])
    assert environments.requirements(planned) == ["-r more.txt"]


def test_requirements_are_read_as_pip_reads_them(tmp_path: Path) -> None:
    text = "# All:\n\nScikit_Learn>=1.4  # trees\n  scipy\n"
    package = package_that_requires(tmp_path, text)
    (planned,) = environments.plan([package], ["newest"], ["current"])
    assert environments.requirements(planned) == ["Scikit_Learn>=1.4", "scipy"]
    (planned,) = environments.plan([package], ["newest"], ["current"], ["scikit-learn"])
    assert environments.requirements(planned) == ["scipy"]
    assert planned.left_out == ", without scikit-learn"


def test_a_package_without_requirements_or_example_is_tested(tmp_path: Path) -> None:
    package = package_that_requires(tmp_path, "")
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


def test_the_commands_see_nothing_of_this_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-x")
    variables = environments.variables()
    assert "PYTHONPATH" not in variables
    assert "PYTEST_ADDOPTS" not in variables
    assert variables["OPTUNAHUB_NO_ANALYTICS"] == "1"
