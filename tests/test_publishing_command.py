"""The command: what it prints, its options, and where its output goes."""

from __future__ import annotations

import io
from pathlib import Path
import subprocess
import sys

import pytest


pytest.importorskip("frontmatter", reason="needs the extra publish")
pytest.importorskip("mdformat", reason="needs the extra publish")

from publishing import __main__ as entry_point
from publishing import cli
from publishing.findings import Finding
from publishing.rules import RULES
from tests.broken_copies import replace
from tests.broken_copies import ROOT
from tests.broken_copies import write


@pytest.mark.slow
def test_check_prints_findings_and_fails(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace("LICENSE", "free of charge", "for money")(copy)
    assert cli.main(["check", "samplers/lattice_gp"], root=copy.parents[2]) == 1
    out = capsys.readouterr().out
    assert out.startswith("package/samplers/lattice_gp/LICENSE: [licence] not the text")
    assert "samplers/lattice_gp: 1 finding by" in out


def test_findings_are_counted_and_come_in_order(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    by_tool = Finding("package/a", 0, "mypy", "wrong")
    monkeypatch.setattr(cli, "findings_by_tools", lambda *_: [by_tool])
    assert cli.main(["check"], root=copy.parents[2]) == 1
    assert "samplers/lattice_gp: 1 finding by" in capsys.readouterr().out
    write("broken.py", "\nx = = 1\n")(copy)
    assert cli.main(["check"], root=copy.parents[2]) == 1
    first, second, last = capsys.readouterr().out.splitlines()
    assert first == "package/a: [mypy] wrong"
    assert second.startswith("package/samplers/lattice_gp/broken.py:2: [python-syntax] no Python")
    assert last == f"samplers/lattice_gp: 2 findings by {len(RULES)} rules"


def test_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rules"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [rule.name for rule in RULES]


def test_help_says_what_the_command_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "ready for the OptunaHub registry" in said and "what it returns" not in said


def test_an_abbreviated_option_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main(["test", "--quic"])
    assert raised.value.code == 2
    assert "unrecognized arguments: --quic" in capsys.readouterr().err


def test_lists_on_the_command_line_have_names(capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--optuna", "--python", "--without"):
        with pytest.raises(SystemExit):
            cli.main(["test", option, " , "])
        assert (
            f"argument {option}: got ' , ', accepts names separated by" in capsys.readouterr().err
        )


def test_whoever_reads_the_output_may_stop() -> None:
    command = [sys.executable, "-m", "publishing", "rules"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 1


def test_a_terminal_may_lack_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one in ASCII, on which a test's output is shown."""
    monkeypatch.setattr(cli, "main", lambda: print("12 passed ✓") or 0)
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert entry_point._main() == 0
    assert written.getvalue() == b"12 passed ?\n"
