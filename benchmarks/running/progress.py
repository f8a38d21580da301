"""Show how far a run is: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time

from rich.console import Console
from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..engines.jobs import Board
from ..engines.jobs import Job
from ..engines.jobs import trials_left
from ..tables import format_seconds


# Without a terminal, a sign of life comes at least this often, in seconds.
_HEARTBEAT = 30.0


def seconds_left(jobs: list[Job], board: Board, n_workers: int, now: float) -> float | None:
    """Estimate the time to the end from the seconds a trial of each sampler took so far.

    Args:
        jobs: All jobs of this run.
        board: Finished trials of each.
        n_workers: Worker processes.
        now: Seconds of the monotonic clock.

    Returns:
        Seconds; None as long as there is nothing to go by.
    """
    spent: dict[str, float] = {}
    done: dict[str, int] = {}
    left: dict[str, int] = {}
    for job in jobs:
        name = f"{job.spec.problem}/{job.spec.sampler}"
        seconds = job.seconds + (now - job.started if job.state == "running" else 0.0)
        n_new = board.finished[job.index] - job.n_begin
        spent[name] = spent.get(name, 0.0) + seconds
        done[name] = done.get(name, 0) + max(n_new, 0)
        if job.state in ("waiting", "running"):
            left[name] = left.get(name, 0) + trials_left(job, board)
    if not sum(done.values()):
        return None
    overall = sum(spent.values()) / sum(done.values())
    total = sum(
        n * (spent[name] / done[name] if done[name] else overall) for name, n in left.items()
    )
    return total / n_workers


class Display:
    """Shows jobs; used as a context manager around the run.

    Args:
        console: Where to.
        board: Finished trials of each job.
        n_workers: Worker processes.
        n_before: Studies that were finished before this run began.
    """

    def __init__(self, console: Console, board: Board, n_workers: int, n_before: int) -> None:
        self._console = console
        self._board = board
        self._n_workers = n_workers
        self._n_before = n_before
        self._begin = time.monotonic()
        self._last_line = self._begin
        self._announced: set[int] = set()
        self._live = (
            Live(console=console, refresh_per_second=8, transient=True)
            if console.is_terminal
            else None
        )

    def __enter__(self) -> Display:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._live is not None:
            self._live.stop()

    def tick(self, jobs: list[Job]) -> None:
        """Show where the jobs stand now."""
        now = time.monotonic()
        for job in jobs:
            if job.state in ("finished", "failed") and job.index not in self._announced:
                self._announced.add(job.index)
                if self._live is None or job.state == "failed":
                    self._line(jobs, job, now)
        if self._live is not None:
            self._live.update(self._table(jobs, now))
        elif now - self._last_line > _HEARTBEAT:
            self._last_line = now
            running = [self._describe(job) for job in jobs if job.state == "running"]
            self._console.print(
                f"{self._summary(jobs, now)}; running: {', '.join(running)}",
                markup=False,
                soft_wrap=True,
            )

    def _line(self, jobs: list[Job], job: Job, now: float) -> None:
        self._last_line = now
        if job.outcome is not None:
            failed = f", {job.outcome.n_failed} failed" if job.outcome.n_failed else ""
            what = (
                f"{job.outcome.n_trials} trials{failed}, best {job.outcome.best:.4g}, "
                f"{job.seconds:.1f} s"
            )
        else:
            what = f"FAILED: {job.error.splitlines()[0] if job.error else '?'}"
        self._console.print(
            f"[{self._summary(jobs, now)}] {job.spec.study_name}: {what}",
            markup=False,
            soft_wrap=True,
        )

    def _summary(self, jobs: list[Job], now: float) -> str:
        n_done = self._n_before + sum(job.state in ("finished", "failed") for job in jobs)
        left = seconds_left(jobs, self._board, self._n_workers, now)
        tail = "" if left is None else f", about {format_seconds(left)} left"
        return (
            f"{n_done}/{self._n_before + len(jobs)} studies, "
            f"{format_seconds(now - self._begin)}{tail}"
        )

    def _describe(self, job: Job) -> str:
        return f"{job.spec.study_name} {self._board.finished[job.index]}/{job.spec.n_trials}"

    def _table(self, jobs: list[Job], now: float) -> Group:
        table = Table.grid(padding=(0, 2))
        n_trials = sum(job.spec.n_trials for job in jobs)
        n_finished = sum(self._board.finished[job.index] for job in jobs)
        table.add_row("all studies", ProgressBar(max(n_trials, 1), n_finished, width=30), "")
        for job in jobs:
            if job.state == "running":
                n = self._board.finished[job.index]
                table.add_row(
                    # Brackets in a name are no markup.
                    Text(job.spec.study_name),
                    ProgressBar(job.spec.n_trials, n, width=30),
                    f"trial {n}/{job.spec.n_trials}",
                )
        return Group(table, Text(self._summary(jobs, now), style="bold"))
