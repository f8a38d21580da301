"""A whole run: what is to be done, checked before any work, and its execution."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
import importlib.metadata
import os
from pathlib import Path
import platform
import sys
import tempfile
from typing import Any

from optuna.storages import BaseStorage
from rich.console import Console

from . import engine
from . import store
from .contender import Contender
from .engine import Board
from .engine import Job
from .errors import UsageError
from .problems import build_problem
from .problems import get_problem
from .problems import Options
from .progress import Display
from .store import StudySpec


_LIBRARIES = ("optuna", "optunahub", "numpy", "scipy", "torch")


@dataclass
class Campaign:
    """The studies of one command.

    Attributes:
        problems: Names of the problems.
        contenders: The samplers, all of which can run here.
        options: What the problems are built with.
        seeds: Seeds of the samplers and of the problems' noise.
        n_trials: Trials a study.
        n_workers: Worker processes; None for one a core.
        n_threads: Threads a worker.
        out: Output folder; None for one named after the problem.
        storage: URL of the storage; None for SQLite in the output folder.
        command: The command line, to be repeated to continue.
        registry: Folder with the packages of a hub registry; empty to get them over the network.
    """

    problems: list[str]
    contenders: list[Contender]
    options: Options
    seeds: range
    n_trials: int
    n_workers: int | None
    n_threads: int
    out: Path | None
    storage: str | None
    command: str
    registry: str = ""
    out_dir: Path = field(init=False)
    url: str = field(init=False)
    opened: BaseStorage = field(init=False)
    jobs: list[Job] = field(init=False)
    board: Board = field(init=False)
    n_before: int = field(init=False, default=0)
    _lock: Any = field(init=False, default=None)

    def prepare(self, console: Console) -> None:
        """Check everything and create the studies that are not there yet.

        Raises:
            UsageError: If an argument is wrong; no study has been created then, unless the storage
                holds one with other settings.
        """
        specs = {name: get_problem(name) for name in self.problems}
        problems = {
            name: build_problem(spec, self.options, self.seeds[0]) for name, spec in specs.items()
        }
        workers = self.n_workers or self._default_workers(
            [spec.device_kind(self.options) for spec in specs.values()]
        )
        label = "+".join(spec.label(self.options) for spec in specs.values())
        self.out_dir = self.out or Path("results") / label
        self.url = self.storage or store.default_url(self.out_dir)
        if self.storage is not None:
            # Before a folder is made that would stay empty.
            self.opened = store.open_storage(self.url, create=True)
        make_folder(self.out_dir)
        self._lock = lock_folder(self.out_dir)
        if self.storage is None:
            self.opened = store.open_storage(self.url, create=True)
        common = {
            "trials": self.n_trials,
            "jobs": workers,
            "threads": self.n_threads,
            "versions": versions(),
            "command": self.command,
        }
        self.jobs, done, notes = [], [], []
        # All samplers of a seed before the next seed, so that a run that is stopped compares them
        # on the same seeds.
        for name, problem in problems.items():
            space = problem.search_space
            for seed in self.seeds:
                for contender in self.contenders:
                    n_trials = contender.n_trials(self.n_trials, space)
                    spec = StudySpec(
                        name,
                        contender.name,
                        seed,
                        n_trials,
                        self.options,
                        self.url,
                        self.registry,
                    )
                    settings = common | {
                        "problem": specs[name].settings(self.options),
                        "space": store.space_to_json(space),
                        "sampler_version": contender.version(self.registry),
                    }
                    n_finished, differs = store.prepare_study(
                        self.opened, spec, settings, problem.directions[0]
                    )
                    notes += differs
                    if n_finished >= n_trials:
                        self.n_before += 1
                    else:
                        self.jobs.append(Job(spec, len(self.jobs)))
                        done.append(n_finished)
        self.board = Board(len(self.jobs))
        for index, n_finished in enumerate(done):
            self.board.finished[index] = n_finished
        self.n_workers = max(1, min(workers, len(self.jobs)))
        for note in dict.fromkeys(notes):
            console.print(f"note: {note}; use another --out to keep them apart", markup=False)
        n_todo = sum(job.spec.n_trials - n for job, n in zip(self.jobs, done))
        if self.n_before or any(done):
            console.print(
                f"continuing in {self.out_dir}: {self.n_before} of "
                f"{self.n_before + len(self.jobs)} studies are complete, {n_todo} trials to go",
                markup=False,
                soft_wrap=True,
            )

    def execute(self, console: Console) -> list[Job]:
        """Run the studies that are not complete.

        Returns:
            Those that failed.

        Raises:
            KeyboardInterrupt: On Ctrl-C, when the workers have ended.
        """
        if not self.jobs:
            return []
        assert self.n_workers is not None
        engine.limit_threads(self.n_threads)
        with Display(console, self.board, self.n_workers, self.n_before) as display:
            engine.execute(self.jobs, self.board, self.n_workers, display.tick)
        return [job for job in self.jobs if job.state == "failed"]

    def say_failed(self, failed: list[Job]) -> None:
        """Say on stderr which studies failed, and why in a file of the output folder."""
        if not failed:
            return
        log = self.out_dir / "errors.log"
        log.write_text(
            "\n\n".join(f"{job.spec.study_name}: {job.error}\n{job.details}" for job in failed),
            encoding="utf-8",
        )
        print(f"\n{len(failed)} studies failed (tracebacks: {log}):", file=sys.stderr)
        for job in failed:
            print(f"  {job.spec.study_name}: {job.error.splitlines()[0]}", file=sys.stderr)

    def _default_workers(self, devices: list[str]) -> int:
        # One GPU is shared by nobody, or the seconds of a trial would mean nothing.
        return available_cores() if set(devices) == {"cpu"} else 1


def available_cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def make_folder(out: Path) -> None:
    """Make the output folder and make sure that it can be written to.

    Raises:
        UsageError: If it cannot.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(
            f"--out: cannot write to {out} ({reason}); accepts a folder that can be written to."
        ) from error


def lock_folder(out: Path) -> Any:
    """Keep a second run out of an output folder as long as this process lives.

    Returns:
        The open lock file; None where the system has no such locks.

    Raises:
        UsageError: If another run is at work there.
    """
    try:
        import fcntl
    except ImportError:  # Windows.
        return None
    file = (out / ".lock").open("w")
    try:
        # The system lifts it when this process ends, whatever ends it.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise UsageError(
            f"--out: another run is at work in {out}; wait for it, or give another folder."
        ) from None
    except OSError:
        # A file system without locks is no reason not to run.
        return None
    return file


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that results depend on."""
    found = {"python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            found[library] = "not installed"
    return found
