"""Compute the scales of tasks: ``python -m benchmarks.parts.compute_scales [TASK ...]``.

Of all tasks that use them or of those named, by differential evolution over everything a trial can
be, conditional parameters included. That of all takes half an hour.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
import sys

import numpy as np

from ..arrays import FloatArray
from ..suite.recompute import recompute
from .compared import conditional
from .compared import constraints
from .compared import objectives
from .hypervolume import hypervolume
from .hypervolume import non_dominated
from .scales import Scale
from .scales import SCALES_FILE
from .task import Task
from .unit_trial import Outcome
from .unit_trial import UnitSpace


# Random points; as many more until so many are feasible, if that takes no more than so many.
_N_RANDOM, _N_FEASIBLE, _MAX_RANDOM = 4000, 200, 400_000
# Random trials whose hypervolume is where regret begins, and of how many such sets the median.
_N_FIRST, _N_SETS = 10, 400
# An infeasible point is worse than every feasible one.
_INFEASIBLE = 1e9
# Evaluations of each search, times the number of dimensions, and restarts.
_POPULATION, _GENERATIONS, _N_STARTS = 12, 400, 4
# Models that are trained at every evaluation: random points, generations and restarts.
_LIVE, _N_RANDOM_LIVE, _GENERATIONS_LIVE, _N_STARTS_LIVE = "live_", 400, 15, 1
# Searches for points of a Pareto front, each by another weighting, and their generations.
_N_WEIGHTS, _FRONT_GENERATIONS = 50, 50
# The hypervolume of more points takes too long.
_MAX_FRONT = 1500


def compute(
    task: Task,
    published: float | None = None,
    end: Sequence[float] | None = None,
    front: FloatArray | None = None,
) -> Scale:
    """Compute the scale of a task.

    Args:
        task: The task.
        published: The best in the literature.
        end: The reference point of the hypervolume; None for one objective.
        front: Points of the true Pareto front, shape (n_points, n_objectives), if it is known.
    """
    is_live = task.name.startswith(_LIVE)
    space = UnitSpace(task.objective(0), 100 if is_live else 2000)
    rng = np.random.default_rng(1)
    outcomes: list[Outcome] = []
    feasible: list[bool] = []
    n_random = _N_RANDOM_LIVE if is_live else _N_RANDOM
    while len(outcomes) < n_random or sum(feasible) < _N_FEASIBLE and len(outcomes) < _MAX_RANDOM:
        more = [space.evaluate(rng.random(space.n_dims)) for _ in range(n_random)]
        outcomes += more
        feasible += [outcome.violation == 0 for outcome in more]
    share = sum(feasible) / len(feasible)
    if end is None:
        values = [o.values[0] for o, is_so in zip(outcomes, feasible) if is_so]
        settings = (_GENERATIONS_LIVE, _N_STARTS_LIVE) if is_live else (_GENERATIONS, _N_STARTS)
        best = min(_lowest(space, *settings), *values)
        best = best if published is None else min(best, published)
        return Scale(best, float(np.median(values)), share)
    volumes = []
    for _ in range(_N_SETS):
        chosen = rng.choice(len(outcomes), _N_FIRST, replace=False)
        volumes.append(hypervolume([outcomes[i].values for i in chosen if feasible[i]], end))
    points = _front(space, np.asarray(end), rng) if front is None else front
    best = max(hypervolume(points, end), 0.0 if published is None else published)
    return Scale(best, float(np.median(volumes)), share)


def _lowest(space: UnitSpace, n_generations: int, n_starts: int) -> float:
    """The lowest feasible value of several searches."""

    def loss(point: FloatArray) -> float:
        outcome = space.evaluate(point)
        return _INFEASIBLE + outcome.violation if outcome.violation else outcome.values[0]

    return min(_evolve(loss, space.n_dims, n_generations, seed) for seed in range(n_starts))


def _front(space: UnitSpace, end: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Points of the Pareto front: the lowest of many weighted maxima of the objectives.

    Returns:
        Shape (n_points, n_objectives), all that the searches met and none dominates, thinned out.
    """
    fronts = []
    n_objectives = len(end)
    # The scale of each objective: from the best of random points to the reference point.
    probes = [space.evaluate(rng.random(space.n_dims)) for _ in range(_N_RANDOM)]
    low = np.min([outcome.values for outcome in probes if not outcome.violation], axis=0)
    for number in range(_N_WEIGHTS):
        weights = rng.dirichlet(np.ones(n_objectives))
        if n_objectives == 2:
            weights = np.array([number + 0.5, _N_WEIGHTS - number - 0.5]) / _N_WEIGHTS
        met: list[list[float]] = []

        def loss(
            point: FloatArray, weights: FloatArray = weights, met: list[list[float]] = met
        ) -> float:
            outcome = space.evaluate(point)
            if outcome.violation:
                return _INFEASIBLE + outcome.violation
            scaled = (np.array(outcome.values) - low) / (end - low)
            met.append(outcome.values)
            return float(np.max(weights * scaled) + 0.01 * np.sum(weights * scaled))

        _evolve(loss, space.n_dims, _FRONT_GENERATIONS, number)
        fronts.append(non_dominated(np.array(met), end))
    points = non_dominated(np.concatenate(fronts), end)
    if len(points) > _MAX_FRONT:
        points = points[rng.choice(len(points), _MAX_FRONT, replace=False)]
    return points


def _evolve(
    loss: Callable[[FloatArray], float], n_dims: int, n_generations: int, seed: int
) -> float:
    """The lowest loss of one run of differential evolution in the unit cube."""
    from scipy.optimize import differential_evolution

    found = differential_evolution(
        loss,
        [(0.0, 1.0)] * n_dims,
        maxiter=n_generations,
        # Not more a generation in many dimensions, most of which are idle at any point.
        popsize=max(4, _POPULATION * 6 // max(n_dims, 6)),
        tol=0.0,
        polish=False,
        rng=seed,
    )
    return float(found.fun)


def main(names: Sequence[str]) -> int:
    """Compute and store the scales of the named tasks, or of all.

    Returns:
        Exit status: 0 if all went well, 2 for a wrong argument.
    """
    tasks = {
        task.name: task
        for part in (conditional.PART, constraints.PART, objectives.PART)
        for task in part.tasks
    }
    published = constraints.PUBLISHED | objectives.PUBLISHED

    def scale_of(name: str) -> Scale:
        front = objectives.FRONTS.get(name)
        return compute(
            tasks[name],
            published.get(name),
            objectives.ENDS.get(name),
            None if front is None else front(),
        )

    return recompute(names, SCALES_FILE, list(tasks), scale_of, "TASK")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
