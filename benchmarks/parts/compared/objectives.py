"""The part that models several objectives and looks for what dominates the most."""

from __future__ import annotations

from collections.abc import Callable

from ...arrays import FloatArray
from ..entrants import botorch
from ..entrants import gp
from ..entrants import nsga2
from ..entrants import ours
from ..entrants import random_search
from ..entrants import tpe
from ..problems import fronts
from ..scales import scaled_task
from ..task import Objective
from ..task import Part
from ..task import Task


# Reference points of the hypervolumes: BoTorch's where it has the problem, else beyond the worst
# values on the front, so far that some random points dominate them.
ENDS: dict[str, tuple[float, ...]] = {
    "branin_currin": (18.0, 6.0),
    "accuracy_cost": (1.2, 3.5),
    "zdt1": (1.1, 6.0),
    "zdt2": (1.1, 6.0),
    "zdt3": (1.1, 6.0),
    "dtlz2": (1.1, 1.1, 1.1),
    "diverging_cost_latency": (0.7, 2.2, 300.0),
    "rocket_injector": (1.1, 1.2, 1.2),
    "crash_safety": (1864.72022, 11.81993945, 0.2903999384),
    "beam_cost_deflection": (40.0, 0.015),
    "accuracy_cost_memory": (1.2, 3.5, 6.5),
}
# Largest hypervolumes up to these points in BoTorch's test problems.
PUBLISHED: dict[str, float] = {
    "branin_currin": 59.36011874867746,
    "crash_safety": 246.81607081187002,
}
# Pareto fronts that are known; those of others are searched for.
FRONTS: dict[str, Callable[[], FloatArray]] = {
    "zdt1": fronts.zdt1_front,
    "zdt2": fronts.zdt2_front,
    "zdt3": fronts.zdt3_front,
    "dtlz2": fronts.dtlz2_front,
}


def _task(
    name: str,
    objective: Objective,
    n_trials: int = 40,
    *,
    is_dev: bool = False,
    constrained: bool = False,
) -> Task:
    end = ENDS.get(name)
    return scaled_task(
        name,
        objective,
        n_trials,
        is_dev=is_dev,
        offers=end is not None,
        constrained=constrained,
        end=end,
    )


PART = Part(
    name="objectives",
    description="modelling several objectives; what counts is the hypervolume",
    unit="trials",
    tasks=(
        _task("branin_currin", fronts.branin_currin, is_dev=True),
        _task("accuracy_cost", fronts.accuracy_cost, is_dev=True),
        _task("zdt1", fronts.zdt1, is_dev=True),
        _task("plain_levy", fronts.plain_levy, is_dev=True),
        _task("dtlz2", fronts.dtlz2, is_dev=True),
        _task("diverging_cost_latency", fronts.diverging_cost_latency, is_dev=True),
        _task("zdt2", fronts.zdt2),
        _task("zdt3", fronts.zdt3),
        _task("crash_safety", fronts.crash_safety),
        _task("rocket_injector", fronts.rocket_injector),
        _task("beam_cost_deflection", fronts.beam_cost_deflection, 60, constrained=True),
        _task("accuracy_cost_memory", fronts.accuracy_cost_memory),
    ),
    entrants=(
        ours("on", {}),
        ours("off", {"models_objectives": False}),
        tpe(),
        gp(),
        botorch(),
        # The default population of 50 would be random search to the end of the budget.
        nsga2(population_size=10),
        random_search(),
    ),
)
