"""Storages that are absent, broken, full or another's, and runs that end before they begin."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks import cli
from benchmarks.analysis.studies.results import load_runs
from benchmarks.analysis.studies.results import Run
from benchmarks.running.campaign import Campaign
from benchmarks.storage import opening
from tests.commands import run_one_seed


def _runs(out: Path) -> list[Run]:
    return load_runs(opening.open_storage(opening.default_url(out)))


@pytest.mark.slow
def test_what_was_measured_again_stays_with_its_incumbent(tmp_path: Path) -> None:
    base = ["--samplers", "random", "--problems", "noisy_quadratic"]
    assert run_one_seed(tmp_path / "short", *base, "--trials", "2", "--reevaluate", "2") == 0
    assert run_one_seed(tmp_path / "long", *base, "--trials", "4") == 0
    orders = (("short", "long"), ("long", "short"))
    for index, order in enumerate(orders):
        out = tmp_path / f"merged-{index}"
        sources = [str(tmp_path / name) for name in order]
        assert cli.main(["merge", *sources, "--out", str(out)]) == 0
        (run,) = _runs(out)
        assert (len(run.trials), run.reevaluated) == (4, ())
    # The same study, measured again more often, is the better source.
    assert cli.main(["merge", str(tmp_path / "short"), "--out", str(tmp_path / "m")]) == 0
    assert run_one_seed(tmp_path / "short", *base, "--trials", "2", "--reevaluate", "3") == 0
    assert cli.main(["merge", str(tmp_path / "short"), "--out", str(tmp_path / "m")]) == 0
    assert len(_runs(tmp_path / "m")[0].reevaluated) == 3


@pytest.mark.parametrize("command", ["merge", "report", "compare"])
def test_a_storage_that_is_not_there_is_not_made(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'nowhere.db'}"
    source = [url] if command == "merge" else ["--storage", url]
    assert cli.main([command, *source, "--out", str(tmp_path / "out")]) == 2
    assert "there is no such file" in capsys.readouterr().err
    assert not (tmp_path / "nowhere.db").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["report"],
        ["compare"],
        ["merge", "OUT"],
        ["run", "--problems", "quadratic"],
        ["run", "--problems", "quadratic", "--dry-run"],
    ],
)
def test_a_broken_file_is_told_with_its_folder(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "studies.db"
    file.write_bytes(b"no database" * 500)
    arguments = [str(tmp_path) if word == "OUT" else word for word in words]
    assert cli.main([*arguments, "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    where = "merge" if words[0] == "merge" else "--out"
    assert said.startswith(
        f"error: {where}: cannot read {file} (file is not a database); move it "
    )
    assert said.count("\n") == 1
    assert cli.main(["report", "--storage", f"sqlite:///{file}", "--out", str(tmp_path)]) == 2
    assert "--storage: cannot open sqlite:///" in capsys.readouterr().err


def test_a_dry_run_leaves_no_storage_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "new.db"
    assert run_one_seed(tmp_path / "out", "--dry-run", "--storage", f"sqlite:///{file}") == 0
    assert "3 studies, 90 trials" in capsys.readouterr().out
    assert not file.exists() and not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_run_lets_others_in_as_soon_as_it_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = []
    prepare = Campaign.prepare

    def prepare_and_keep(self: Campaign, console: Console) -> None:
        kept.append(self)
        prepare(self, console)

    monkeypatch.setattr(Campaign, "prepare", prepare_and_keep)
    arguments = ["--samplers", "random", "--problems", "lattice", "--trials", "1"]
    # The second has nothing to do but to get in; the first is still in memory.
    assert [run_one_seed(tmp_path / "out", *arguments) for _ in range(2)] == [0, 0]
    assert len(kept) == 2


def test_ctrl_c_during_set_up_is_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Campaign, "prepare", interrupted)
    assert run_one_seed(tmp_path / "out", "--samplers", "random") == 130
    assert "To continue:" in capsys.readouterr().err
    monkeypatch.setattr("benchmarks.running.command._campaign", interrupted)
    assert run_one_seed(tmp_path / "out", "--samplers", "random") == 130
    assert capsys.readouterr().err == "\nstopped\n"


@pytest.mark.slow
def test_a_full_disk_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("benchmarks.reporting.report.write_report", full)
    out = tmp_path / "out"
    assert run_one_seed(out, "--samplers", "random", "--problems", "lattice", "--trials", "1") == 2
    said = capsys.readouterr().err
    assert said == f"error: --out: cannot write to {out} (No space left on device)\n"


@pytest.mark.slow
def test_other_settings_are_told_as_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["--samplers", "random", "--problems", "lattice", "--trials", "1"]
    old = [*base, "--sampler-seeds", "shared"]
    assert run_one_seed(tmp_path / "out", *old) == 0
    assert run_one_seed(tmp_path / "out", *base, "--start-points", "3", "--parallel", "2") == 2
    said = capsys.readouterr().err
    for words in (
        "--sampler-seeds: shared, now own",
        "--start-points: 0, now 3",
        "--parallel: 1, now 2",
    ):
        assert words in said
