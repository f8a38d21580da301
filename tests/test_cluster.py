"""Studies on a cluster: the checks of its scheduler and workers, and how studies end there."""

from __future__ import annotations

from collections.abc import Iterator
import importlib.util
from pathlib import Path
import socket
import threading
import time
from typing import Any

import optuna
from optuna.study import StudyDirection
import pytest

from benchmarks.engines import choice as engines
from benchmarks.engines import scheduler
from benchmarks.engines.cluster import Cluster
from benchmarks.engines.cluster_worker import facts
from benchmarks.engines.cluster_worker import Request
from benchmarks.engines.jobs import Board
from benchmarks.engines.jobs import Job
from benchmarks.errors import UsageError
from benchmarks.problems.spec import Options
from benchmarks.storage import claims
from benchmarks.storage import opening
from benchmarks.storage import reading
from benchmarks.storage import store
from benchmarks.storage.study_spec import StudySpec
from tests.servers import wait_until


_REQUEST = Request((("quadratic", ""),), (("random", ""), ("lattice_gp", "")), Options(), "")
needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="needs distributed"
)


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
