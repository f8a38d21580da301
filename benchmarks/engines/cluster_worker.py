"""What runs on the workers of a Dask cluster: a study a task, and what must agree beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import functools
import json
from pathlib import Path
import socket
import time
from typing import Any
import uuid

from ..contenders.registry import get_contender
from ..hub import digest_folder
from ..problems.registry import get_problem
from ..problems.spec import Options
from ..storage import opening
from ..storage import patience
from ..storage.study_spec import StudySpec
from .attempt import attempt
from .attempt import quieten
from .attempt import Result


# Progress is reported to the scheduler no more often than this, in seconds.
_REPORT_SECONDS = 0.5
# What tells machines apart, and not whether results can be compared.
HOST = "host"


@dataclass(frozen=True)
class Request:
    """What the coordinator's and the workers' answers are compared on.

    Attributes:
        problems: Names of the problems, each with what it stands for or nothing.
        contenders: Names of the samplers, likewise.
        options: What the problems are built with.
        registry: Folder with the packages of a hub registry; empty for none.
    """

    problems: tuple[tuple[str, str], ...]
    contenders: tuple[tuple[str, str], ...]
    options: Options
    registry: str


@dataclass(frozen=True)
class Assignment:
    """A study and how to run it on a worker.

    Attributes:
        spec: The study.
        index: Its place among the jobs.
        key: Key of the task.
        topic: Topic of the events that the run listens to.
        n_threads: Threads of the numerical libraries.
        request: What must agree.
        expected: The coordinator's answers.
    """

    spec: StudySpec
    index: int
    key: str
    topic: str
    n_threads: int
    request: Request
    expected: tuple[tuple[str, str], ...]


class Cancelled(Exception):
    """The coordinator has stopped, or is gone: nobody waits for this study."""


def this_host() -> str:
    """What identifies this machine, also among containers of the same name."""
    return f"{socket.gethostname()}/{uuid.getnode():012x}"


@functools.lru_cache(maxsize=4)
def facts(request: Request) -> dict[str, str]:
    """What results depend on, as this process has it."""
    from ..study.machine import versions

    found = versions() | {
        HOST: this_host(),
        "the harness": digest_folder(Path(__file__).parent.parent, ("**/*.py",)),
    }
    for name, call in request.contenders:
        found[f"sampler {name}"] = _answer(lambda: _sampler(name, call, request.registry))
    for name, call in request.problems:
        found[f"problem {name}"] = _answer(lambda: _problem(name, call, request.options))
    return found


def _answer(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except Exception as error:
        return " ".join(f"cannot run: {error}".split())[:300]


def _sampler(name: str, call: str, registry: str) -> str:
    contender = get_contender(call or name, name=name)
    missing = contender.missing()
    return f"cannot run: {missing}" if missing else contender.version(registry)


def _problem(name: str, call: str, options: Options) -> str:
    problem = get_problem(call or name, name=name)
    missing = problem.missing()
    if missing:
        return f"cannot run: {missing}"
    return json.dumps(problem.settings(options), sort_keys=True)


def differences(expected: dict[str, str], found: dict[str, str]) -> list[str]:
    """What a worker has otherwise than the coordinator, a phrase each."""
    return [
        f"{what} is {found.get(what, 'unknown')} there and {value} here"
        for what, value in expected.items()
        if what != HOST and found.get(what) != value
    ]


def read_claim(url: str, study_name: str) -> str:
    """The claim of a study as this process sees it: whether it reaches the same storage.

    Raises:
        UsageError: If the storage cannot be opened.
        KeyError: If the study is not there.
    """
    storage = opening.open_storage(url)
    study_id = storage.get_study_id_from_name(study_name)
    return str(storage.get_study_user_attrs(study_id)["claim"])


def run(assignment: Assignment) -> Result:
    """Run a study as a task of this worker; its trials are stored as they finish."""
    from distributed import get_worker

    worker = get_worker()
    wrong = _unfit(worker, assignment)
    if wrong:
        return Result(error=f"worker {worker.address}: {wrong}")
    quieten()
    messenger = _Messenger(worker, assignment)
    patience.WATCH.changed = messenger.outage
    with _limited_threads(assignment.n_threads):
        return attempt(assignment.spec, messenger.progress)


def _unfit(worker: Any, assignment: Assignment) -> str:
    """Why a worker, perhaps one that came late, must not run studies; empty if it may."""
    n_threads = worker.state.nthreads
    if n_threads != 1:
        return f"has {n_threads} threads, but studies need a process each (--nthreads 1)"
    return "; ".join(differences(dict(assignment.expected), facts(assignment.request)))


class _Messenger:
    """Tells the coordinator how far a study is, and the study when nobody waits for it."""

    def __init__(self, worker: Any, assignment: Assignment) -> None:
        self._worker = worker
        self._assignment = assignment
        self._told = -_REPORT_SECONDS
        self._begun = False

    def progress(self, n_finished: int) -> None:
        """Pass on the number of finished trials, now and then.

        Raises:
            Cancelled: If the coordinator has stopped or is gone.
        """
        if self._is_cancelled():
            raise Cancelled("the coordinator has stopped")
        now = time.monotonic()
        if now - self._told >= _REPORT_SECONDS:
            self._told = now
            self._send(finished=n_finished, begun=not self._begun)
            self._begun = True

    def outage(self, is_away: bool) -> None:
        """Pass on that the storage does not answer, or answers again."""
        self._send(away=is_away)

    def _send(self, **message: Any) -> None:
        message["index"] = self._assignment.index
        self._worker.log_event(self._assignment.topic, message)

    def _is_cancelled(self) -> bool:
        # Dask cannot stop a task that runs; it only marks it. Where a later version marks it
        # otherwise, the study runs on until its claim is taken.
        task = self._worker.state.tasks.get(self._assignment.key)
        return task is None or task.state == "cancelled"


def _limited_threads(n_threads: int) -> Any:
    # The environment variables come too late: numpy is loaded.
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        from contextlib import nullcontext

        return nullcontext()
    return threadpool_limits(n_threads)
