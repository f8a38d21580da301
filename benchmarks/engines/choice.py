"""Where studies run: in processes of this machine, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
import os
from typing import Protocol
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..storage.opening import is_sqlite
from . import local as engine
from .gpus import visible_gpus
from .jobs import Board
from .jobs import Job
from .scheduler import check_address


if TYPE_CHECKING:
    from .cluster import Cluster
    from .cluster_worker import Request


class Engine(Protocol):
    """Runs studies.

    Attributes:
        n_workers: How many it runs at a time.
    """

    n_workers: int

    def check_storage(self, url: str, study_name: str) -> None:
        """Make sure that all workers reach the storage.

        Args:
            url: Its URL.
            study_name: A study that it holds.

        Raises:
            UsageError: If one does not.
        """

    def execute(
        self, jobs: list[Job], board: Board, n_threads: int, tick: Callable[[list[Job]], None]
    ) -> None:
        """Run studies to their ends; the jobs are updated in place.

        Args:
            jobs: What to run, in this order.
            board: Where the progress is written.
            n_threads: Threads a worker.
            tick: Called with the jobs several times a second, to show progress.

        Raises:
            StorageLost: If the storage stays out of reach.
            KeyboardInterrupt: On Ctrl-C.
        """


@dataclass
class Local:
    """Worker processes on this machine.

    Attributes:
        n_workers: How many.
        gpus: What they train on, each on one of them; empty if on none.
    """

    n_workers: int
    gpus: list[str] = field(default_factory=list)

    def check_storage(self, url: str, study_name: str) -> None:
        """All processes here see what this one sees."""

    def execute(
        self, jobs: list[Job], board: Board, n_threads: int, tick: Callable[[list[Job]], None]
    ) -> None:
        """See :class:`Engine`."""
        engine.limit_threads(n_threads)
        engine.execute(jobs, board, self.n_workers, tick, self.gpus)


def local(n_workers: int | None, devices: Sequence[str], n_cores: int) -> Local:
    """Worker processes, one a core, or one a GPU when something trains there.

    Args:
        n_workers: How many; None for as many as there is room for.
        devices: What the problems compute on: ``"cpu"``, ``"cuda"`` or ``"mps"``.
        n_cores: Cores that this process may use.
    """
    if set(devices) <= {"cpu"}:
        return Local(n_workers or n_cores)
    # One GPU is shared by nobody unless asked for, or the seconds of a trial would mean nothing.
    gpus = visible_gpus() if "cuda" in devices else []
    return Local(n_workers or max(1, len(gpus)), gpus)


def on_cluster(
    address: str,
    storage: str | None,
    n_workers: int | None,
    devices: Sequence[str],
    request: Request,
    say: Callable[[str], None],
) -> Cluster:
    """The workers of a Dask cluster, checked to be fit.

    Args:
        address: Address of the scheduler.
        storage: URL of the storage; None for SQLite in the output folder.
        n_workers: Must be None: the cluster decides.
        devices: What the problems compute on.
        request: What the workers must have as this process has it.
        say: Told what there is to wait for.

    Raises:
        UsageError: If the cluster cannot be used; the message says what to do.
    """
    from . import cluster

    if n_workers is not None:
        raise UsageError(
            f"--jobs: got {n_workers}, but with --scheduler it is the cluster that decides: start "
            "as many workers as studies are to run at a time."
        )
    check_address(address, storage)
    connection = cluster.Cluster(address, "cuda" in devices)
    connection.wait_for_workers(say)
    connection.check_workers(request, storage is None or is_sqlite(storage))
    return connection


def absolute(url: str) -> str:
    """The URL of a storage as it means the same in any folder."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or url in (prefix, f"{prefix}:memory:"):
        return url
    return prefix + os.path.abspath(url.removeprefix(prefix))
