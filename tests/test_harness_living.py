"""Living with the harness: files of names, dry runs, merging, and an order to end."""

from __future__ import annotations

import os
from pathlib import Path
import signal
import sqlite3
import subprocess
import sys
import time
from typing import Any

import optuna
import pytest

from benchmarks import cli
from benchmarks.running import estimate
from benchmarks.storage import opening


_ROOT = Path(__file__).resolve().parent.parent
_CONFIG = """
[samplers.quasi]
use = "random"
[samplers.eager]
use = "tpe"
n_startup_trials = 2

[problems.loud]
use = "quadratic+noise=0.1"
[problems.steps]
use = "lattice"
"""


def _run(*arguments: str) -> int:
    return cli.main(["run", *arguments, "--jobs", "1"])


def _studies(out: Path) -> dict[str, list[Any]]:
    storage = opening.open_storage(opening.default_url(out))
    found = {}
    for name in sorted(optuna.get_all_study_names(storage)):
        study_id = storage.get_study_id_from_name(name)
        found[name] = [(t.params, t.values, t.state) for t in storage.get_all_trials(study_id)]
    return found


@pytest.mark.slow
def test_a_file_of_names_is_all_that_a_run_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "mine.toml"
    config.write_text(_CONFIG, encoding="utf-8")
    out = tmp_path / "out"
    arguments = ["--config", str(config), "--seeds", "1", "--trials", "4", "--out", str(out)]
    assert _run(*arguments) == 0
    assert list(_studies(out)) == [
        f"{problem}/{sampler}/seed-0"
        for problem in ("loud", "steps")
        for sampler in ("eager", "quasi")
    ]
    assert "eager" in (out / "report.md").read_text(encoding="utf-8")
    capsys.readouterr()
    assert _run(*arguments, "--samplers", "eager,tpe", "--problems", "steps") == 0
    assert len(_studies(out)) == 5


@pytest.mark.slow
def test_a_dry_run_counts_what_is_left_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    base = ["--problems", "quadratic,lattice", "--samplers", "random,tpe", "--out", str(out)]
    assert _run(*base, "--seeds", "2", "--trials", "5", "--dry-run") == 0
    assert "8 studies, 40 trials" in capsys.readouterr().out
    assert not out.exists()
    assert _run(*base, "--seeds", "1", "--trials", "5") == 0
    before = _studies(out)
    capsys.readouterr()
    assert _run(*base, "--seeds", "2", "--trials", "6", "--dry-run") == 0
    shown = capsys.readouterr().out
    assert "8 studies, 28 trials" in shown and "about" in shown
    assert _studies(out) == before


def test_a_dry_run_refuses_what_the_run_would_refuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    base = ["--problems", "quadratic", "--samplers", "random", "--seeds", "1", "--trials", "3"]
    assert _run(*base, "--out", str(out)) == 0
    before = _studies(out)
    capsys.readouterr()
    for more in ([], ["--dry-run"]):
        assert _run(*base, "--parallel", "2", "--out", str(out), *more) == 2
        assert "begun with other settings (--parallel: 1, now 2)" in capsys.readouterr().err
    file = tmp_path / "file"
    file.touch()
    for place in (file, file / "below"):
        for more in ([], ["--dry-run"]):
            assert _run(*base, "--out", str(place), *more) == 2
            assert f"--out: cannot write to {place} (" in capsys.readouterr().err
    assert _studies(out) == before


def test_a_dry_run_says_what_it_does_not_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "_REFERENCE", tmp_path)
    arguments = ["--problems", "quadratic", "--samplers", "tpe", "--out", str(tmp_path / "out")]
    assert _run(*arguments, "--dry-run") == 0
    assert "what is not known (?) comes on top" in capsys.readouterr().out


