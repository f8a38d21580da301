"""The design of a comparison: which studies there are, before any of them is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
import re
from typing import Any

from ..contenders.contender import Contender
from ..contenders.contender import Setup
from ..contenders.probe import cannot_work
from ..contenders.seeding import OWN
from ..contenders.seeding import SHARED
from ..definitions import Definitions
from ..errors import UsageError
from ..problems.registry import build_problem
from ..problems.spec import Options
from ..problems.spec import Problem
from ..problems.spec import ProblemSpec
from ..storage.store import SAMPLER_SEEDS
from ..storage.store import space_to_json
from ..storage.study_spec import StudySpec


_MAX_LABEL = 100

# Why which samplers cannot work on which problems, by the names of problem and sampler.
Unable = dict[tuple[str, str], str]


@dataclass(frozen=True, kw_only=True)
class Design:
    """What is compared on what.

    Attributes:
        problems: What to compare on.
        contenders: The samplers, all of which can run here.
        definitions: What names of the user's stand for.
        options: What the problems are built with.
        seeds: Seeds of the samplers and of the problems' noise.
        n_trials: Trials a study.
        seeding: How the samplers' seeds come from ``seeds``; see
            :mod:`benchmarks.contenders.seeding`.
        start_points: Trials at the start whose random points all samplers of a seed share.
        parallel: Trials at a time on a simulated clock; 1 for one after the other.
        reevaluations: How often a final incumbent is measured again with fresh seeds.
        registry: Folder with the packages of a hub registry; empty to get them over the network.
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
    registry: str = ""

    def label(self) -> str:
        """Name of the default output folder."""
        label = "+".join(spec.label(self.options) for spec in self.problems)
        # Arguments and paths make no names of folders.
        return re.sub(r"[^\w.+-]+", "-", label).strip("-")[:_MAX_LABEL]

    def build_problems(self) -> list[tuple[ProblemSpec, Problem]]:
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

    def find_unable(self, problems: list[tuple[ProblemSpec, Problem]]) -> Unable:
        """Which samplers cannot work on which problems.

        Args:
            problems: As :meth:`build_problems` returns them.
        """
        found: Unable = {}
        for spec, problem in problems:
            setup = Setup(self.seeds[0], problem.search_space, self.n_trials, self.registry)
            for contender in self.contenders:
                reason = cannot_work(contender, setup, problem.directions)
                if reason:
                    found[spec.name, contender.name] = reason
        return found

    def check_some(self, unable: Unable) -> None:
        """Make sure that there is something to run.

        Raises:
            UsageError: If no sampler can work on any problem.
        """
        if len(unable) == len(self.problems) * len(self.contenders):
            samplers = ", ".join(contender.name for contender in self.contenders)
            problems = ", ".join(spec.name for spec in self.problems)
            raise UsageError(f"--samplers: none of {samplers} can work on any of {problems}.")

    def studies(
        self, problem_spec: ProblemSpec, problem: Problem, unable: Unable, url: str
    ) -> Iterator[StudySpec]:
        """The studies on one problem.

        All samplers of a seed come before the next seed, so that a run that is stopped compares
        them on the same seeds.

        Args:
            problem_spec: The problem.
            problem: The same, built.
            unable: Pairs to leave out.
            url: Of the storage that the studies are in.
        """
        for seed in self.seeds:
            for contender in self.contenders:
                if (problem_spec.name, contender.name) in unable:
                    continue
                yield StudySpec(
                    problem_spec.name,
                    contender.name,
                    seed,
                    contender.n_trials(self.n_trials, problem.search_space),
                    self.options,
                    url,
                    self.registry,
                    problem_call=self.definitions.problems.get(problem_spec.name, ""),
                    sampler_call=self.definitions.samplers.get(contender.name, ""),
                    start_points=self.start_points,
                    parallel=self.parallel,
                    reevaluations=self.reevaluations,
                    seeding=self.seeding,
                )

    def problem_settings(self, problem_spec: ProblemSpec, problem: Problem) -> dict[str, Any]:
        """What the studies on one problem are begun with and cannot be changed later.

        Args:
            problem_spec: The problem.
            problem: The same, built.
        """
        return {
            "problem": problem_spec.settings(self.options) | self._fairness(),
            "space": space_to_json(problem.search_space),
        }

    def _fairness(self) -> dict[str, str]:
        chosen = {
            "start_points": self.start_points,
            "parallel": self.parallel,
            SAMPLER_SEEDS: self.seeding,
        }
        # Studies that do not tell were run so.
        usual = {"start_points": 0, "parallel": 1, SAMPLER_SEEDS: SHARED}
        return {key: str(value) for key, value in chosen.items() if value != usual[key]}
