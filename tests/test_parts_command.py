"""The command `parts`: the files that it keeps and continues, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
import gzip
from pathlib import Path

from optuna.samplers import BaseSampler
from optuna.samplers import RandomSampler
from optuna.trial import Trial
import pytest

from benchmarks import cli
from benchmarks.parts import catalog
from benchmarks.parts import records
from benchmarks.parts.entrants import ours
from benchmarks.parts.records import Record
from benchmarks.parts.task import Entrant
from benchmarks.parts.task import Part
from benchmarks.parts.task import Task
from tests.toy_parts import ON
from tests.toy_parts import toy_record
from tests.toy_parts import toy_task


def _run(out: Path, *arguments: str) -> int:
    return cli.main(["parts", "--seeds", "2", "--out", str(out), *arguments])


def test_tasks_with_constraints_are_refused_before_any_work(
    toy: Part,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tasks = (*toy.tasks, toy_task("limited", constrained=True))
    monkeypatch.setattr(catalog, "PARTS", {"toy": replace(toy, tasks=tasks)})
    for kind in Trial.__mro__:
        if "set_constraint" in vars(kind):
            monkeypatch.delattr(kind, "set_constraint")
    assert _run(tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    assert "limited need Trial.set_constraint of optuna >= 5" in error
    assert not (tmp_path / "out").exists()
    assert _run(tmp_path / "out", "--tasks", "square", "--entrants", "random") == 0


def test_who_lacks_a_library_is_left_out_and_its_version_is_kept(
    toy: Part,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    entrants = (
        replace(ON, requires=("pytest",)),
        Entrant("needy", lambda seed, task: RandomSampler(seed=seed), requires=("no_such_thing",)),
    )
    monkeypatch.setattr(catalog, "PARTS", {"toy": replace(toy, entrants=entrants)})
    assert _run(tmp_path / "out") == 0
    assert "skipped: needy: needs no_such_thing\n" in capsys.readouterr().out
    kept = records.read(tmp_path / "out" / "curves.jsonl.gz")
    assert {key.entrant for key in kept} == {"on"}
    assert {its.versions["pytest"] for its in kept.values()} == {pytest.__version__}
    # Alone it leaves nobody, which is said before a folder is made.
    assert _run(tmp_path / "none", "--entrants", "needy") == 2
    error = capsys.readouterr().err
    assert error == "error: --entrants: none of them can run here: needy needs no_such_thing.\n"
    assert not (tmp_path / "none").exists()


def test_compact_record_says_the_same() -> None:
    record = toy_record("on", "square", 0, [1.0, 1.0, 0.5, 0.5, 0.2, 0.2])
    compact = record.compact()
    assert compact.spent == (1.0, 3.0, 5.0, 6.0)
    at = [0.5, 1, 2, 3, 4.5, 5, 6, 100]
    assert compact.at(at).tolist() == record.at(at).tolist()
    assert record.at(at).tolist() == [1.0, 1.0, 1.0, 0.5, 0.5, 0.2, 0.2, 0.2]
    assert compact.compact() == compact


def test_compact_file_is_reproducible_and_read_again(tmp_path: Path) -> None:
    made = {"versions": {"optuna": "5"}}
    kept = [toy_record("on", "square", seed, [0.5, 0.25], **made) for seed in range(2)]
    for name in ("a.gz", "b.gz"):
        records.write_compact(kept, tmp_path / name, "a command")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert list(records.read(tmp_path / "a.gz").values()) == kept


def test_resumed_run_runs_what_is_missing(
    toy: Part,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _run(tmp_path) == 0
    log = tmp_path / "curves.jsonl"
    lines = log.read_text().splitlines()
    assert len(lines) == 2 * 3 * 2
    tables = (tmp_path / "curves.jsonl.gz").read_bytes()
    # The last line was cut off when the run was killed, two others were never written.
    log.write_text("\n".join(lines[:-3]) + "\n" + lines[-3][:40])
    ran = []

    def build(seed: int, task: Task) -> BaseSampler:
        ran.append((task.name, seed))
        return RandomSampler(seed=seed)

    again = replace(toy, entrants=(ON, Entrant("random", build)))
    monkeypatch.setattr(catalog, "PARTS", {"toy": again})
    capsys.readouterr()
    assert _run(tmp_path) == 0
    assert "continuing: 9 of 12 studies are there" in capsys.readouterr().out
    assert ran == [("reported", 1), ("idle", 1)]

    def without_seconds(path: Path) -> list[Record]:
        return [replace(r, sampler_seconds=0.0) for r in records.read(path).values()]

    (tmp_path / "before.gz").write_bytes(tables)
    compact = tmp_path / "curves.jsonl.gz"
    assert without_seconds(compact) == without_seconds(tmp_path / "before.gz")
    assert len(log.read_text().splitlines()) == 12


def test_tables_of_a_committed_file_are_those_of_the_run(toy: Part, tmp_path: Path) -> None:
    assert _run(tmp_path / "run") == 0
    curves = str(tmp_path / "run" / "curves.jsonl.gz")
    assert _run(tmp_path / "again", "--curves", curves) == 0

    def tables(folder: str) -> str:
        return (tmp_path / folder / "parts.md").read_text().partition("## How it was made")[0]

    assert tables("run") == tables("again")
    assert "| square | dev |" in tables("run")


@pytest.mark.parametrize("order", ["abcd", "acbd"])
def test_tables_do_not_depend_on_which_study_was_finished_first(
    toy: Part, tmp_path: Path, order: str
) -> None:
    # Added up in these two orders, the same seconds round to 0.2 and to 0.1 ms a trial.
    studies = {
        "a": ("square", 0, 0.0013),
        "b": ("square", 1, 0.0014),
        "c": ("reported", 0, 0.0002),
        "d": ("reported", 1, 0.0007),
    }
    log = records.Log(tmp_path / "curves.jsonl")
    for task, seed, seconds in (studies[name] for name in order):
        log.append(toy_record("on", task, seed, [0.5] * 6, sampler_seconds=seconds))
    curves = str(tmp_path / "curves.jsonl")
    assert _run(tmp_path / "out", "--curves", curves, "--tasks", "square,reported") == 0
    interval = "**0.500 [0.500, 0.500]**"
    tables = (tmp_path / "out" / "parts.md").read_text()
    assert f"| on | 4 | {interval} | {interval} | 0.1 |" in tables


def test_study_that_fails_leaves_the_others_alone(
    toy: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = replace(toy, entrants=(ON, ours("off", {"no_such_ingredient": 1})))
    monkeypatch.setattr(catalog, "PARTS", {"toy": broken})
    assert _run(tmp_path) == 1
    assert "toy/square/off/0: TypeError" in capsys.readouterr().err
    assert "no_such_ingredient" in (tmp_path / "errors.log").read_text()
    assert len(records.read(tmp_path / "curves.jsonl")) == 6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--parts", "toi"], ["--parts", "'toi'", "Did you mean 'toy'"]),
        (["--tasks", "sqare"], ["--tasks", "Did you mean 'square'"]),
        (["--entrants", "of"], ["--entrants", "on, random"]),
        (["--kind", "deb"], ["--kind", "dev, report, all"]),
        (["--kind", "report", "--tasks", "square"], ["nothing is left"]),
        (["--curves", "absent.gz"], ["--curves", "absent.gz"]),
    ],
)
def test_wrong_argument_is_one_clear_line(
    toy: Part,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: list[str],
) -> None:
    assert _run(tmp_path / "out", *arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    assert all(word in error for word in words)
    assert not (tmp_path / "out").exists()


def test_damaged_file_is_one_clear_line(
    toy: Part, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "curves.jsonl").write_text('{"part": "toy"}\n')
    assert _run(tmp_path) == 2
    assert "cannot read" in capsys.readouterr().err
    (tmp_path / "curves.jsonl").write_bytes(b"\xff\n")
    assert _run(tmp_path) == 2
    assert "cannot read" in capsys.readouterr().err
    damaged = bytearray(gzip.compress(b"curves" * 100))
    damaged[12:20] = b"\xff" * 8
    path = tmp_path / "curves.jsonl.gz"
    path.write_bytes(damaged)
    assert _run(tmp_path / "tables", "--curves", str(path)) == 2
    assert f"--curves: cannot read {path}" in capsys.readouterr().err