@pytest.mark.slow
def test_merging_brings_parts_of_a_comparison_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, one, other, merged = (tmp_path / name for name in ("whole", "one", "other", "merged"))
    base = ["--problems", "quadratic,faulty", "--samplers", "tpe,random", "--trials", "5"]
    assert _run(*base, "--seeds", "3", "--out", str(whole)) == 0
    assert _run(*base, "--seeds", "2", "--out", str(one)) == 0
    # Overlaps with the first, and is shorter where it does.
    rest = ["--first-seed", "1", "--seeds", "2"]
    assert _run(*base[:-1], "3", *rest, "--out", str(other)) == 0
    assert _run(*base[:-1], "5", "--first-seed", "2", "--seeds", "1", "--out", str(other)) == 0
    capsys.readouterr()
    arguments = ["merge", str(one), str(other), "--out", str(merged)]
    assert cli.main(arguments) == 0
    assert _studies(merged) == _studies(whole)
    assert "8 studies, 40 trials added" in capsys.readouterr().out
    # Once more, and the other way round, changes nothing.
    assert cli.main(["merge", str(other), str(one), "--out", str(merged)]) == 0
    assert _studies(merged) == _studies(whole)
    assert cli.main(["report", "--out", str(merged)]) == 0
    assert "12 studies" not in capsys.readouterr().err


@pytest.mark.slow
def test_merging_continues_a_shorter_study(tmp_path: Path) -> None:
    short, long = tmp_path / "short", tmp_path / "long"
    base = ["--problems", "quadratic", "--samplers", "tpe", "--seeds", "1"]
    assert _run(*base, "--trials", "3", "--out", str(short)) == 0
    assert _run(*base, "--trials", "6", "--out", str(long)) == 0
    assert cli.main(["merge", str(long), "--out", str(short)]) == 0
    assert _studies(short) == _studies(long)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("other", "words"),
    [
        (
            ["--problems", "quadratic", "--samplers", "tpe", "--start-points", "2"],
            "other settings",
        ),
        (None, "other trials"),
        ([], "holds no results"),
    ],
)
def test_merging_what_does_not_belong_together_is_refused(
    tmp_path: Path, other: list[str] | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    target, source = tmp_path / "target", tmp_path / "source"
    base = ["--problems", "quadratic", "--samplers", "tpe", "--seeds", "1", "--trials", "3"]
    assert _run(*base, "--out", str(target)) == 0
    before = _studies(target)
    if other:
        assert _run(*other, "--seeds", "1", "--trials", "3", "--out", str(source)) == 0
    elif other is None:
        assert _run(*base, "--out", str(source)) == 0
        with sqlite3.connect(source / "studies.db") as connection:
            connection.execute("UPDATE trial_values SET value = value + 1")
    capsys.readouterr()
    assert cli.main(["merge", str(source), "--out", str(target)]) == 2
    assert words in capsys.readouterr().err
    assert _studies(target) == before


@pytest.mark.slow
def test_an_order_to_end_stores_what_has_finished(tmp_path: Path) -> None:
    arguments = ["--problems", "sleepy", "--samplers", "random", "--seeds", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks", "run", *arguments, "--trials", "2000", "--out"]
        + [str(tmp_path)],
        cwd=_ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 600
    while not _n_trials(tmp_path):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGTERM)
    _, errors = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert "stopped: every finished trial is stored" in errors and "Traceback" not in errors
    assert 0 < _n_trials(tmp_path) < 2000


def _n_trials(out: Path) -> int:
    try:
        with sqlite3.connect(f"file:{out / 'studies.db'}?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT COUNT(*) FROM trials").fetchone()[0])
    except sqlite3.OperationalError:  # Not there yet.
        return 0


@pytest.mark.slow
def test_a_sampler_that_needs_the_space_is_left_out_where_it_is_not_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--samplers", "grid,random", "--seeds", "1", "--trials", "3"]
    problems = ["--problems", f"{__name__}:line,lattice", "--out", str(tmp_path)]
    assert _run(*arguments, *problems, "--dry-run") == 0
    assert "skipped: grid on" in capsys.readouterr().out
    assert _run(*arguments, *problems) == 0
    assert f"skipped: grid on {__name__}:line: needs the search space" in capsys.readouterr().out
    assert list(_studies(tmp_path)) == [
        "lattice/grid/seed-0",
        "lattice/random/seed-0",
        f"{__name__}:line/random/seed-0",
    ]


def line(trial: optuna.Trial) -> float:
    """An objective that is a function of a trial."""
    return trial.suggest_float("x", 0, 1)
