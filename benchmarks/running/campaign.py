"""A whole run: what is to be done, checked before any work, and its execution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
import sys
from typing import Any

from optuna.storages import BaseStorage
from rich.console import Console

from ..engines import choice as engines
from ..engines.choice import Engine
from ..engines.jobs import Board
from ..engines.jobs import Job
from ..engines.jobs import trials_left
from ..folders import lock_folder
from ..folders import make_folder
from ..problems.spec import Problem
from ..problems.spec import ProblemSpec
from ..storage import opening
from ..storage import store
from ..storage.study_spec import StudySpec
from ..study.machine import available_cores
from ..study.machine import versions
from .design import Design
from .design import Unable
from .progress import Display


@dataclass(kw_only=True)
class Campaign:
    """The studies of one command.

    Attributes:
        design: What is compared on what.
        n_workers: Worker processes; None for one a core. From :meth:`prepare` on, how many there
            are.
        n_threads: Threads a worker.
        out: Output folder; None for one named after the problem.
        storage: URL of the storage; None for SQLite in the output folder.
        command: The command line, to be repeated to continue.
        scheduler: Address of a Dask scheduler; empty for worker processes on this machine.
        out_dir: Output folder.
        url: URL of the storage.
        opened: The storage; from :meth:`prepare` on, as what follows.
        jobs: Studies that are to be run.
        board: Finished trials of each of these.
        n_before: Studies that were complete before.
        unable: Why which samplers cannot work on which problems.
    """

    design: Design
    n_workers: int | None
    n_threads: int
    out: Path | None
    storage: str | None
    command: str
    scheduler: str = ""
    out_dir: Path = field(init=False)
    url: str = field(init=False)
    opened: BaseStorage = field(init=False)
    jobs: list[Job] = field(init=False)
    board: Board = field(init=False)
    n_before: int = field(init=False, default=0)
    unable: Unable = field(init=False, default_factory=dict)
    _lock: Any = field(init=False, default=None)
    _engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.out_dir = self.out or Path("results") / self.design.label()
        self.url = self.storage or opening.default_url(self.out_dir)
        if self.scheduler:
            # A worker may run in another folder.
            self.url = engines.absolute(self.url)

    def prepare(self, console: Console) -> None:
        """Check everything and create the studies that are not there yet.

        Raises:
            UsageError: If an argument is wrong; no study has been created then, unless the storage
                holds one with other settings.
        """
        design = self.design
        problems = design.build_problems()
        self._engine = self._placed([spec.device_kind(design.options) for spec in design.problems])
        workers = self._engine.n_workers
        self.unable = design.find_unable(problems)
        self.say_unable(console)
        design.check_some(self.unable)
        self._open()
        notes = self._prepare_studies(problems, workers)
        self.n_workers = max(1, min(workers, len(self.jobs)))
        if self.jobs:
            self._engine.check_storage(self.url, self.jobs[0].spec.study_name)
        for note in dict.fromkeys(notes):
            console.print(f"note: {note}; use another --out to keep them apart", markup=False)
        if self.n_before or any(self.board.finished):
            n_todo = sum(trials_left(job, self.board) for job in self.jobs)
            console.print(
                f"continuing in {self.out_dir}: {self.n_before} of "
                f"{self.n_before + len(self.jobs)} studies are complete, {n_todo} trials to go",
                markup=False,
                soft_wrap=True,
            )

    def _open(self) -> None:
        """Make the output folder, keep others out of it and open the storage."""
        if self.storage is not None:
            # Before a folder is made that would stay empty.
            self.opened = opening.open_storage(self.url, create=True)
        make_folder(self.out_dir)
        self._lock = lock_folder(self.out_dir)
        if self.storage is None:
            self.opened = opening.open_results(self.out_dir, None, create=True)

    def release(self) -> None:
        """Let others into the output folder, now and not when this object happens to vanish."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _prepare_studies(
        self, problems: Sequence[tuple[ProblemSpec, Problem]], workers: int
    ) -> list[str]:
        """Create the studies that are not there, and list those that are to be run.

        Returns:
            What differs from when a study was begun.
        """
        design = self.design
        run_settings = {
            "trials": design.n_trials,
            "jobs": workers,
            "threads": self.n_threads,
            "versions": versions(),
            "command": opening.without_passwords(self.command),
        }
        sampler_versions = {c.name: c.version(design.registry) for c in design.contenders}
        self.jobs, done, notes = [], [], []
        for problem_spec, problem in problems:
            problem_settings = design.problem_settings(problem_spec, problem)
            for spec in design.studies(problem_spec, problem, self.unable, self.url):
                settings = {
                    **run_settings,
                    **problem_settings,
                    "study": {"problem": spec.problem, "sampler": spec.sampler, "seed": spec.seed},
                    "sampler_version": sampler_versions[spec.sampler],
                }
                n_finished, differs = store.prepare_study(
                    self.opened, spec, settings, problem.directions[0]
                )
                notes += differs
                if n_finished >= spec.n_trials and self._is_measured_again(spec):
                    self.n_before += 1
                else:
                    self.jobs.append(Job(spec, len(self.jobs)))
                    done.append(n_finished)
        self.board = Board(len(self.jobs))
        for index, n_finished in enumerate(done):
            self.board.finished[index] = n_finished
        return notes

    def studies(self) -> list[tuple[StudySpec, dict[str, Any]]]:
        """All studies of this run, finished or not; nothing is opened or written.

        Returns:
            Each with what it is begun with, or must have been.

        Raises:
            UsageError: If a problem cannot be built.
        """
        problems = self.design.build_problems()
        self.unable = self.design.find_unable(problems)
        found = []
        for built in problems:
            # Once a problem: it reads and digests files.
            settings = self.design.problem_settings(*built)
            studies = self.design.studies(*built, self.unable, self.url)
            found += [(spec, settings) for spec in studies]
        return found

    def say_unable(self, console: Console) -> None:
        """Say which samplers cannot work on which problems, and why."""
        for (problem, sampler), reason in self.unable.items():
            console.print(
                f"skipped: {sampler} on {problem}: {reason}", markup=False, soft_wrap=True
            )

    def _is_measured_again(self, spec: StudySpec) -> bool:
        if not self.design.reevaluations:
            return True
        study_id = self.opened.get_study_id_from_name(spec.study_name)
        attrs = self.opened.get_study_user_attrs(study_id)
        return len(attrs.get(store.REEVALUATED, ())) >= self.design.reevaluations

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
        with Display(console, self.board, self.n_workers, self.n_before) as display:
            self._engine.execute(self.jobs, self.board, self.n_threads, display.tick)
        return [job for job in self.jobs if job.state == "failed"]

    def say_failed(self, failed: list[Job]) -> None:
        """Say on stderr which studies failed, and why in a file of the output folder."""
        if not failed:
            return
        log = self.out_dir / "errors.log"
        print(f"\n{len(failed)} studies failed (tracebacks: {log}):", file=sys.stderr)
        for job in failed:
            print(f"  {job.spec.study_name}: {job.error.splitlines()[0]}", file=sys.stderr)
        log.write_text(
            "\n\n".join(f"{job.spec.study_name}: {job.error}\n{job.details}" for job in failed),
            encoding="utf-8",
        )

    def _placed(self, devices: list[str]) -> Engine:
        """Where the studies run.

        Args:
            devices: What the problems compute on.

        Raises:
            UsageError: If the cluster cannot be used.
        """
        if not self.scheduler:
            return engines.local(self.n_workers, devices, available_cores())
        from ..engines.cluster_worker import Request

        design, named = self.design, self.design.definitions
        request = Request(
            problems=tuple((p.name, named.problems.get(p.name, "")) for p in design.problems),
            contenders=tuple((c.name, named.samplers.get(c.name, "")) for c in design.contenders),
            options=design.options,
            registry=design.registry,
        )
        return engines.on_cluster(
            self.scheduler,
            self.storage,
            self.n_workers,
            devices,
            request,
            lambda text: print(text, file=sys.stderr),
        )
