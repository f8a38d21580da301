"""How far a study of one objective was after each finished trial: the regret of its incumbent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from optuna.study import Study
from optuna.trial import FrozenTrial

from ..analysis.numerics.losses import incumbents
from ..analysis.numerics.losses import normalised_regret
from ..suite.references import Reference
from . import references
from .progress import is_feasible
from .simulate import finished_trials
from .task import Progress


Spent = Callable[[FrozenTrial], float]


def one_trial(trial: FrozenTrial) -> float:
    """What a trial spends where trials are counted."""
    return 1.0


def steps_trained(trial: FrozenTrial) -> float:
    """Steps that a trial was trained, if it reported after each of them, counted from 1."""
    return float(trial.last_step or 0)


def seconds_taken(trial: FrozenTrial) -> float:
    """Simulated seconds that a trial cost, which its objective set."""
    return float(trial.user_attrs.get("seconds", 0.0))


def progress_by(problem: str, spent: Spent = one_trial) -> Callable[[Study], Progress]:
    """What :attr:`Task.progress` needs, for a problem with a reference.

    Args:
        problem: Name of the problem, among the suites' references or those of the parts.
        spent: What a finished trial spent.
    """

    def measure(study: Study) -> Progress:
        return progress_of(study, references.load()[problem], spent)

    return measure


def progress_of(study: Study, reference: Reference, spent: Spent = one_trial) -> Progress:
    """Regret of the incumbent after each finished trial, in the order in which they finished.

    The incumbent is the feasible trial with the best value that the study was told. It counts with
    its value without noise: no credit for luck. Noise may make a study swap its incumbent for a
    worse one; the regret is then still that of the better one, so that it never ascends. Trials
    that are pruned, failed or not feasible spend and have no value.

    Args:
        study: One objective, minimised, with a finished trial or more. The true value of a trial
            is its user attribute ``expected_loss``, or its value where there is none.
        reference: Between which values the regret is measured.
        spent: What a finished trial spent.
    """
    trials = finished_trials(study)
    told = np.array([_value(trial) for trial in trials])
    true = np.array([trial.user_attrs.get("expected_loss", v) for trial, v in zip(trials, told)])
    holders = incumbents(told)
    values = np.where(holders >= 0, true[holders], np.nan)
    regret = normalised_regret(values, reference.best_known, reference.random_median)
    spent_so_far = np.cumsum([spent(trial) for trial in trials])
    return Progress(spent_so_far, np.minimum.accumulate(regret))


def _value(trial: FrozenTrial) -> float:
    """The value a study was told; NaN for a trial that does not count."""
    return trial.value if is_feasible(trial) and trial.value is not None else np.nan
