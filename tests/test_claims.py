"""Who may write to a study, and what is written where others write too or the storage fails."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
import importlib.util
import os
from pathlib import Path
import socket
from typing import Any

import optuna
from optuna.study import Study
from optuna.trial import create_trial
from optuna.trial import FrozenTrial
import pytest
import sqlalchemy

from benchmarks.storage import bulk
from benchmarks.storage import opening
from benchmarks.storage import store
from benchmarks.storage.claims import Superseded
from benchmarks.storage.writer import Writer
from tests.servers import Postgres
from tests.servers import postgres_bin
from tests.servers import running_postgres


_SPACE: dict[str, optuna.distributions.BaseDistribution] = {
    "x": optuna.distributions.FloatDistribution(0.0, 1.0)
}
needs_postgres = pytest.mark.skipif(
    postgres_bin() is None or importlib.util.find_spec("psycopg") is None,
    reason="needs PostgreSQL's initdb and psycopg",
)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(
    params=["sqlite", "memory", pytest.param("postgres", marks=needs_postgres)],
)
def study(request: pytest.FixtureRequest, tmp_path: Path) -> Study:
    if request.param == "memory":
        return optuna.create_study(study_name="a")
    url = opening.default_url(tmp_path)
    if request.param == "postgres":
        url = request.getfixturevalue("postgres").new_database()
    return optuna.create_study(storage=opening.open_storage(url, create=True), study_name="a")


def _trial(x: float) -> FrozenTrial:
    return create_trial(params={"x": x}, distributions=_SPACE, value=x)


def _outage(message: str = "server closed the connection") -> sqlalchemy.exc.OperationalError:
    return sqlalchemy.exc.OperationalError("SELECT 1", {}, Exception(message))


def test_who_was_superseded_writes_nothing_more(study: Study) -> None:
    first = Writer(study, 0, store.claim_study(study))
    first.add(_trial(0.1))
    first.flush()
    second = Writer(study, 1, store.claim_study(study))
    first.add(_trial(0.2))
    with pytest.raises(Superseded, match=f"process {os.getpid()} on {socket.gethostname()} has"):
        first.flush()
    # Given up, and not tried again on the way out.
    first.flush()
    second.add(_trial(0.3))
    second.flush()
    assert [trial.params["x"] for trial in store.finished_trials(study)] == [0.1, 0.3]


def test_only_one_writes_where_many_claim_a_study_at_the_same_time(study: Study) -> None:
    if isinstance(study._storage, optuna.storages.InMemoryStorage):
        pytest.skip("has no transactions: the check is a moment early")
    won = []

    def fight(name: int) -> None:
        for round_number in range(15):
            token = store.claim_study(study)
            n_before = len(store.finished_trials(study))
            try:
                bulk.add_trials(
                    study._storage, study._study_id, [_trial(name / 10)], n_before, token
                )
                won.append(name)
            except Superseded:
                pass

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fight, range(4)))
    trials = store.finished_trials(study)
    assert [trial.number for trial in trials] == list(range(len(won)))
    assert sorted(trial.params["x"] for trial in trials) == sorted(name / 10 for name in won)
    assert won


def test_commit_whose_acknowledgement_was_lost_is_not_written_twice(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(study._storage, optuna.storages.InMemoryStorage):
        pytest.skip("has no commits")
    real, calls = bulk.add_trials, []

    def unlucky(*arguments: Any) -> None:
        calls.append(arguments)
        real(*arguments)
        if len(calls) == 1:
            raise _outage()

    monkeypatch.setattr(bulk, "add_trials", unlucky)
    writer = Writer(study, 0, store.claim_study(study))
    for x in (0.1, 0.2):
        writer.add(_trial(x))
    writer.flush()
    writer.add(_trial(0.3))
    writer.flush()
    assert len(calls) == 3
    assert [trial.params["x"] for trial in store.finished_trials(study)] == [0.1, 0.2, 0.3]


def test_same_values_of_someone_else_are_not_taken_for_ours(study: Study) -> None:
    theirs, ours = _trial(0.1), _trial(0.1)
    assert theirs.datetime_complete is not None
    theirs.datetime_complete = theirs.datetime_complete.replace(year=2020)
    study.add_trial(theirs)
    with pytest.raises(bulk.ForeignTrials):
        bulk.add_trials(study._storage, study._study_id, [ours], 0)
