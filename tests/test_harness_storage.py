"""Trials on their way into the storage and out of it: many at once, and none lost."""

from __future__ import annotations

from collections.abc import Iterator
import math
from pathlib import Path
import shlex
import time
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.storages import BaseStorage
from optuna.study import Study
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import TrialState
import pytest

from benchmarks import cli
from benchmarks.analysis.studies.results import load_runs
from benchmarks.engines import local as engine
from benchmarks.engines.jobs import Board
from benchmarks.engines.jobs import Job
from benchmarks.problems.spec import Options
from benchmarks.storage import bulk
from benchmarks.storage import opening
from benchmarks.storage import reading
from benchmarks.storage import store
from benchmarks.storage.study_spec import StudySpec
from benchmarks.storage.writer import Writer


def _trials() -> list[FrozenTrial]:
    """Trials of every kind that a problem or a sampler can leave."""
    space: dict[str, Any] = {
        "width": IntDistribution(8, 64, step=8),
        "rate": FloatDistribution(1e-5, 1e-1, log=True),
        "kind": CategoricalDistribution(("a", None, 3)),
    }
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for value in (0.1, math.inf, -math.inf, None, 1e-300):
        trial = study.ask(fixed_distributions=space)
        trial.set_user_attr("seconds", 0.25)
        trial.set_user_attr("nested", {"a": [1, "ü"]})
        study._storage.set_trial_system_attr(trial._trial_id, "state", "x" * 100)
        trial.report(math.nan, 1)
        trial.report(0.5, 3)
        study.tell(trial, value, state=None if value is not None else TrialState.FAIL)
    return study.get_trials()


@pytest.fixture(params=["UTC0", "<+14>-14", "<-11>11"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A time zone that this machine is in."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system has its time zone for all processes")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


def _sqlite(folder: Path) -> BaseStorage:
    return opening.open_storage(opening.default_url(folder), create=True)


def _study(storage: BaseStorage, name: str = "a") -> Study:
    return optuna.create_study(storage=storage, study_name=name)


def _plain(trials: list[FrozenTrial]) -> list[dict[str, Any]]:
    """Everything a trial says, in the order in which it says it; without its number in storage."""
    return [
        {
            "number": trial.number,
            "state": trial.state,
            "values": trial.values,
            "params": list(trial.params.items()),
            "distributions": trial.distributions,
            "user_attrs": trial.user_attrs,
            "system_attrs": trial.system_attrs,
            # NaN is not equal to itself.
            "intermediate": repr(sorted(trial.intermediate_values.items())),
            "times": (trial.datetime_start, trial.datetime_complete),
        }
        for trial in trials
    ]


@pytest.mark.usefixtures("zone")
def test_trials_written_at_once_are_those_that_optuna_writes_one_by_one(tmp_path: Path) -> None:
    storage, trials = _sqlite(tmp_path), _trials()
    ours, theirs = _study(storage, "ours"), _study(storage, "theirs")
    bulk.add_trials(storage, ours._study_id, trials[:2], 0)
    bulk.add_trials(storage, ours._study_id, trials[2:], 2)
    theirs.add_trials(trials)
    # Optuna reads both, and so do we.
    for study in (ours, theirs):
        assert _plain(_study_trials(tmp_path, study.study_name)) == _plain(trials)
        assert _plain(reading.read_trials(storage, study._study_id)) == _plain(trials)
    assert reading.count_finished(storage, ours._study_id) == len(trials)
    theirs.ask()
    assert reading.count_finished(storage, theirs._study_id) == len(trials)
    assert len(reading.read_trials(storage, theirs._study_id)) == len(trials) + 1


def test_storage_that_is_not_relational() -> None:
    storage, trials = optuna.storages.InMemoryStorage(), _trials()
    study = _study(storage)
    bulk.add_trials(storage, study._study_id, trials, 0)
    assert _plain(reading.read_trials(storage, study._study_id)) == _plain(trials)
    assert reading.count_finished(storage, study._study_id) == len(trials)
    with pytest.raises(bulk.ForeignTrials, match="'a' was to hold 0 trials"):
        bulk.add_trials(storage, study._study_id, trials, 0)


def test_trials_of_someone_else_are_noticed_and_nothing_is_written(tmp_path: Path) -> None:
    storage, trials = _sqlite(tmp_path), _trials()
    study = _study(storage)
    study.add_trial(trials[0])
    with pytest.raises(bulk.ForeignTrials, match="'a' was to hold 0 trials"):
        bulk.add_trials(storage, study._study_id, trials, 0)
    assert len(_study_trials(tmp_path)) == 1


def test_writer_stores_all_that_finished_within_half_a_second_at_once(tmp_path: Path) -> None:
    now = 100.0
    trials = _trials()
    writer = Writer(_study(_sqlite(tmp_path)), 0, clock=lambda: now)
    stored = []
    for trial, seconds in zip(trials, (0.3, 0.1, 0.2, 5.0, 0.1)):
        now += seconds
        writer.add(trial)
        stored.append(len(_study_trials(tmp_path)))
    # What a kill could lose was never more than half a second of work.
    assert stored == [0, 0, 3, 4, 4]
    writer.flush()
    writer.flush()
    assert _plain(_study_trials(tmp_path)) == _plain(trials)


@pytest.mark.slow
def test_order_to_stop_stores_what_has_finished(tmp_path: Path) -> None:
    spec = StudySpec("sleepy", "random", 0, 5000, Options(), opening.default_url(tmp_path))
    store.prepare_study(_sqlite(tmp_path), spec, {}, StudyDirection.MINIMIZE)
    board = Board(1)

    def interrupt(jobs: list[Job]) -> None:
        if board.finished[0] >= 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.execute([Job(spec, 0)], board, 1, interrupt)
    # Three trials take a tenth of a second: nothing but the order can have stored them.
    assert 3 <= len(_study_trials(tmp_path, spec.study_name)) < 5000


def _study_trials(folder: Path, name: str = "a") -> list[FrozenTrial]:
    return optuna.load_study(storage=_sqlite(folder), study_name=name).trials


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("postgresql://me:pw@host:5432/db", "postgresql://me:***@host:5432/db"),
        ("'mysql+pymysql://me:p/w;?@host/db'", "'mysql+pymysql://me:***@host/db'"),
        ("redis://:pw@host", "redis://:***@host"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("sqlite:////a/b.db --scheduler tcp://host:8786 --out a@b",) * 2,
    ],
)
def test_commands_are_told_without_the_passwords_of_storages(
    tmp_path: Path, written: str, shown: str
) -> None:
    storage = _sqlite(tmp_path)
    spec = StudySpec("toy", "random", 0, 1, Options(), "")
    command = "python -m benchmarks run --storage "
    settings = {"problem": {}, "space": {}, "sampler_version": "1", "command": command + written}
    store.prepare_study(storage, spec, settings, StudyDirection.MINIMIZE)
    (run,) = load_runs(storage)
    assert run.settings["command"] == command + shown


