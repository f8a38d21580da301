"""What it is worth to learn from pruned trials: objectives that tell curves, and a pruner."""

from __future__ import annotations

from collections.abc import Callable

from optuna.pruners import BasePruner
from optuna.pruners import HyperbandPruner
from optuna.pruners import MedianPruner
from optuna.pruners import SuccessiveHalvingPruner

from ..entrants import gp
from ..entrants import ours
from ..entrants import random_search
from ..entrants import tpe
from ..incumbent import progress_by
from ..incumbent import steps_trained
from ..problems.by_name import CURVES
from ..task import Part
from ..task import Task


# Enough that the last checkpoint is reached by whoever prunes most trials early.
N_TRIALS = 70


def _median() -> BasePruner:
    return MedianPruner(n_startup_trials=5, n_warmup_steps=1)


def _halving() -> BasePruner:
    return SuccessiveHalvingPruner(min_resource=3, reduction_factor=3)


def _hyperband(n_steps: int) -> Callable[[], BasePruner]:
    return lambda: HyperbandPruner(min_resource=1, max_resource=n_steps, reduction_factor=3)


def _task(
    problem: str,
    description: str,
    n_steps: int,
    pruner: Callable[[], BasePruner] | None,
    *,
    is_dev: bool = False,
    offers: bool = True,
) -> Task:
    # In trainings to the end. With a pruner, 70 trials of random search make some 20 of them.
    checkpoints = tuple(float(n_steps * n_trials) for n_trials in (3, 6, 10, 16))
    suffix = "" if pruner is not None else "_no_pruner"
    return Task(
        name=f"pruning_{problem}{suffix}",
        description=description,
        is_dev=is_dev,
        n_trials=N_TRIALS,
        checkpoints=checkpoints,
        objective=CURVES[problem],
        progress=progress_by(problem, steps_trained),
        offers=offers,
        pruner=pruner,
    )


_DEV = (
    _task(
        "ladder_curves",
        "imitation of a classifier, curves that cross, median pruner",
        27,
        _median,
        is_dev=True,
    ),
    _task(
        "levy_curves",
        "Levy at the end of curves of any pace, successive halving",
        27,
        _halving,
        is_dev=True,
    ),
    _task(
        "perceiver_small_curves",
        "measured loss of small Perceivers so far, median pruner",
        8,
        _median,
        is_dev=True,
    ),
    _task(
        "digits_curves",
        "MLP trained live on digits, Hyperband",
        16,
        _hyperband(16),
        is_dev=True,
    ),
    _task(
        "ladder_flat",
        "imitation of a classifier, noise before the last step, median pruner",
        27,
        _median,
        is_dev=True,
        offers=False,
    ),
)
_REPORT = (
    _task(
        "quadratic_curves", "exact risk of SGD on a noisy quadratic, Hyperband", 27, _hyperband(27)
    ),
    _task(
        "alpine_curves",
        "Alpine at the end of curves of any pace, successive halving",
        27,
        _halving,
    ),
    _task(
        "perceiver_full_curves",
        "measured loss of large Perceivers so far, median pruner",
        8,
        _median,
    ),
    _task(
        "cancer_curves", "logistic SGD trained live on breast cancer, median pruner", 27, _median
    ),
    _task(
        "quadratic_curves",
        "exact risk of SGD on a noisy quadratic, no pruner",
        27,
        None,
        offers=False,
    ),
    _task(
        "alpine_flat",
        "Alpine, noise before the last step, successive halving",
        27,
        _halving,
        offers=False,
    ),
)

PART = Part(
    name="pruning",
    description="Learning from trials that were pruned, by their last reported value",
    unit="steps",
    tasks=(*_DEV, *_REPORT),
    entrants=(
        ours("on", {}),
        ours("off", {"uses_pruned": False}),
        tpe(),
        gp(),
        random_search(),
    ),
)
