"""Commands of the harness: as processes of their own, and in this one."""

from __future__ import annotations

from pathlib import Path
import subprocess
import sys

from benchmarks import cli


ROOT = Path(__file__).resolve().parent.parent


def harness_words(*arguments: str) -> list[str]:
    """The words of a command."""
    return [sys.executable, "-m", "benchmarks", *arguments]


def call_harness(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, in a process of its own."""
    return subprocess.run(harness_words(*arguments), cwd=ROOT, capture_output=True, text=True)


def run_one_seed(out: Path, *arguments: str) -> int:
    """Run studies of one seed in this process; returns the exit status."""
    base = ["run", "--jobs", "1", "--seeds", "1", "--out", str(out)]
    return cli.main([*base, *arguments])


def exit_status(*arguments: str) -> object:
    """Run a command in this process; returns its exit status, also where argparse ends it."""
    try:
        return cli.main(list(arguments))
    except SystemExit as end:
        return end.code
