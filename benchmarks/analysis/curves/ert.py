"""Expected running time (ERT) of every sampler to every target on every problem."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..numerics.running_times import running_times
from ..numerics.running_times import RunningTime
from .hitting import Hits


@dataclass(frozen=True)
class Ert:
    """One sampler on one problem with one target.

    Attributes:
        problem: Name of the problem.
        sampler: Name of the sampler.
        target: Normalised regret to reach.
        n_reached: Seeds that reached it.
        n_seeds: All seeds.
        trials: In trials.
        seconds: In seconds of objective and sampler; None where they are not known.
    """

    problem: str
    sampler: str
    target: float
    n_reached: int
    n_seeds: int
    trials: RunningTime
    seconds: RunningTime | None


def expected_running_times(
    hits: Mapping[tuple[str, str], Hits], targets: Sequence[float]
) -> list[Ert]:
    """All of them: every problem, sampler and target.

    Args:
        hits: When the studies reached the targets, by problem and sampler.
        targets: The targets, in the order of the hits.
    """
    result = []
    for (problem, sampler), its in hits.items():
        trials = running_times(its.trials, its.spent_trials)
        seconds: Sequence[RunningTime | None] = [None] * len(targets)
        if its.timed:
            seconds = running_times(its.seconds, its.spent_seconds)
        n_reached = np.isfinite(its.trials).sum(axis=0).tolist()
        for index, target in enumerate(targets):
            result.append(
                Ert(
                    problem,
                    sampler,
                    target,
                    n_reached[index],
                    len(its.trials),
                    trials[index],
                    seconds[index],
                )
            )
    return result
