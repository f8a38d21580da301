"""What the command line says: help, lists, and one clear line of what it does not accept."""

from __future__ import annotations

from pathlib import Path
import subprocess
import sys

import pytest

from benchmarks import cli
from tests.commands import call_harness
from tests.commands import exit_status
from tests.commands import harness_words
from tests.commands import ROOT


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--samplers", "random,tpo"], ["--samplers", "'tpo'", "benchmarks list", "mean 'tpe'"]),
        (
            ["--problems", "quadratics"],
            ["'quadratics'. Did you mean 'quadratic'", "benchmarks list"],
        ),
        (["--samplers", ","], ["--samplers", "','"]),
        # As from a variable of the shell that is not set: not the default samplers.
        (["--samplers", ""], ["--samplers", "got ''", "accepts names"]),
        (["--problems", ""], ["--problems", "got ''", "accepts names"]),
        (["--samplers", "no_such:Thing"], ["--samplers", "no module 'no_such'", "module:Class"]),
        (["--samplers", "math:floor"], ["--samplers", "no sampler class or function 'floor'"]),
        (["--samplers", "math:"], ["--samplers", "no sampler class or function ''"]),
        (["--registry", "/no/such/folder"], ["--registry", "'/no/such/folder'", "a clone of"]),
        (["--trials", "0"], ["--trials", "'0'", "1 or more"]),
        (["--seeds", "-3"], ["--seeds", "'-3'", "1 or more"]),
        (["--first-seed", "-1"], ["--first-seed", "'-1'", "0 or more"]),
        (["--jobs", "x"], ["--jobs", "'x'", "1 or more"]),
        (["--storage", "nonsense"], ["--storage", "nonsense", "sqlite:///"]),
        (["--storage", "sqlite:////no/such/folder/x.db"], ["--storage", "unable to open"]),
    ],
)
def test_wrong_argument_is_one_clear_line(
    tmp_path: Path, arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    base = ["run", "--problems", "quadratic", "--seeds", "1", "--trials", "1", "--out", str(out)]
    assert exit_status(*base, *arguments) == 2
    errors = capsys.readouterr().err
    last = errors.strip().splitlines()[-1]
    for word in words:
        assert word in last
    assert "Traceback" not in errors
    assert not out.exists()


def test_wrong_argument_ends_the_process_with_one_line() -> None:
    result = call_harness("run", "--samplers", "random,tpo")
    assert result.returncode == 2
    assert result.stderr.startswith("error: --samplers: got 'tpo'")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "words", [["--help"], ["copmare"], ["run", "--help"], ["compare", "--trails"]]
)
def test_help_and_typos_wait_for_no_library(words: list[str]) -> None:
    heavy = ["numpy", "optuna", "rich", "scipy", "sqlalchemy"]
    code = (
        "import sys\nfrom benchmarks import cli\n"
        f"try: cli.main({words})\n"
        f"except SystemExit: sys.exit(str(set(sys.modules) & set({heavy})))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.stderr.splitlines()[-1] == "set()"


def test_every_command_has_help_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    said = capsys.readouterr().out
    names = ["list", "run", "report", "merge", "compare", "ablate", "parts", "calibrate", "speed"]
    for name in names:
        assert f"\n    {name} " in said
    for name in names[1:]:
        with pytest.raises(SystemExit) as raised:
            cli.main([name, "--help"])
        assert raised.value.code == 0
        # Where the line breaks depends on the width of the terminal.
        usage = f"usage: python -m benchmarks {name} "
        assert " ".join(capsys.readouterr().out.split()).startswith(usage)


def test_folder_that_cannot_be_written_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "out"
    assert cli.main(["run", "--problems", "quadratic", "--out", str(out)]) == 2
    assert capsys.readouterr().err.startswith("error: --out: cannot write to")


def test_report_without_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", "--out", str(tmp_path / "nothing")]) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("error: --out:") and "no results" in errors
    assert not (tmp_path / "nothing").exists()


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list"]) == 0
    shown = capsys.readouterr().out
    for name in ("lattice_gp", "tpe", "random", "gp", "grid", "perceiver", "quadratic"):
        assert name in shown


def test_files_are_written_though_the_reader_has_gone(tmp_path: Path) -> None:
    curves = "benchmarks/reference/crash-40.csv.gz"
    with subprocess.Popen(
        harness_words("compare", "--curves", curves, "--at", "10", "--out", str(tmp_path)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        # As `head` does, though before the first line: a pipe holds more than all of them.
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
    assert (tmp_path / "compare.md").read_text().count("lattice_gp")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--parallel", "0"], ["--parallel", "'0'", "integer of 1 or more"]),
        (["run", "--seed", "3"], ["got --seed,", "mean --seeds?", "run --help"]),
        (["run", "--device", "cuda:1"], ["--device", "'cuda:1'", "CUDA_VISIBLE_DEVICES=1"]),
        (["run", "--trails=3"], ["got --trails,", "mean --trials?"]),
        (["report", "--wholly-unknown"], ["got --wholly-unknown, which is no option."]),
        (["report", "there"], ["got 'there'", "report --help"]),
        (["merge", "--out", "o"], ["DIR|URL"]),
        (["copmare"], ["copmare", "compare"]),
    ],
)
def test_what_the_parser_refuses_is_one_line(
    arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main(arguments)
    assert raised.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and said.startswith("error: ")
    assert all(word in said for word in words), said


@pytest.mark.parametrize("command", ["run", "speed"])
def test_help_tells_defaults_that_there_are(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "(default: 1)" in said
    for nothing in ("None", "False", ""):
        assert f"(default: {nothing})" not in said
