"""What is written to a trial for whoever reads the study later: another worker, a resumed one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from .basics.arrays import FloatArray
from .basics.say_once import SayOnce
from .basics.storage_access import is_in_optimize_loop
from .basics.storage_access import is_keyboard_interrupt
from .basics.storage_access import set_trial_attribute
from .search.chooser import Suggestion
from .trials import worker
from .trials.constraint_source import constraints_of
from .trials.constraint_source import ConstraintsFunc
from .trials.constraint_source import finished
from .trials.records import CONSTRAINTS_KEY
from .trials.records import FAILED_KEY
from .trials.records import PREDICTION_KEY
from .trials.records import WORKER_KEY


def note(study: Study, trial: FrozenTrial, key: str, value: Any, say: SayOnce) -> None:
    """Store an attribute of a trial, or say that it could not be, and go on without."""
    try:
        set_trial_attribute(study, trial, key, value)
    except Exception as error:
        # Hours of trials are worth more. What Optuna itself cannot store ends the study anyway.
        say(
            f"A note on a trial could not be stored ({type(error).__name__}: {error}): other "
            "workers, and whoever goes on with the study, do without wherever this is so.",
            topic="note",
        )


def note_start(study: Study, trial: FrozenTrial, say: SayOnce) -> None:
    """Note which process evaluates a trial, where the one that asks is the one."""
    name = worker.current_worker() if is_in_optimize_loop(study) else None
    # Also where it is not known, if the trial repeats a dead process's one and came with its
    # attributes.
    if name is not None or WORKER_KEY in trial.system_attrs:
        note(study, trial, WORKER_KEY, name, say)
    if trial.system_attrs.get(FAILED_KEY):
        note(study, trial, FAILED_KEY, False, say)
    if PREDICTION_KEY in trial.system_attrs:
        # Of the trial that it repeats, which may not have chosen all of its parameters.
        note(study, trial, PREDICTION_KEY, None, say)


def note_prediction(
    study: Study, trial: FrozenTrial, suggestion: Suggestion, point: FloatArray, say: SayOnce
) -> None:
    """Note what is expected of a trial at a point (d,)."""
    try:
        expectation = suggestion.expect(point).to_json()
    except Exception as error:
        # It explains a suggestion; it is none.
        say(f"No prediction is possible ({type(error).__name__}: {error}).")
        return
    note(study, trial, PREDICTION_KEY, expectation, say)


def note_failure(study: Study, trial: FrozenTrial, say: SayOnce) -> None:
    """Note that a trial failed in earnest: not with its process, nor by Ctrl-C."""
    name = trial.system_attrs.get(WORKER_KEY)
    if name is not None and not worker.is_gone(name) and not is_keyboard_interrupt():
        note(study, trial, FAILED_KEY, True, say)


def note_constraints(
    study: Study,
    trial: FrozenTrial,
    state: TrialState,
    values: Sequence[float] | None,
    constraints_func: ConstraintsFunc,
    say: SayOnce,
) -> None:
    """Note the constraints of a trial that is about to be finished with given state and values."""
    if state not in (TrialState.COMPLETE, TrialState.PRUNED):
        return
    try:
        constraints = constraints_of(finished(trial, state, values), constraints_func)
    except Exception as error:
        say(
            f"constraints_func failed ({type(error).__name__}: {error}): nothing is known of the "
            "constraints of trials for which it does.",
            topic="constraints_func",
        )
        return
    note(study, trial, CONSTRAINTS_KEY, constraints, say)
