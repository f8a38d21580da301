"""Engines and what keeps a study whole: claims, outages, GPUs, and the checks of a cluster."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
import importlib.util
import os
from pathlib import Path
import socket
import sqlite3
import threading
import time
from typing import Any

import optuna
from optuna.study import Study
from optuna.study import StudyDirection
from optuna.trial import create_trial
from optuna.trial import FrozenTrial
import pytest
import sqlalchemy

from benchmarks.engines import choice as engines
from benchmarks.engines import gpus
from benchmarks.engines import local as engine
from benchmarks.engines import scheduler
from benchmarks.engines.attempt import Result
from benchmarks.engines.cluster import Cluster
from benchmarks.engines.cluster_worker import facts
from benchmarks.engines.cluster_worker import Request
from benchmarks.engines.jobs import Board
from benchmarks.engines.jobs import Job
from benchmarks.engines.jobs import OutageNote
from benchmarks.engines.jobs import settle
from benchmarks.errors import UsageError
from benchmarks.problems.spec import Options
from benchmarks.storage import bulk
from benchmarks.storage import claims
from benchmarks.storage import opening
from benchmarks.storage import patience
from benchmarks.storage import reading
from benchmarks.storage import store
from benchmarks.storage.claims import Superseded
from benchmarks.storage.patience import patiently
from benchmarks.storage.patience import StorageLost
from benchmarks.storage.study_spec import StudySpec
from benchmarks.storage.writer import Writer
from tests.servers import Postgres
from tests.servers import postgres_bin
from tests.servers import running_postgres
from tests.servers import wait_until


_SPACE: dict[str, optuna.distributions.BaseDistribution] = {
    "x": optuna.distributions.FloatDistribution(0.0, 1.0)
}
_REQUEST = Request((("quadratic", ""),), (("random", ""), ("lattice_gp", "")), Options(), "")
needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="needs distributed"
)
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


def _failing(times: int, error: Exception) -> Callable[[], str]:
    left = [error] * times

    def action() -> str:
        if left:
            raise left.pop()
        return "done"

    return action


# Claims.


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


# Outages.


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


def test_patience_repeats_what_an_outage_made_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []
    monkeypatch.setattr(patience.WATCH, "changed", told.append)
    pauses: list[float] = []
    assert patiently(_failing(5, _outage()), sleep=pauses.append) == "done"
    # Longer each time, and said once.
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6] and told == [True, False]


def test_patience_ends() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    with pytest.raises(StorageLost, match="not answered for 60 s: .*closed the connection") as got:
        patiently(_failing(1000, _outage()), clock=lambda: now[0], sleep=sleep)
    assert now[0] == pytest.approx(60.0)
    assert "\n" not in str(got.value)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no outage"),
        sqlalchemy.exc.IntegrityError("INSERT", {}, Exception("duplicate")),
        sqlalchemy.exc.OperationalError("x", {}, sqlite3.OperationalError("no such table: x")),
    ],
)
def test_no_patience_with_other_errors(error: Exception) -> None:
    with pytest.raises(type(error)):
        patiently(_failing(1, error), sleep=lambda seconds: pytest.fail("waited"))


def test_outage_behind_another_error_is_seen() -> None:
    try:
        try:
            raise _outage()
        except sqlalchemy.exc.OperationalError as error:
            raise optuna.exceptions.StorageInternalError("of Optuna's") from error
    except optuna.exceptions.StorageInternalError as error:
        assert patience.is_outage(error)


def test_lost_storage_ends_the_run() -> None:
    spec = StudySpec("quadratic", "random", 0, 5, Options(), "")
    job = Job(spec, 0)
    with pytest.raises(StorageLost, match="gone for good"):
        settle(job, Result(error="gone for good", storage_lost=True))
    assert job.state == "failed"


def test_outage_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    board = Board(1)
    note = OutageNote(board)
    for away in (0, 1, 1, 0, 0):
        board.away.value = away
        note.tick()
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "note: the storage does not answer; trying again for 60 s",
        "note: the storage answers again",
    ]


# GPUs.


@pytest.mark.parametrize(
    "environment, listed, counted, found",
    [
        ({}, "GPU 0: H100 (UUID: GPU-a)\nGPU 1: H100 (UUID: GPU-b)\n", "", ["0", "1"]),
        ({}, "GPU 0: H100 (UUID: GPU-a)\n  MIG 1g Device 0: (UUID: MIG-c)\n", "", ["MIG-c"]),
        ({}, "", "3\n", ["0", "1", "2"]),
        ({}, "", "", []),
        ({"CUDA_VISIBLE_DEVICES": "4, GPU-x"}, "GPU 0: H100", "1", ["4", "GPU-x"]),
        ({"CUDA_VISIBLE_DEVICES": "2,-1,3"}, "GPU 0: H100", "1", ["2"]),
        ({"CUDA_VISIBLE_DEVICES": ""}, "GPU 0: H100", "1", []),
    ],
)
def test_visible_gpus(
    environment: dict[str, str], listed: str, counted: str, found: list[str]
) -> None:
    def run(command: list[str]) -> str:
        return listed if command[0] == "nvidia-smi" else counted

    assert gpus.visible_gpus(environment, run) == found


def test_missing_program_prints_nothing() -> None:
    assert gpus.run_text(["no-such-program-here"]) == ""


def test_one_worker_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "visible_gpus", lambda: ["5", "7"])
    assert engines.local(None, ["cpu", "cuda"], 8) == engines.Local(2, ["5", "7"])
    assert engines.local(1, ["cuda"], 8) == engines.Local(1, ["5", "7"])
    assert engines.local(None, ["cpu"], 8) == engines.Local(8, [])
    assert engines.local(None, ["mps"], 8) == engines.Local(1, [])


@pytest.mark.slow
def test_worker_sees_its_gpu_before_torch_is_there() -> None:
    executor = engine._new_executor(Board(1), "7")
    seen = executor.submit(os.getenv, gpus.VISIBLE).result()
    loaded = executor.submit(eval, "'torch' in __import__('sys').modules").result()
    executor.shutdown()
    assert (seen, loaded) == ("7", False)


# Clusters.


@needs_dask
@pytest.mark.parametrize(
    "address, storage, words",
    [
        ("nonsense", None, ["'nonsense'", "tcp://127.0.0.1:8786"]),
        ("http://127.0.0.1:8786", None, ["'http://127.0.0.1:8786'"]),
        ("tcp://127.0.0.1:", None, ["'tcp://127.0.0.1:'"]),
        # Of a net that is set aside for examples.
        ("tcp://192.0.2.1:8786", None, ["another machine", "--storage", "postgresql+psycopg://"]),
    ],
)
def test_address_that_cannot_be_used(address: str, storage: str | None, words: list[str]) -> None:
    with pytest.raises(UsageError) as got:
        scheduler.check_address(address, storage)
    for word in ["--scheduler", *words]:
        assert word in str(got.value)


@needs_dask
def test_address_that_can_be_used() -> None:
    scheduler.check_address("tcp://127.0.0.1:8786", None)
    scheduler.check_address("tcp://192.0.2.1:8786", "postgresql+psycopg://u@h/d")


@needs_dask
@pytest.mark.parametrize("backlog", [None, 1])
def test_scheduler_that_does_not_answer(backlog: int | None) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if backlog:
            # Somebody is there, and silent.
            server.listen(backlog)
        address = "tcp://{}:{}".format(*server.getsockname())
        with pytest.raises(UsageError, match=f"--scheduler: {address} does not answer"):
            Cluster(address, timeout=0.5)


def test_jobs_are_the_clusters_business() -> None:
    with pytest.raises(UsageError, match="--jobs: got 4, but with --scheduler"):
        engines.on_cluster("tcp://127.0.0.1:1", None, 4, ["cpu"], _REQUEST, print)


class _Client:
    """A client of a cluster whose workers answer what they are told to."""

    def __init__(self, answer: Any, n_threads: int = 1) -> None:
        self._answer = answer
        self._n_threads = n_threads

    def run(self, function: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        return {"tcp://w:1": self._answer}

    def nthreads(self) -> dict[str, int]:
        return {"tcp://w:1": self._n_threads}


def _cluster(client: Any) -> Cluster:
    made = Cluster.__new__(Cluster)
    made.address, made._needs_gpu, made._client = "tcp://s:1", False, client
    return made


@pytest.mark.parametrize(
    "change, sqlite, words",
    [
        ({"numpy": "1.0"}, False, ["differs: numpy is 1.0 there and"]),
        ({"the harness": "x"}, False, ["the harness is x there"]),
        ({"sampler lattice_gp": "sha256:1"}, False, ["sampler lattice_gp is sha256:1 there"]),
        ({"problem quadratic": "cannot run: needs y"}, False, ["quadratic is cannot run: needs"]),
        ({"host": "elsewhere"}, True, ["--storage", "another machine", "SQLite"]),
    ],
)
def test_worker_that_differs(change: dict[str, str], sqlite: bool, words: list[str]) -> None:
    with pytest.raises(UsageError) as got:
        _cluster(_Client(facts(_REQUEST) | change)).check_workers(_REQUEST, sqlite)
    for word in ["worker tcp://w:1", *words]:
        assert word in str(got.value)


def test_worker_that_agrees() -> None:
    same = _cluster(_Client(facts(_REQUEST)))
    same.check_workers(_REQUEST, sqlite=True)
    elsewhere = _cluster(_Client(facts(_REQUEST) | {"host": "elsewhere"}))
    elsewhere.check_workers(_REQUEST, sqlite=False)


def test_worker_without_the_harness() -> None:
    with pytest.raises(UsageError, match="cannot import the harness .* PYTHONPATH"):
        _cluster(_Client(ModuleNotFoundError("benchmarks"))).check_workers(_REQUEST, False)


def test_worker_with_threads_is_refused() -> None:
    with pytest.raises(UsageError, match="tcp://w:1 has 4 threads.*--nthreads 1"):
        _cluster(_Client({}, n_threads=4)).wait_for_workers(print)


def test_worker_with_another_storage_is_refused(tmp_path: Path) -> None:
    url = opening.default_url(tmp_path)
    optuna.create_study(storage=opening.open_storage(url, create=True), study_name="a")
    with pytest.raises(UsageError, match="tcp://w:1 does not reach sqlite.*it is another one"):
        _cluster(_Client("some other claim")).check_storage(url, "a")
    with pytest.raises(UsageError, match="does not reach sqlite.*no route"):
        _cluster(_Client(OSError("no route"))).check_storage(url, "a")


@pytest.fixture
def real_cluster() -> Iterator[Cluster]:
    distributed = pytest.importorskip("distributed")
    # In this process: a worker of its own is started in the tests of kills.
    options: dict[str, Any] = {"processes": False, "dashboard_address": None}
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, **options) as inside:
        made = _cluster(distributed.Client(inside, set_as_default=False))
        made.check_workers(_REQUEST, sqlite=True)
        yield made
        made.close()


def _jobs(folder: Path, *samplers: str, problem: str, n_trials: int) -> list[Job]:
    url = opening.default_url(folder)
    storage = opening.open_storage(url, create=True)
    jobs = []
    for index, sampler in enumerate(samplers):
        spec = StudySpec(problem, sampler, 0, n_trials, Options(), url)
        store.prepare_study(storage, spec, {}, StudyDirection.MINIMIZE)
        jobs.append(Job(spec, index))
    return jobs


def _n_stored(job: Job) -> int:
    storage = opening.open_storage(job.spec.storage)
    study_id = storage.get_study_id_from_name(job.spec.study_name)
    return reading.count_finished(storage, study_id)


def test_cluster_reports_studies_that_fail_and_finishes_the_others(
    real_cluster: Cluster, tmp_path: Path
) -> None:
    jobs = _jobs(tmp_path, "random", "no_such_sampler", problem="quadratic", n_trials=5)
    board = Board(2)
    real_cluster.execute(jobs, board, 1, lambda jobs: None)
    assert [job.state for job in jobs] == ["finished", "failed"]
    assert jobs[0].outcome is not None and jobs[0].outcome.n_trials == 5
    assert "no_such_sampler" in jobs[1].error and "Traceback" in jobs[1].details
    assert board.finished[0] == _n_stored(jobs[0]) == 5


@pytest.mark.slow
def test_interrupted_cluster_stores_what_has_finished(
    real_cluster: Cluster, tmp_path: Path
) -> None:
    jobs = _jobs(tmp_path, "random", problem="sleepy", n_trials=5000)
    board = Board(1)

    def interrupt(jobs: list[Job]) -> None:
        if board.finished[0] >= 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        real_cluster.execute(jobs, board, 1, interrupt)
    # Nobody claims the study: it is the order to stop that ends it.
    seen = [-1]

    def is_quiet() -> bool:
        time.sleep(1.0)
        seen.append(_n_stored(jobs[0]))
        return seen[-1] == seen[-2]

    wait_until(is_quiet, "the worker stops")
    assert 3 <= seen[-1] < 5000


def test_study_that_was_taken_over_fails_with_one_clear_line(
    real_cluster: Cluster, tmp_path: Path
) -> None:
    jobs = _jobs(tmp_path, "random", problem="sleepy", n_trials=5000)
    board, taken = Board(1), threading.Event()

    def take(jobs: list[Job]) -> None:
        if board.finished[0] and not taken.is_set():
            taken.set()
            storage = opening.open_storage(jobs[0].spec.storage)
            study_id = storage.get_study_id_from_name(jobs[0].spec.study_name)
            claims.take(storage, study_id, "elsewhere:7:abc")

    real_cluster.execute(jobs, board, 1, take)
    assert jobs[0].state == "failed"
    assert "superseded: process 7 on elsewhere has taken over this study" in jobs[0].error


def test_relative_sqlite_means_the_same_in_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert engines.absolute("sqlite:///a/b.db") == f"sqlite:///{tmp_path}/a/b.db"
    for url in (f"sqlite:///{tmp_path}/b.db", "postgresql://h/d", "sqlite:///:memory:"):
        assert engines.absolute(url) == url
