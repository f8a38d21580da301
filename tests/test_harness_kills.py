"""Whatever is killed in the middle, a run ends with what an undisturbed run would have found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
import importlib.util
import os
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any

import optuna
import pytest
import sqlalchemy

from benchmarks.contenders.seeding import SHARED
from benchmarks.problems.spec import Options
from benchmarks.storage import opening
from benchmarks.storage import reading
from benchmarks.storage import store
from benchmarks.storage.study_spec import StudySpec
from benchmarks.study import runner
from tests.drowsy import ALARM
from tests.drowsy import DROWSY
from tests.servers import Dask
from tests.servers import Postgres
from tests.servers import postgres_bin
from tests.servers import ROOT
from tests.servers import running_postgres
from tests.servers import wait_until


_LACKING = [
    name for name in ("psycopg", "distributed") if importlib.util.find_spec(name) is None
] + ([] if postgres_bin() else ["PostgreSQL's initdb"])
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(_LACKING), reason=f"needs {', '.join(_LACKING)}"),
    pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does"),
]
# With a state of its own, without one, and ours; more studies than workers.
_SAMPLERS = ("lattice_gp", "tpe", "random")
_SEEDS = (0, 1)
_TRIALS = 40

Results = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """What an undisturbed run finds: the same bowl in no time, in this process."""
    url = opening.default_url(tmp_path_factory.mktemp("undisturbed"))
    storage = opening.open_storage(url, create=True)
    for sampler in _SAMPLERS:
        for seed in _SEEDS:
            spec = StudySpec("quadratic", sampler, seed, _TRIALS, Options(), url, seeding=SHARED)
            store.prepare_study(storage, spec, {}, optuna.study.StudyDirection.MINIMIZE)
            runner.run_study(spec)
    return {name.replace("quadratic", DROWSY): found for name, found in _results(url).items()}


class Run:
    """A command at work, its storage, and its cluster if it has one."""

    def __init__(self, postgres: Postgres, folder: Path, on_cluster: bool) -> None:
        self.postgres = postgres
        self.url = postgres.new_database()
        self._alarm = folder / "alarm"
        self.cluster = Dask(folder, 2) if on_cluster else None
        where = ["--scheduler", self.cluster.address] if self.cluster else ["--jobs", "2"]
        self._command = [
            *(sys.executable, "-m", "benchmarks", "run", "--problems", DROWSY),
            # Those of the same problem without its sleep.
            *("--sampler-seeds", SHARED),
            *("--samplers", ",".join(_SAMPLERS), "--seeds", str(len(_SEEDS))),
            *("--trials", str(_TRIALS), "--storage", self.url, "--out", str(folder / "out")),
            *where,
        ]
        self.process = self.start()

    def start(self) -> subprocess.Popen[str]:
        self.process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return self.process

    def count(self) -> int:
        """Stored trials."""
        with suppress(sqlalchemy.exc.SQLAlchemyError):  # No tables yet.
            return self.postgres.scalar("SELECT count(*) FROM trials", self.url)
        return 0

    def wait_for_trials(self, n: int) -> None:
        def reached() -> bool:
            if self.process.poll() is not None:
                assert self.process.stderr is not None
                raise AssertionError(f"ended early: {self.process.stderr.read()}")
            return self.count() >= n

        wait_until(reached, f"{n} trials")
        # Otherwise nothing would be disturbed.
        assert self.count() < _TRIALS * len(_SEEDS) * len(_SAMPLERS)

    def finish(self) -> str:
        """Let it go on undisturbed and wait for its good end; what it said on stderr."""
        self._alarm.touch()
        _, errors = self.process.communicate(timeout=600)
        assert self.process.returncode == 0, errors
        return errors

    def workers(self) -> list[int]:
        """Processes that run studies."""
        if self.cluster:
            return [worker.pid for worker in self.cluster.workers]
        pid = self.process.pid
        children = [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return [p for p in children if "spawn_main" in Path(f"/proc/{p}/cmdline").read_text()]

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()
        if self.cluster:
            self.cluster.stop()


@pytest.fixture(params=["local", "dask"])
def run(
    request: pytest.FixtureRequest,
    postgres: Postgres,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Run]:
    monkeypatch.setenv(ALARM, str(tmp_path / "alarm"))
    a_run = Run(postgres, tmp_path, request.param == "dask")
    try:
        yield a_run
    finally:
        a_run.close()


def _results(url: str) -> Results:
    storage = opening.open_storage(url)
    return {
        name: [
            (trial.number, trial.state, trial.params, trial.values)
            for trial in reading.read_trials(storage, storage.get_study_id_from_name(name))
        ]
        for name in sorted(optuna.get_all_study_names(storage))
    }


def test_coordinator_killed(run: Run, undisturbed: Results) -> None:
    run.wait_for_trials(40)
    run.process.kill()
    run.process.communicate()
    # At once: orphans of the first may still be at work on the same studies.
    run.start()
    run.finish()
    assert _results(run.url) == undisturbed


def test_worker_killed(run: Run, undisturbed: Results) -> None:
    if not Path("/proc/self/task").exists():
        pytest.skip("needs /proc to find the worker processes")
    run.wait_for_trials(40)
    os.kill(run.workers()[0], signal.SIGKILL)
    run.finish()
    assert _results(run.url) == undisturbed


def test_database_cut_off_and_restarted(run: Run, undisturbed: Results) -> None:
    run.wait_for_trials(30)
    assert run.postgres.cut_connections() > 0
    run.wait_for_trials(60)
    run.postgres.stop()
    run.postgres.start()
    errors = run.finish()
    assert "Traceback" not in errors
    assert _results(run.url) == undisturbed


def test_interrupted(run: Run, undisturbed: Results) -> None:
    run.wait_for_trials(40)
    run.process.send_signal(signal.SIGINT)
    _, errors = run.process.communicate(timeout=600)
    assert run.process.returncode == 130, errors
    assert "every finished trial is stored" in errors
    run.start()
    run.finish()
    assert _results(run.url) == undisturbed
