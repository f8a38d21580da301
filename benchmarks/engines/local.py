"""Worker processes: one study at a time each, isolated from one another's crashes."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
import multiprocessing
from multiprocessing.connection import wait
import os
import signal
import sys
import threading
import time
from typing import Any

from ..storage import patience
from ..storage.study_spec import StudySpec
from ..storage.writer import Writer
from .attempt import attempt
from .attempt import quieten
from .attempt import Result
from .gpus import VISIBLE
from .jobs import Board
from .jobs import Job
from .jobs import OutageNote
from .jobs import settle


# A worker that died is replaced, and its study continued, so many times.
_MAX_RESTARTS = 2
# What tells numpy, scipy and torch how many threads to use; read when they are imported.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
_POLL_SECONDS = 0.1
# How long a worker that is to stop tries to store what waits, in seconds.
_LAST_PATIENCE = 2.0


@dataclass
class _Slot:
    executor: ProcessPoolExecutor
    gpu: str | None = None
    job: Job | None = None
    future: Future[Result] | None = None


def limit_threads(n_threads: int) -> None:
    """Have the worker processes started from now on use so many threads each."""
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(n_threads)


def execute(
    jobs: list[Job],
    board: Board,
    n_workers: int,
    tick: Callable[[list[Job]], None],
    gpus: Sequence[str] = (),
) -> None:
    """Run studies to their ends; the jobs are updated in place.

    Args:
        jobs: What to run, in this order.
        board: Shared with the workers.
        n_workers: Number of worker processes, 1 or more.
        tick: Called with the jobs several times a second, to show progress.
        gpus: Values of ``CUDA_VISIBLE_DEVICES``, of which each worker gets one, in turn; empty to
            leave it as it is.

    Raises:
        StorageLost: If the storage stays out of reach; the workers have ended by then.
        KeyboardInterrupt: On Ctrl-C, likewise.
    """
    waiting = list(reversed(jobs))
    # One executor of one process a slot, because the death of a process breaks its whole executor
    # and does not say which task was at fault.
    slots = []
    for number in range(min(n_workers, len(jobs))):
        gpu = gpus[number % len(gpus)] if gpus else None
        slots.append(_Slot(_new_executor(board, gpu), gpu))
    note = OutageNote(board)
    try:
        while waiting or any(slot.job for slot in slots):
            for slot in slots:
                if slot.future is not None and slot.future.done():
                    _collect(slot, board, waiting)
                if slot.job is None and waiting:
                    _begin(slot, waiting.pop(), board)
            note.tick()
            tick(jobs)
            _wait_for_any(slots)
        note.tick()
        tick(jobs)
    except BaseException:
        # Loses the trials in flight and nothing else: the workers store the finished ones.
        board.stop.value = 1
        raise
    finally:
        for slot in slots:
            slot.executor.shutdown(wait=True, cancel_futures=True)


def _wait_for_any(slots: list[_Slot]) -> None:
    deadline = time.monotonic() + _POLL_SECONDS
    while time.monotonic() < deadline:
        if any(slot.future is not None and slot.future.done() for slot in slots):
            return
        time.sleep(0.005)


def _begin(slot: _Slot, job: Job, board: Board) -> None:
    job.state, job.started = "running", time.monotonic()
    job.n_begin = board.finished[job.index]
    slot.job = job
    with _interrupts_blocked():
        slot.future = slot.executor.submit(_work, job.spec, job.index)


def _collect(slot: _Slot, board: Board, waiting: list[Job]) -> None:
    job, future = slot.job, slot.future
    assert job is not None and future is not None
    slot.job = slot.future = None
    job.seconds += time.monotonic() - job.started
    try:
        settle(job, future.result())
    except BrokenProcessPool:
        slot.executor.shutdown(wait=False)
        slot.executor = _new_executor(board, slot.gpu)
        job.restarts += 1
        if job.restarts <= _MAX_RESTARTS:
            job.state = "waiting"
            waiting.append(job)
        else:
            job.state = "failed"
            job.error = f"its worker process died {job.restarts} times (killed, or out of memory?)"


def _new_executor(board: Board, gpu: str | None) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        max_workers=1,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(board.finished, board.stop, board.away, gpu),
    )


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach; the coordinator gets it a moment later."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# What follows runs in the workers.

_finished: Any = None
_writer: Writer | None = None


def _start_worker(finished: Any, stop: Any, away: Any, gpu: str | None) -> None:
    global _finished
    _finished = finished
    if gpu is not None:
        # Before torch is imported, which looks at it once.
        os.environ[VISIBLE] = gpu
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    quieten()

    def on_outage(is_away: bool) -> None:
        away.value = int(is_away)

    patience.WATCH.changed = on_outage
    # What libraries print would tear the display; errors have another stream.
    sys.stdout = open(os.devnull, "w", encoding="utf-8")
    threading.Thread(target=_watch, args=(stop,), daemon=True).start()


def _watch(stop: Any) -> None:
    """End this process at once when the coordinator says so or is gone.

    An orphan must not go on: it would take up the processor of the resumed run, which takes its
    study away from it.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None
    orphaned = False
    while not orphaned and not stop.value:
        orphaned = bool(wait([parent.sentinel], timeout=_POLL_SECONDS))
    try:
        if _writer is not None:
            # Of an orphan's study somebody else may be in charge by now: then nothing is written.
            _writer.flush(_LAST_PATIENCE)
    finally:
        os._exit(1)


def _work(spec: StudySpec, index: int) -> Result:
    def report(n_finished: int) -> None:
        _finished[index] = n_finished

    def on_writer(writer: Writer) -> None:
        global _writer
        _writer = writer

    return attempt(spec, report, on_writer)
