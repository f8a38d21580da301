"""The command `run` with real processes: to the end, extended, killed, interrupted, continued."""

from __future__ import annotations

import csv
import dataclasses
import os
from pathlib import Path
import signal
import sqlite3
import subprocess
import sys
import time

import optuna
from optuna.trial import TrialState
import pytest

from benchmarks import cli
from benchmarks.contenders import registry as contenders
from benchmarks.contenders.seeding import SHARED
from benchmarks.engines.jobs import Job
from benchmarks.problems.spec import Options
from benchmarks.storage import opening
from benchmarks.storage import store
from benchmarks.storage.study_spec import StudySpec
from benchmarks.study import runner
from tests.commands import call_harness
from tests.commands import harness_words
from tests.commands import ROOT
from tests.drowsy import ALARM
from tests.drowsy import DROWSY


# Not at its end before the alarm: it can be interrupted in the middle.
_DROWSY = ["--problems", DROWSY, "--samplers", "random,tpe", "--seeds", "1", "--trials", "50"]
# Those of the same problem without its sleep.
_DROWSY += ["--sampler-seeds", SHARED]


@pytest.fixture
def alarm(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that ends the naps of the runs that a test starts."""
    path = tmp_path_factory.mktemp("alarm") / "alarm"
    monkeypatch.setenv(ALARM, str(path))
    return path


@pytest.mark.slow
def test_missing_dependency_is_said_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking = dataclasses.replace(
        contenders.CONTENDERS["gp"], requires=("no_such_module",), install="pip install it"
    )
    monkeypatch.setitem(contenders.CONTENDERS, "gp", lacking)
    base = ["--problems", "quadratic", "--seeds", "1", "--trials", "2", "--out", str(tmp_path)]
    assert cli.main(["run", "--samplers", "gp", *base]) == 2
    assert "none of gp can run" in capsys.readouterr().err
    campaign = [*harness_words("run", "--samplers", "gp,random"), *base]
    code = (
        "import dataclasses, sys; from benchmarks import cli; from benchmarks.contenders import registry;"
        "gp = registry.CONTENDERS['gp'];"
        "registry.CONTENDERS['gp'] = dataclasses.replace("
        "gp, requires=('no_such_module',), install='pip install it');"
        f"sys.exit(cli.main({campaign[3:]!r}))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "skipped: gp: needs no_such_module: pip install it" in result.stdout
    assert len(_numbers(tmp_path)) == 1


@pytest.mark.slow
def test_run_to_the_end_then_extend_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["run", "--problems", "quadratic,faulty", "--samplers", "tpe,random"]
    base += ["--out", str(tmp_path)]
    result = call_harness(*base, "--seeds", "1", "--trials", "5")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "[4/4 studies" in result.stdout
    files = ("report.md", "trials.csv", "summary.csv", "comparison.png", "comparison.svg")
    assert all((tmp_path / name).stat().st_size > 0 for name in files)
    # A test against a sampler that has not run would be a column of dashes.
    assert "lattice_gp" not in (tmp_path / "report.md").read_text(encoding="utf-8")
    expected = {
        f"{problem}/{sampler}/seed-0": list(range(5))
        for problem in ("quadratic", "faulty")
        for sampler in ("tpe", "random")
    }
    assert _numbers(tmp_path) == expected
    with (tmp_path / "trials.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 4 * 5
    more = [*base, "--seeds", "2", "--trials", "7"]
    again = call_harness(*more)
    assert again.returncode == 0, again.stderr
    assert "continuing" in again.stdout
    assert [numbers for numbers in _numbers(tmp_path).values()] == [list(range(7))] * 8
    assert cli.main(more) == 0
    assert "0 trials to go" in capsys.readouterr().out


def test_a_longer_study_has_no_trials_to_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is only measured again, and takes nothing off what others have to go."""

    def execute(engine: object, jobs: list[Job], *rest: object) -> None:
        for job in jobs:
            job.outcome = runner.run_study(job.spec)

    monkeypatch.setattr("benchmarks.engines.choice.Local.execute", execute)
    base = ["run", "--problems", "quadratic", "--samplers", "random", "--out", str(tmp_path)]
    assert cli.main([*base, "--seeds", "1", "--trials", "5"]) == 0
    assert cli.main([*base, "--seeds", "2", "--trials", "3", "--reevaluate", "1"]) == 0
    assert "0 of 2 studies are complete, 3 trials to go" in capsys.readouterr().out


@pytest.mark.slow
def test_killed_run_continues_to_the_same_result(tmp_path: Path, alarm: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    for name in ("random", "tpe"):
        # The same problem in no time.
        spec = StudySpec(
            "quadratic", name, 0, 50, Options(), opening.default_url(whole), seeding=SHARED
        )
        storage = opening.open_storage(spec.storage, create=True)
        store.prepare_study(storage, spec, {}, optuna.study.StudyDirection.MINIMIZE)
        runner.run_study(spec)
    process = _start(killed)
    _wait_for_trials(killed, 20)
    process.kill()
    process.communicate()
    _wait_for_quiet(killed)
    before = _numbers(killed)
    assert 20 <= sum(map(len, before.values())) < 100
    report = call_harness("report", "--out", str(killed))
    assert report.returncode == 0, report.stderr
    assert "UNFINISHED" in report.stdout
    assert "UNFINISHED" in (killed / "report.md").read_text()
    alarm.touch()
    result = call_harness("run", *_DROWSY, "--out", str(killed))
    assert result.returncode == 0, result.stderr
    assert _numbers(killed) == {
        f"{DROWSY}/{name}/seed-0": list(range(50)) for name in ("random", "tpe")
    }
    assert list(_values(killed).values()) == list(_values(whole).values())


@pytest.mark.slow
def test_killed_worker_costs_no_study(tmp_path: Path, alarm: Path) -> None:
    if not Path("/proc/self/task").exists():
        pytest.skip("needs /proc to find the worker processes")
    process = _start(tmp_path)
    _wait_for_trials(tmp_path, 10)
    workers = _workers(process.pid)
    assert workers
    os.kill(workers[0], signal.SIGKILL)
    alarm.touch()
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert [len(numbers) for numbers in _numbers(tmp_path).values()] == [50, 50]


@pytest.mark.slow
@pytest.mark.usefixtures("alarm")
def test_interrupted_run_says_how_to_continue(tmp_path: Path) -> None:
    process = _start(tmp_path)
    _wait_for_trials(tmp_path, 10)
    # To the whole group, as a terminal does it.
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert f"python -m benchmarks run --problems {DROWSY}" in errors
    n_trials = sum(map(len, _numbers(tmp_path).values()))
    assert 10 <= n_trials < 100


@pytest.mark.slow
@pytest.mark.usefixtures("alarm")
def test_second_run_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    process = _start(tmp_path)
    _wait_for_trials(tmp_path, 1)
    # Stopped, so that it cannot end before the second has looked.
    os.killpg(process.pid, signal.SIGSTOP)
    second = call_harness("run", *_DROWSY, "--out", str(tmp_path))
    os.killpg(process.pid, signal.SIGCONT)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate()
    assert second.returncode == 2
    assert "another run is at work" in second.stderr


def _start(out: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        harness_words("run", *_DROWSY, "--out", str(out)),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _workers(pid: int) -> list[int]:
    """Child processes that work (the other child is Python's own resource tracker)."""
    children = [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [p for p in children if "spawn_main" in Path(f"/proc/{p}/cmdline").read_text()]


def _count(out: Path) -> int:
    try:
        with sqlite3.connect(f"file:{out / 'studies.db'}?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT COUNT(*) FROM trials").fetchone()[0])
    except sqlite3.OperationalError:  # Not there yet.
        return 0


def _wait_for_trials(out: Path, n_trials: int) -> None:
    deadline = time.monotonic() + 600
    while _count(out) < n_trials:
        assert time.monotonic() < deadline, "the run does not get on"
        time.sleep(0.02)


def _wait_for_quiet(out: Path) -> None:
    """Until the orphaned workers have noticed that they are orphans."""
    time.sleep(0.5)
    n_trials = _count(out)
    time.sleep(0.5)
    assert _count(out) == n_trials, "a worker goes on without its coordinator"


def _studies(out: Path) -> dict[str, list[optuna.trial.FrozenTrial]]:
    storage = optuna.storages.RDBStorage(f"sqlite:///{out / 'studies.db'}")
    studies = {
        name: optuna.load_study(study_name=name, storage=storage).trials
        for name in optuna.get_all_study_names(storage)
    }
    for trials in studies.values():
        assert all(trial.state in (TrialState.COMPLETE, TrialState.FAIL) for trial in trials)
    return studies


def _numbers(out: Path) -> dict[str, list[int]]:
    return {name: [trial.number for trial in trials] for name, trials in _studies(out).items()}


def _values(out: Path) -> dict[str, list[object]]:
    return {
        name: [(trial.params, trial.values) for trial in trials]
        for name, trials in _studies(out).items()
    }
