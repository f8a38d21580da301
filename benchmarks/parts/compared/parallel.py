"""What it is worth to know where running trials are: many workers on a simulated clock."""

from __future__ import annotations

from collections.abc import Callable
import functools
import hashlib

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial

from ...arrays import FloatArray
from ...suite.space import to_unit
from ..entrants import gp
from ..entrants import ours
from ..entrants import random_search
from ..entrants import tpe
from ..incumbent import progress_by
from ..problems.by_name import of_suite
from ..simulate import finished_trials
from ..task import Objective
from ..task import Part
from ..task import Task


N_TRIALS = 96
# Trials on one worker are the same study without parallelism: what it costs can be read off.
N_WORKERS = (1, 8, 32)
# Trials closer than this, in parts of the unit cube's diagonal, are nearly the same.
NEAR = 0.01

_DEV = ("ackley_noisy_d4", "griewank_edge_d5", "discrete_1200", "hpolib_protein")
_REPORT = (
    "hartmann_noisy_d6",
    "alpine_noisy_d12",
    "discrete_10000",
    "hpobench_nn_segment",
)


def varied_duration(trial: FrozenTrial) -> float:
    """Simulated seconds of a trial: 0.7 to 1.3, a hash of its params."""
    key = repr(sorted(trial.params.items())).encode()
    digest = hashlib.blake2b(key, digest_size=8).digest()
    return 0.7 + 0.6 * int.from_bytes(digest, "little") / 2.0**64


def near_duplicates(study: Study) -> float:
    """Share of trials that were close to one that was running when they were asked for.

    Close is within 1% of the diagonal of the unit cube; logarithms of a log-scaled parameter. A
    categorical parameter that differs is the whole width of the cube away.

    Args:
        study: Finished on a clock that may be simulated. The trials have the same parameters.

    Returns:
        From 0 to 1; 0 for a study without trials.
    """
    trials = sorted(finished_trials(study), key=lambda trial: trial.number)
    close = 0
    for i, trial in enumerate(trials):
        running = [other for other in trials[:i] if _was_running(other, trial)]
        close += any(_distance(other, trial) <= NEAR for other in running)
    return close / len(trials) if trials else 0.0


def _was_running(earlier: FrozenTrial, trial: FrozenTrial) -> bool:
    """Whether a trial of a lower number was running when another was asked for."""
    assert earlier.datetime_complete is not None and trial.datetime_start is not None
    # A worker asks at the moment when its last trial ends: that one is not running any more.
    return earlier.datetime_complete > trial.datetime_start


def _distance(one: FrozenTrial, other: FrozenTrial) -> float:
    """Distance in the unit cube, as a share of its diagonal."""
    space = one.distributions
    differences = np.array([_difference(name, dist, one, other) for name, dist in space.items()])
    return float(np.sqrt(np.mean(differences**2)))


def _difference(name: str, dist: BaseDistribution, one: FrozenTrial, other: FrozenTrial) -> float:
    if isinstance(dist, CategoricalDistribution):
        return float(one.params[name] != other.params[name])
    if dist.single():
        return 0.0
    space = {name: dist}
    offset: FloatArray = to_unit(space, one.params) - to_unit(space, other.params)
    return float(offset[0])


def _task(problem: str, n_workers: int, is_dev: bool) -> Task:
    objective: Callable[[int], Objective] = functools.partial(of_suite, problem)
    workers = f"{n_workers} workers" if n_workers > 1 else "1 worker, to compare with"
    return Task(
        name=f"parallel_{problem}_x{n_workers}",
        description=f"{problem} with {workers}",
        is_dev=is_dev,
        n_trials=N_TRIALS,
        checkpoints=(32.0, 48.0, 64.0, 96.0),
        objective=objective,
        progress=progress_by(problem),
        offers=n_workers > 1,
        n_workers=n_workers,
        duration=varied_duration,
        measures={"near-duplicates": near_duplicates},
    )


PART = Part(
    name="parallel",
    description="Taking account of trials that are still running on other workers",
    unit="trials",
    tasks=tuple(
        _task(problem, n_workers, is_dev)
        for problems, is_dev in ((_DEV, True), (_REPORT, False))
        for problem in problems
        for n_workers in N_WORKERS
    ),
    # Optuna's TPE takes account of running trials by default: ``constant_liar``.
    entrants=(
        ours("on", {}),
        ours("off", {"uses_pending": False}),
        tpe(),
        gp(),
        random_search(),
    ),
)
