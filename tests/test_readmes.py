"""Every code block of every README is executed as written, or `readme_rules.py` says why not."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
import shutil

import pytest

from tests.readme_blocks import blocks
from tests.readme_blocks import Line
from tests.readme_blocks import lines_of
from tests.readme_blocks import readmes
from tests.readme_blocks import ROOT
from tests.readme_checkout import copy_of_checkout
from tests.readme_checkout import failure_of
from tests.readme_checkout import run_harness
from tests.readme_rules import How
from tests.readme_rules import Rule
from tests.readme_rules import rule_for


_REFERENCE = ROOT / "benchmarks" / "reference"
_READMES = readmes()
# Results that lines read which others would take hours to write: 200 trials, in many dimensions.
_PREPARED = "--problems ackley_rotated_d10 --samplers lattice_gp,random --seeds 1 --trials 200"


def _with(*languages: str) -> list[str]:
    """The READMEs that have such blocks."""
    return [r for r in _READMES if any(block.language in languages for block in blocks(r))]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout of its own."""
    return copy_of_checkout(tmp_path / "checkout")


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """OptunaHub's cache as if this checkout's packages had been loaded from the registry."""
    registry = tmp_path / "cache" / "github.com" / "optuna" / "optunahub-registry" / "main"
    registry.mkdir(parents=True)
    (registry / "package").symlink_to(ROOT / "package")
    monkeypatch.setenv("OPTUNAHUB_CACHE_HOME", str(tmp_path / "cache"))
    yield registry


@pytest.mark.parametrize("readme", _with("python"))
def test_python_blocks_run_in_order(
    readme: str, checkout: Path, hub_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout)
    if find_spec("plotly") is not None:
        # No browser opens: what a figure would show there is made all the same.
        monkeypatch.setattr("plotly.io.show", lambda figure, *_, **__: figure.to_json())
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(readme):
        if block.language == "python":
            # Tracebacks tell the line of the README.
            code = "\n" * (block.line - 1) + block.text
            try:
                exec(compile(code, str(ROOT / block.readme), "exec"), namespace)
            except ImportError as error:
                if find_spec("torch") is None and "torch" in str(error):
                    pytest.skip(f"{block.where} needs torch")
                raise


@pytest.fixture(scope="session")
def prepared_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of a run of 200 trials."""
    checkout = copy_of_checkout(tmp_path_factory.mktemp("prepared") / "checkout")
    assert not failure_of(
        f"python -m benchmarks run {_PREPARED} --jobs 1 --out prepared", checkout
    )
    return checkout / "prepared"


def _prepare(rule: Rule, checkout: Path, request: pytest.FixtureRequest) -> None:
    for path, source in rule.prepare:
        target = checkout / path
        if source:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(_REFERENCE / source, target)
        else:
            results: Path = request.getfixturevalue("prepared_results")
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(results, target)


def _write_named_files(readme: str, checkout: Path) -> None:
    for block in blocks(readme):
        if block.file_name:
            (checkout / block.file_name).write_text(block.text, encoding="utf-8")


def _in_an_earlier_readme(line: Line, readme: str) -> bool:
    earlier = _READMES[: _READMES.index(readme)]
    return any(line.text == other.text for name in earlier for other in lines_of(name))


@pytest.mark.slow
@pytest.mark.parametrize("readme", [r for r in _READMES if lines_of(r)])
def test_command_lines_run_in_order(
    readme: str, checkout: Path, hub_cache: Path, request: pytest.FixtureRequest
) -> None:
    _write_named_files(readme, checkout)
    failed = []
    for line in lines_of(readme):
        rule = rule_for(line.text)
        if rule is None or rule.how not in (How.WRITTEN, How.SHRUNK):
            continue
        if (rule.needs and find_spec(rule.needs) is None) or _in_an_earlier_readme(line, readme):
            continue
        _prepare(rule, checkout, request)
        command = line.text if rule.how is How.WRITTEN else f"{line.text} {rule.more}"
        if problem := failure_of(command, checkout):
            failed.append(f"{line.where}: {problem}")
    assert not failed, "\n\n".join(failed)


@pytest.mark.parametrize("readme", _with("toml"))
def test_files_of_names_run(readme: str, checkout: Path, hub_cache: Path) -> None:
    for block in blocks(readme):
        if block.language == "toml":
            assert block.file_name, f"{block.where}: the paragraph before names no file"
            (checkout / block.file_name).write_text(block.text, encoding="utf-8")
            command = f"python -m benchmarks run --config {block.file_name} --seeds 1 --dry-run"
            status, printed = run_harness(command, checkout)
            assert status == 0, printed
            assert "eager" in printed and "rough" in printed


@pytest.mark.parametrize(
    "command, words",
    [
        ("python -m benchmarks run --problems no_such", ["'no_such'", "ended with 2"]),
        ("python -c 'import no_such'", ["ModuleNotFoundError", "ended with 1"]),
    ],
)
def test_a_command_that_fails_is_told_with_its_output(
    command: str, words: list[str], checkout: Path
) -> None:
    problem = failure_of(command, checkout)
    assert all(word in problem for word in (command, *words)), problem
    assert failure_of("python --version", checkout) == ""
