"""Every code block of every README is executed as written, or `readme_rules.py` says why not."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import redirect_stderr
from contextlib import redirect_stdout
from importlib.util import find_spec
import io
import os
from pathlib import Path
import re
import runpy
import shlex
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.cli import parse_arguments
from tests.readme_blocks import Block
from tests.readme_blocks import blocks
from tests.readme_blocks import command_lines
from tests.readme_blocks import Line
from tests.readme_blocks import parse
from tests.readme_blocks import readmes
from tests.readme_blocks import ROOT
from tests.readme_rules import How
from tests.readme_rules import Rule
from tests.readme_rules import rule_for


_REFERENCE = ROOT / "benchmarks" / "reference"
_READMES = readmes()
_SHELL = ("shell", "bash", "sh")
_LIMIT_SECONDS = 1200
# Results that lines read which others would take hours to write: 200 trials, in many dimensions.
_PREPARED = "--problems ackley_rotated_d10 --samplers lattice_gp,random --seeds 1 --trials 200"


def _with(*languages: str) -> list[str]:
    """The READMEs that have such blocks."""
    return [r for r in _READMES if any(block.language in languages for block in blocks(r))]


def _lines(readme: str) -> list[Line]:
    return [
        line
        for block in blocks(readme)
        if block.language in _SHELL
        for line in command_lines(block)
    ]


def _copy_of_checkout(folder: Path) -> Path:
    """A copy in which commands can write what they like; ``python`` is this interpreter."""
    left_out = shutil.ignore_patterns(".*", "__pycache__", "results", "data", "build", "dist")

    def ignore(path: str, names: list[str]) -> set[str]:
        # The folder `data` of a package is its measured table.
        return left_out(path, names) - ({"data", "build", "dist"} if Path(path) != ROOT else set())

    shutil.copytree(ROOT, folder, ignore=ignore)
    for path in ("bin/python", ".venv/bin/python"):
        python = folder / path
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
        python.chmod(0o755)
    _write_made_up_mnist(folder / "data")
    return folder


def _write_made_up_mnist(root: Path) -> None:
    """As many random images as preset ``small`` trains on, in MNIST's own format."""
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for split, n in (("train", 4096), ("t10k", 1024)):
        images, labels = rng.bytes(n * 28 * 28), bytes(i % 10 for i in range(n))
        header = struct.pack(">IIII", 0x803, n, 28, 28)
        (raw / f"{split}-images-idx3-ubyte").write_bytes(header + images)
        (raw / f"{split}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, n) + labels)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout of its own."""
    return _copy_of_checkout(tmp_path / "checkout")


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """OptunaHub's cache as if this checkout's packages had been loaded from the registry."""
    registry = tmp_path / "cache" / "github.com" / "optuna" / "optunahub-registry" / "main"
    registry.mkdir(parents=True)
    (registry / "package").symlink_to(ROOT / "package")
    monkeypatch.setenv("OPTUNAHUB_CACHE_HOME", str(tmp_path / "cache"))
    yield registry


def _run(command: str, checkout: Path) -> tuple[int, str]:
    """The exit status of a command in a copy of the checkout, and what it printed."""
    path = f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=checkout,
        env=os.environ | {"PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_LIMIT_SECONDS,
    )
    return done.returncode, done.stdout


def _run_harness(command: str, checkout: Path) -> tuple[int, str]:
    """The same of ``python -m benchmarks``, which spends most of its time on imports: in here.

    The shell takes the words apart, and the module runs as ``python -m`` runs it.
    """
    shell = ["bash", "-c", f"printf '%s\\0' {command}"]
    split = subprocess.run(shell, cwd=checkout, check=True, capture_output=True, text=True)
    python, option, module, *arguments = split.stdout.split("\0")[:-1]
    assert (Path(python).name, option, module) == ("python", "-m", "benchmarks"), command
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(printed):
        patch.chdir(checkout)
        patch.syspath_prepend(str(checkout))
        patch.setattr(sys, "argv", [module, *arguments])
        for file in checkout.glob("my_*.py"):
            # Another test's module of this name may be loaded.
            patch.delitem(sys.modules, file.stem, raising=False)
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        except SystemExit as end:
            status = end.code
    _forget_modules_of(checkout)
    assert isinstance(status, int)
    return status, printed.getvalue()


def _forget_modules_of(checkout: Path) -> None:
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(f"{checkout}{os.sep}"):
            del sys.modules[name]


def _try(command: str, checkout: Path) -> str:
    """What went wrong with a command, or nothing."""
    run = _run_harness if re.match(r"\S*python -m benchmarks ", command) else _run
    status, printed = run(command, checkout)
    return "" if status == 0 else f"{command}\n{printed[-2000:]}\nended with {status}"


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
    checkout = _copy_of_checkout(tmp_path_factory.mktemp("prepared") / "checkout")
    assert not _try(f"python -m benchmarks run {_PREPARED} --jobs 1 --out prepared", checkout)
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
    return any(line.text == other.text for name in earlier for other in _lines(name))


@pytest.mark.slow
@pytest.mark.parametrize("readme", [r for r in _READMES if _lines(r)])
def test_command_lines_run_in_order(
    readme: str, checkout: Path, hub_cache: Path, request: pytest.FixtureRequest
) -> None:
    _write_named_files(readme, checkout)
    failed = []
    for line in _lines(readme):
        rule = rule_for(line.text)
        if rule is None or rule.how not in (How.WRITTEN, How.SHRUNK):
            continue
        if (rule.needs and find_spec(rule.needs) is None) or _in_an_earlier_readme(line, readme):
            continue
        _prepare(rule, checkout, request)
        command = line.text if rule.how is How.WRITTEN else f"{line.text} {rule.more}"
        if problem := _try(command, checkout):
            failed.append(f"{line.where}: {problem}")
    assert not failed, "\n\n".join(failed)


@pytest.mark.parametrize("readme", [r for r in _READMES if _lines(r)])
def test_every_command_line_is_of_a_known_kind(readme: str) -> None:
    unknown = [f"{line.where}: {line.text}" for line in _lines(readme) if not rule_for(line.text)]
    assert not unknown, (
        "nothing says how these are tried; add a rule to tests/readme_rules.py:\n"
        + "\n".join(unknown)
    )


def _parsed() -> list[Line]:
    found = []
    for line in (line for readme in _READMES for line in _lines(readme)):
        rule = rule_for(line.text)
        if rule is not None and rule.how is How.PARSED:
            found.append(line)
    return found


@pytest.mark.parametrize("line", _parsed(), ids=lambda line: line.where)
def test_what_is_not_run_is_understood_by_its_parser(line: Line) -> None:
    words = shlex.split(line.text)
    args = parse_arguments(words[words.index("benchmarks") + 1 :])
    assert isinstance(args, argparse.Namespace) and args.command == "run"


@pytest.mark.parametrize("readme", _with("toml"))
def test_files_of_names_run(readme: str, checkout: Path, hub_cache: Path) -> None:
    for block in blocks(readme):
        if block.language == "toml":
            assert block.file_name, f"{block.where}: the paragraph before names no file"
            (checkout / block.file_name).write_text(block.text, encoding="utf-8")
            command = f"python -m benchmarks run --config {block.file_name} --seeds 1 --dry-run"
            status, printed = _run_harness(command, checkout)
            assert status == 0, printed
            assert "eager" in printed and "rough" in printed


def _balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0


@pytest.mark.parametrize("readme", _READMES)
def test_every_block_is_of_a_known_kind(readme: str) -> None:
    for block in blocks(readme):
        if block.language in ("", "bibtex"):
            entry = block.text.strip()
            assert entry.startswith("@") and _balanced(entry), f"{block.where}: no BibTeX entry"
        else:
            known = ("python", "toml", *_SHELL)
            assert block.language in known, (
                f"{block.where}: a block of {block.language!r}, which nothing executes; "
                f"accepts {', '.join(known)}, and BibTeX"
            )


def _block(text: str, language: str = "shell") -> Block:
    (block,) = parse("page.md", f"Text:\n\n```{language}\n{text}\n```\n")
    return block


def test_commands_are_taken_from_blocks_as_a_shell_reads_them() -> None:
    block = _block(
        "a --b 'c # d'\nb --c 1  # why\n\n# all of it\npip install x && python y \\\n  --z\n"
    )
    assert [line.text for line in command_lines(block)] == [
        "a --b 'c # d'",
        "b --c 1",
        "pip install x",
        "python y   --z",
    ]
    assert [line.where for line in command_lines(block)] == [
        f"page.md:{number}" for number in (4, 5, 8, 8)
    ]


def test_unknown_commands_have_no_rule() -> None:
    assert rule_for("python -m benchmarks celebrate") is None
    assert rule_for("curl somewhere") is None


def test_blocks_know_their_language_line_and_file() -> None:
    text = "In `mine.py`, here:\n\n```python\nx = 1\n```\n\n```shell\na\n```\n\n`run --config a.toml` runs it:\n\n"
    first, shell, second, third = parse(
        "page.md", f"{text}```toml\n```\n\nNo file:\n\n    indented\n"
    )
    assert (first.language, first.line, first.file_name) == ("python", 4, "mine.py")
    assert (second.language, second.file_name) == ("toml", "a.toml")
    assert shell.file_name == ""
    assert (third.language, third.text, third.file_name) == ("", "indented\n", "")


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
    problem = _try(command, checkout)
    assert all(word in problem for word in (command, *words)), problem
    assert _try("python --version", checkout) == ""
