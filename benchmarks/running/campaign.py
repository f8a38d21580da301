"""A whole run: what is to be done, checked before any work, and its execution."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
import re
import sys
from typing import Any

from optuna.storages import BaseStorage
from rich.console import Console

from ..contenders.contender import Contender
from ..contenders.contender import Setup
from ..contenders.contender import Space
from ..contenders.probe import cannot_work
from ..contenders.seeding import OWN
from ..contenders.seeding import SHARED
from ..definitions import Definitions
from ..engines import choice as engines
from ..engines.choice import Engine
from ..engines.local import Board
from ..engines.local import Job
from ..errors import UsageError
from ..problems.registry import build_problem
from ..problems.spec import Options
from ..problems.spec import Problem
from ..problems.spec import ProblemSpec
from ..storage import opening
from ..storage import store
from ..storage.store import SAMPLER_SEEDS
from ..storage.study_spec import StudySpec
from .folders import lock_folder
from .folders import make_folder
from .machine import available_cores
from .machine import versions
from .progress import Display


_MAX_LABEL = 100


@dataclass(kw_only=True)
class Campaign:
    """The studies of one command.

    Attributes:
        problems: What to compare on.
        contenders: The samplers, all of which can run here.
        definitions: What names of the user's stand for.
        options: What the problems are built with.
        seeds: Seeds of the samplers and of the problems' noise.
        n_trials: Trials a study.
        seeding: How the samplers' seeds come from ``seeds``; see :mod:`benchmarks.contenders.seeding`.
        start_points: Trials at the start whose random points all samplers of a seed share.
        parallel: Trials at a time on a simulated clock; 1 for one after the other.
        reevaluations: How often a final incumbent is measured again with fresh seeds.
        n_workers: Worker processes; None for one a core.
        n_threads: Threads a worker.
        out: Output folder; None for one named after the problem.
        storage: URL of the storage; None for SQLite in the output folder.
        command: The command line, to be repeated to continue.
        registry: Folder with the packages of a hub registry; empty to get them over the network.
        scheduler: Address of a Dask scheduler; empty for worker processes on this machine.
    """

    problems: list[ProblemSpec]
    contenders: list[Contender]
    definitions: Definitions = field(default_factory=Definitions)
    options: Options
    seeds: range
    n_trials: int
    seeding: str = OWN
    start_points: int = 0
    parallel: int = 1
    reevaluations: int = 0
    n_workers: int | None
    n_threads: int
    out: Path | None
    storage: str | None
    command: str
    registry: str = ""
    scheduler: str = ""
    out_dir: Path = field(init=False)
    url: str = field(init=False)
    opened: BaseStorage = field(init=False)
    jobs: list[Job] = field(init=False)
    board: Board = field(init=False)
    n_before: int = field(init=False, default=0)
    unable: dict[tuple[str, str], str] = field(init=False, default_factory=dict)
    _lock: Any = field(init=False, default=None)
    _engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.out_dir = self.out or Path("results") / self._label()
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
        problems = self._built()
        self._engine = self._placed([spec.device_kind(self.options) for spec in self.problems])
        workers = self._engine.n_workers
        self.unable = self._unable(problems)
        self.say_unable(console)
        self.check_some()
        self._open()
        notes = self._prepare_studies(problems, workers)
        self.n_workers = max(1, min(workers, len(self.jobs)))
        if self.jobs:
            self._engine.check_storage(self.url, self.jobs[0].spec.study_name)
        for note in dict.fromkeys(notes):
            console.print(f"note: {note}; use another --out to keep them apart", markup=False)
        done = sum(self.board.finished[job.index] for job in self.jobs)
        if self.n_before or done:
            n_todo = sum(job.spec.n_trials for job in self.jobs) - done
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
        run_settings = {
            "trials": self.n_trials,
            "jobs": workers,
            "threads": self.n_threads,
            "versions": versions(),
            "command": self.command,
        }
        sampler_versions = {c.name: c.version(self.registry) for c in self.contenders}
        self.jobs, done, notes = [], [], []
        for problem_spec, problem in problems:
            problem_settings = {
                "problem": problem_spec.settings(self.options) | self._fairness(),
                "space": store.space_to_json(problem.search_space),
            }
            for spec in self._specs(problem_spec, problem):
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

    def studies(self) -> list[StudySpec]:
        """All studies of this run, finished or not; nothing is opened or written.

        Raises:
            UsageError: If a problem cannot be built.
        """
        problems = self._built()
        self.unable = self._unable(problems)
        return [spec for built in problems for spec in self._specs(*built)]

    def say_unable(self, console: Console) -> None:
        """Say which samplers cannot work on which problems, and why."""
        for (problem, sampler), reason in self.unable.items():
            console.print(
                f"skipped: {sampler} on {problem}: {reason}", markup=False, soft_wrap=True
            )

    def check_some(self) -> None:
        """Make sure that there is something to run.

        Raises:
            UsageError: If no sampler can work on any problem.
        """
        if len(self.unable) == len(self.problems) * len(self.contenders):
            samplers = ", ".join(contender.name for contender in self.contenders)
            problems = ", ".join(spec.name for spec in self.problems)
            raise UsageError(f"--samplers: none of {samplers} can work on any of {problems}.")

    def _specs(self, problem_spec: ProblemSpec, problem: Problem) -> Iterator[StudySpec]:
        """The studies on one problem.

        All samplers of a seed come before the next seed, so that a run that is stopped compares
        them on the same seeds.
        """
        for seed in self.seeds:
            for contender in self.contenders:
                if (problem_spec.name, contender.name) in self.unable:
                    continue
                yield self._study_spec(problem_spec, contender, problem.search_space, seed)

    def _study_spec(
        self, problem: ProblemSpec, contender: Contender, space: Space, seed: int
    ) -> StudySpec:
        return StudySpec(
            problem.name,
            contender.name,
            seed,
            contender.n_trials(self.n_trials, space),
            self.options,
            self.url,
            self.registry,
            problem_call=self.definitions.problems.get(problem.name, ""),
            sampler_call=self.definitions.samplers.get(contender.name, ""),
            start_points=self.start_points,
            parallel=self.parallel,
            reevaluations=self.reevaluations,
            seeding=self.seeding,
        )

    def _unable(
        self, problems: Sequence[tuple[ProblemSpec, Problem]]
    ) -> dict[tuple[str, str], str]:
        """Why which samplers cannot work on which problems, by both names."""
        found = {}
        for spec, problem in problems:
            setup = Setup(self.seeds[0], problem.search_space, self.n_trials, self.registry)
            for contender in self.contenders:
                reason = cannot_work(contender, setup, problem.directions)
                if reason:
                    found[spec.name, contender.name] = reason
        return found

    def _built(self) -> list[tuple[ProblemSpec, Problem]]:
        """The problems, each built once.

        Raises:
            UsageError: If one cannot be built, or is not fit for what is asked for.
        """
        built = []
        for spec in self.problems:
            problem = build_problem(spec, self.options, self.seeds[0])
            if self.start_points and not problem.search_space:
                raise UsageError(
                    f"--start-points: got {self.start_points}, but the search space of {spec.name} "
                    "is not known before it runs; accepts 0 for a function of a trial."
                )
            built.append((spec, problem))
        return built

    def _fairness(self) -> dict[str, str]:
        """What a study is begun with and cannot be changed later."""
        chosen = {
            "start_points": self.start_points,
            "parallel": self.parallel,
            SAMPLER_SEEDS: self.seeding,
        }
        # Studies that do not tell were run so.
        usual = {"start_points": 0, "parallel": 1, SAMPLER_SEEDS: SHARED}
        return {key: str(value) for key, value in chosen.items() if value != usual[key]}

    def _is_measured_again(self, spec: StudySpec) -> bool:
        if not self.reevaluations:
            return True
        study_id = self.opened.get_study_id_from_name(spec.study_name)
        attrs = self.opened.get_study_user_attrs(study_id)
        return len(attrs.get(store.REEVALUATED, ())) >= self.reevaluations

    def _label(self) -> str:
        """Name of the default output folder."""
        label = "+".join(spec.label(self.options) for spec in self.problems)
        # Arguments and paths make no names of folders.
        return re.sub(r"[^\w.+-]+", "-", label).strip("-")[:_MAX_LABEL]

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

        named = self.definitions
        request = Request(
            problems=tuple((p.name, named.problems.get(p.name, "")) for p in self.problems),
            contenders=tuple((c.name, named.samplers.get(c.name, "")) for c in self.contenders),
            options=self.options,
            registry=self.registry,
        )
        return engines.on_cluster(
            self.scheduler,
            self.storage,
            self.n_workers,
            devices,
            request,
            lambda text: print(text, file=sys.stderr),
        )