def test_addresses_are_told_without_passwords() -> None:
    told = opening.without_password("postgresql://me:pw@host:5432/db?sslmode=require")
    assert told == "postgresql://me:***@host:5432/db?sslmode=require"
    # What is no address is told as it is.
    for text in ("sqlite:///a/b.db", "no address"):
        assert opening.without_password(text) == text


def test_no_password_is_stored_with_a_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = "python -m benchmarks run --storage postgresql://me:pw@host/db"
    base = ["run", "--problems", "quadratic", "--samplers", "random", "--trials", "1"]
    out = ["--out", str(tmp_path)]
    monkeypatch.setattr("benchmarks.engines.choice.Local.execute", lambda *args: None)
    cli._run(cli.parse_arguments([*base, "--seeds", "1", *out]), command)
    storage = opening.open_storage(opening.default_url(tmp_path))
    (study,) = storage.get_all_studies()
    assert "me:***@host" in str(study.user_attrs) and "pw" not in str(study.user_attrs)


@pytest.mark.parametrize("n_foreign", [0, 1])
def test_merge_finds_a_study_of_the_same_name_that_the_harness_did_not_make(
    n_foreign: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = StudySpec("toy", "random", 0, 1, Options(), "")
    settings = {"problem": {}, "space": {}, "sampler_version": "1"}
    store.prepare_study(_sqlite(tmp_path), spec, settings, StudyDirection.MINIMIZE)
    out = tmp_path / "out"
    out.mkdir()
    foreign = optuna.create_study(storage=_sqlite(out), study_name=spec.study_name)
    foreign.add_trials(_trials()[:n_foreign])
    status = cli.main(["merge", str(tmp_path), "--out", str(out)])
    if n_foreign:
        assert status == 2 and "was not made by this harness" in capsys.readouterr().err
    else:
        # A study whose maker was killed is begun as if it were not there.
        assert status == 0 and len(load_runs(_sqlite(out))) == 1


def test_merge_tells_a_command_that_can_be_copied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = StudySpec("toy", "random", 0, 1, Options(), "")
    settings = {"problem": {}, "space": {}, "sampler_version": "1"}
    store.prepare_study(_sqlite(tmp_path), spec, settings, StudyDirection.MINIMIZE)
    out, url = str(tmp_path / "two words"), f"sqlite:///{tmp_path}/other file.db"
    assert cli.main(["merge", str(tmp_path), "--out", out]) == 0
    base = ["python", "-m", "benchmarks", "report", "--out", out]
    assert shlex.split(capsys.readouterr().out.rpartition("; ")[2]) == base
    assert cli.main(["merge", str(tmp_path), "--out", out, "--storage", url]) == 0
    assert shlex.split(capsys.readouterr().out.rpartition("; ")[2]) == [*base, "--storage", url]
