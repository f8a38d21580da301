"""A Dask cluster as the place where studies run; their trials go to a storage that all can reach.

One study is one task. A worker that dies costs the trials in flight: Dask gives its study to
another worker, which goes on from the storage. The claim of each attempt (see
:mod:`benchmarks.storage.claims`) keeps a worker out that was only taken for dead.
"""

from __future__ import annotations

from collections.abc import Callable
import pickle
import queue
import time
from typing import Any
import uuid
import warnings

from ..errors import reason_of
from ..errors import UsageError
from ..storage import claims
from ..storage.opening import connect
from ..storage.opening import without_password
from . import cluster_worker
from .attempt import Result
from .cluster_worker import Assignment
from .cluster_worker import HOST
from .cluster_worker import Request
from .jobs import Board
from .jobs import Job
from .jobs import OutageNote
from .jobs import settle
from .scheduler import ACCEPTS
from .scheduler import knock


_CONNECT_SECONDS = 10
_POLL_SECONDS = 0.1


class Cluster:
    """A connection to a Dask scheduler and its workers; an :class:`~.choice.Engine`.

    Args:
        address: Address of the scheduler, ``tcp://HOST:PORT``.
        needs_gpu: Whether to ask for workers with a GPU, if workers announce them.
        timeout: How long it may take to answer, in seconds.

    Attributes:
        address: Address of the scheduler.
        n_workers: How many workers there were when they were waited for; more may come, and some
            may go.

    Raises:
        UsageError: If it does not answer.
    """

    def __init__(
        self, address: str, needs_gpu: bool = False, timeout: float = _CONNECT_SECONDS
    ) -> None:
        import distributed

        client: Any = distributed.Client
        self.address = address
        self.n_workers = 0
        self._needs_gpu = needs_gpu
        try:
            knock(address, timeout)
            with warnings.catch_warnings():
                # Versions are compared below, those that matter.
                warnings.simplefilter("ignore")
                self._client: Any = client(address, timeout=timeout, set_as_default=False)
        except Exception as error:  # Time-outs, refusals, protocols that are not Dask's.
            reason = " ".join(f"{type(error).__name__} {error}".split())
            raise UsageError(
                f"--scheduler: {address} does not answer ({reason[:200]}); {ACCEPTS}."
            ) from error
        self._expected: dict[str, str] = {}
        self._request: Request | None = None

    def close(self) -> None:
        """Disconnect; the cluster goes on."""
        self._client.close(timeout=2)

    def wait_for_workers(self, say: Callable[[str], None]) -> None:
        """Wait until there is a worker, for as long as it takes to get one.

        Args:
            say: Told once that there is none yet.

        Raises:
            UsageError: If a worker has more than one thread.
        """
        n_threads: dict[str, int] = self._client.nthreads()
        if not n_threads:
            say(
                f"waiting for workers of {self.address}: dask worker {self.address} --nthreads 1"
                " (Ctrl-C to stop)"
            )
        while not n_threads:
            time.sleep(_POLL_SECONDS)
            n_threads = self._client.nthreads()
        for worker, n in n_threads.items():
            if n != 1:
                raise UsageError(
                    f"--scheduler: worker {worker} has {n} threads; samplers share the state of "
                    "a process, so start workers with --nthreads 1, as many as wanted."
                )
        self.n_workers = len(n_threads)

    def check_workers(self, request: Request, sqlite: bool) -> None:
        """Make sure that the workers compute what this process would.

        Args:
            request: What to compare.
            sqlite: Whether the results go to a file, which workers elsewhere must not write to.

        Raises:
            UsageError: If a worker differs; the message says in what.
        """
        self._request, self._expected = request, cluster_worker.facts(request)
        for worker, found in self._ask(cluster_worker.facts, request).items():
            if isinstance(found, ImportError):
                raise UsageError(
                    f"--scheduler: worker {worker} cannot import the harness ({found}); start it "
                    "in the folder of this checkout, or with that on PYTHONPATH."
                )
            if isinstance(found, Exception):
                raise UsageError(f"--scheduler: worker {worker}: {reason_of(found)}")
            wrong = cluster_worker.differences(self._expected, found)
            if wrong:
                raise UsageError(f"--scheduler: worker {worker} differs: {'; '.join(wrong)}.")
            if sqlite and found[HOST] != self._expected[HOST]:
                raise UsageError(
                    f"--storage: worker {worker} is on another machine, which SQLite does not "
                    "reach: give a server, such as postgresql+psycopg://USER@HOST/DATABASE."
                )

    def check_storage(self, url: str, study_name: str) -> None:
        """Make sure that the workers see the very storage that this process sees.

        Args:
            url: Its URL.
            study_name: A study that it holds, which is claimed on the way.

        Raises:
            UsageError: If a worker does not.
        """
        storage = connect(url)
        token = claims.new_token()
        claims.take(storage, storage.get_study_id_from_name(study_name), token)
        for worker, seen in self._ask(cluster_worker.read_claim, url, study_name).items():
            if seen != token:
                reason = reason_of(seen) if isinstance(seen, Exception) else "it is another one"
                raise UsageError(
                    f"--storage: worker {worker} does not reach {without_password(url)} "
                    f"({reason}); accepts a storage that all workers reach."
                )

    def execute(
        self, jobs: list[Job], board: Board, n_threads: int, tick: Callable[[list[Job]], None]
    ) -> None:
        """Run studies to their ends; the jobs are updated in place.

        Args:
            jobs: What to run, in this order.
            board: Where the progress is written.
            n_threads: Threads of the numerical libraries of a worker.
            tick: Called with the jobs several times a second, to show progress.

        Raises:
            StorageLost: If the storage stays out of reach.
            UsageError: If the scheduler is lost.
            KeyboardInterrupt: On Ctrl-C; workers stop when their trial in flight has ended.
        """
        run = f"lattice-benchmarks-{uuid.uuid4().hex[:12]}"
        events: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        # Called in a thread of the client's.
        self._client.subscribe_topic(run, lambda event: events.put(event[1]))
        resources = {"GPU": 1} if self._needs_gpu and self._has_gpus() else None
        assert self._request is not None
        running: dict[Any, Job] = {}
        for job in jobs:
            key = f"{run}-{job.index}"
            assignment = Assignment(
                job.spec,
                job.index,
                key,
                run,
                n_threads,
                self._request,
                tuple(self._expected.items()),
            )
            future = self._client.submit(
                pickle.loads,
                pickle.dumps(_Call(assignment)),
                key=key,
                pure=False,
                priority=-job.index,
                resources=resources,
            )
            running[future] = job
        try:
            self._follow(jobs, running, events, board, tick)
        except BaseException:
            # Marks them; each stops at the end of its trial and stores what it has.
            if self._client.status == "running":
                self._client.cancel(list(running), force=True)
            raise
        finally:
            if self._client.status == "running":
                self._client.unsubscribe_topic(run)

    def _follow(
        self,
        jobs: list[Job],
        running: dict[Any, Job],
        events: queue.SimpleQueue[dict[str, Any]],
        board: Board,
        tick: Callable[[list[Job]], None],
    ) -> None:
        note = OutageNote(board)
        while running:
            while not events.empty():
                _take_note(events.get(), jobs, board)
            if self._client.status != "running":
                raise UsageError(
                    f"--scheduler: {self.address} is gone. Every finished trial is stored; start "
                    "a scheduler and repeat the command to continue."
                )
            for future in [future for future in running if future.done()]:
                _collect(future, running.pop(future), board)
            note.tick()
            tick(jobs)
            time.sleep(_POLL_SECONDS)
        tick(jobs)

    def _has_gpus(self) -> bool:
        try:
            info = self._client.scheduler_info(n_workers=-1)
        except TypeError:  # Before Dask 2025, which has them all anyway.
            info = self._client.scheduler_info()
        return any("GPU" in worker.get("resources", {}) for worker in info["workers"].values())

    def _ask(self, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        """Call a function on each worker, whatever it is busy with; errors are returned."""
        try:
            answers: dict[str, Any] = self._client.run(
                function, *arguments, on_error="return", wait=True
            )
        except OSError as error:
            raise UsageError(f"--scheduler: {self.address}: {reason_of(error)}") from error
        return answers


class _Call:
    """Is pickled into a call of the worker's function, which unpickling makes.

    The scheduler unpickles what it passes on, as far as the function and its arguments. So it is
    given bytes: it need not have this harness and all that it imports.
    """

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment

    def __reduce__(self) -> tuple[Callable[[Assignment], Result], tuple[Assignment]]:
        return cluster_worker.run, (self._assignment,)


def _take_note(message: dict[str, Any], jobs: list[Job], board: Board) -> None:
    if "away" in message:
        board.away.value = int(message["away"])
        return
    job = next(job for job in jobs if job.index == message["index"])
    if job.state in ("finished", "failed"):
        return
    board.finished[job.index] = message["finished"]
    if message["begun"]:
        now = time.monotonic()
        if job.state == "running":
            # On another worker, since the first has died.
            job.restarts += 1
            job.seconds += now - job.started
        job.state, job.started, job.n_begin = "running", now, message["finished"]


def _collect(future: Any, job: Job, board: Board) -> None:
    if job.state == "running":
        job.seconds += time.monotonic() - job.started
    try:
        result = future.result()
    except Exception as error:
        if type(error).__name__ == "KilledWorker":
            job.error = "its workers died, one after the other (killed, or out of memory?)"
        else:
            job.error = f"{type(error).__name__}: {reason_of(error)}"
        job.state = "failed"
        return
    if result.outcome is not None:
        board.finished[job.index] = result.outcome.n_trials
    settle(job, result)
