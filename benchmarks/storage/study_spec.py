"""Which study is to be run, and with what: plain data that can be sent to a worker."""

from __future__ import annotations

from dataclasses import dataclass

from ..contenders.seeding import OWN
from ..contenders.seeding import sampler_seed
from ..problems.spec import Options


@dataclass(frozen=True)
class StudySpec:
    """Everything that a worker needs to run one study; plain data, so that it can be sent.

    Attributes:
        problem: Name of the problem.
        sampler: Name of the contender.
        seed: Seed of the problem's noise, from which that of the sampler comes.
        n_trials: Trials that the study is to have.
        options: What the problem is built with.
        storage: URL of the storage.
        registry: Folder with the packages of a hub registry; empty to get them over the network.
        problem_call: What the problem's name stands for; empty if for itself.
        sampler_call: What the contender's name stands for, likewise.
        start_points: Trials at the start whose random points all samplers of a seed share.
        parallel: Trials at a time on a simulated clock; 1 for one after the other.
        reevaluations: How often the final incumbent is measured again with fresh seeds.
        seeding: How the sampler's seed comes from ``seed``; see
            :mod:`benchmarks.contenders.seeding`.
    """

    problem: str
    sampler: str
    seed: int
    n_trials: int
    options: Options
    storage: str
    registry: str = ""
    problem_call: str = ""
    sampler_call: str = ""
    start_points: int = 0
    parallel: int = 1
    reevaluations: int = 0
    seeding: str = OWN

    @property
    def sampler_seed(self) -> int:
        """Seed of the sampler."""
        return sampler_seed(self.problem, self.seed, self.seeding)

    @property
    def study_name(self) -> str:
        """Name of the study in the storage."""
        return f"{self.problem}/{self.sampler}/seed-{self.seed}"


def parse_study_name(name: str) -> tuple[str, str, int] | None:
    """Problem, sampler and seed of a study's name; None if the harness did not make it."""
    head, _, seed = name.rpartition("/seed-")
    problem, _, sampler = head.partition("/")
    if not (problem and sampler and seed.isdigit()):
        return None
    return problem, sampler, int(seed)
