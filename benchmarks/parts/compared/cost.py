"""What it is worth to know that trials differ in cost: progress by simulated seconds."""

from __future__ import annotations

from ..entrants import gp
from ..entrants import ours
from ..entrants import random_search
from ..entrants import tpe
from ..incumbent import progress_by
from ..incumbent import seconds_taken
from ..problems.by_name import PRICED
from ..task import Part
from ..task import Task


# A study compares up to the seconds in which random search makes 30 trials. Cheaper trials than
# those of random search are more of them.
N_TRIALS = 60
AT_TRIALS = (5, 10, 20, 30)
# Of a trial of random search; `priced.mean_seconds` computes them.
MEAN_SECONDS = {
    "perceiver_small_priced": 1.35,
    "vehicle_priced": 57.1,
    "ladder_priced": 7.32,
    "griewank_flat_rate": 1.0,
    "perceiver_full_priced": 3.34,
    "naval_priced": 80.6,
    "alpine_dear": 4.58,
    "zakharov_cheap": 5.42,
    "hartmann_unrelated": 4.97,
    "dixon_price_flat_rate": 1.0,
}


def _task(problem: str, description: str, *, is_dev: bool = False, offers: bool = True) -> Task:
    return Task(
        name=f"cost_{problem}",
        description=description,
        is_dev=is_dev,
        n_trials=N_TRIALS,
        checkpoints=tuple(n_trials * MEAN_SECONDS[problem] for n_trials in AT_TRIALS),
        objective=PRICED[problem],
        progress=progress_by(problem, seconds_taken),
        offers=offers,
    )


_DEV = (
    _task("perceiver_small_priced", "small Perceivers, measured: 0.35 to 3 s", is_dev=True),
    _task("vehicle_priced", "HPOBench-NN on vehicle, measured: 0.1 s to an hour", is_dev=True),
    _task(
        "ladder_priced", "imitation of a classifier: depth times width, 0.25 to 24 s", is_dev=True
    ),
    _task("griewank_flat_rate", "Griewank, a second a trial", is_dev=True, offers=False),
)
_REPORT = (
    _task("perceiver_full_priced", "large Perceivers, measured: 0.9 to 9.5 s"),
    _task("naval_priced", "HPOLib on naval propulsion, measured: 15 to 600 s"),
    _task("alpine_dear", "Alpine, dearest at the best point: 1 to 20 s"),
    _task("zakharov_cheap", "Zakharov, cheapest at the best point: 1 to 20 s"),
    _task("hartmann_unrelated", "Hartmann, cost along a direction of its own: 1 to 20 s"),
    _task("dixon_price_flat_rate", "Dixon-Price, a second a trial", offers=False),
)

PART = Part(
    name="cost",
    description="Weighing what a trial may gain against the seconds that it will take",
    unit="seconds",
    tasks=(*_DEV, *_REPORT),
    entrants=(
        ours("on", {}, cost_aware="seconds"),
        ours("off", {}),
        tpe(),
        gp(),
        random_search(),
    ),
)
