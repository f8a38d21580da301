"""Ask for a trial, evaluate it and tell the result, timed apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math
import time
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.study import Study
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import Trial
from optuna.trial import TrialState

from ..contenders.attributes import storable
from ..contenders.suggestions import REPLACED
from ..contenders.suggestions import replaced
from ..contenders.timing import TimedSampler
from ..errors import named
from ..problems.spec import Problem
from ..suite.space import Space


_MAX_ERROR_CHARS = 500


@dataclass(frozen=True)
class Evaluated:
    """A trial that has been asked for and evaluated, and is to be told.

    Attributes:
        number: Its number in the study.
        value: What the objective returned; None if it raised an error.
        error: The error, in words; empty if there was none.
        ask_seconds: What the sampler took to suggest.
        objective_seconds: What the objective took.
    """

    number: int
    value: Any
    error: str
    ask_seconds: float
    objective_seconds: float


def unpruned_study(
    directions: Sequence[StudyDirection], sampler: BaseSampler, storage: BaseStorage | None = None
) -> Study:
    """A study in memory whose trials all run to their end.

    Samplers are compared by such trials. Optuna's default pruner would have objectives prune by
    what the study has seen.

    Args:
        directions: Of the objective.
        sampler: Who suggests.
        storage: One in memory, if not Optuna's own.
    """
    return optuna.create_study(
        directions=directions,
        sampler=sampler,
        pruner=optuna.pruners.NopPruner(),
        storage=storage,
    )


def run_trial(study: Study, problem: Problem, space: Space) -> FrozenTrial:
    """Ask, evaluate and tell one trial.

    Args:
        study: A study in memory, so that the times are the sampler's and the objective's alone.
        problem: The objective.
        space: Its search space; empty if the objective makes its own suggestions, whose time is
            the sampler's, like the errors that it raises meanwhile, only if that is a
            :class:`~benchmarks.contenders.timing.TimedSampler`.

    Returns:
        The finished trial, with user attributes ``ask_seconds``, ``objective_seconds`` and
        ``tell_seconds``, and ``error`` if the objective raised one or returned no number.

    Raises:
        Exception: Whatever the sampler raises.
    """
    return tell(study, ask_and_evaluate(study, problem, space))


def ask_and_evaluate(study: Study, problem: Problem, space: Space) -> Evaluated:
    """The first two thirds of :func:`run_trial`, which tells what it raises."""
    begin = time.perf_counter()
    # Sampling is lazy in Optuna; it is done here if the space is known.
    trial = study.ask(fixed_distributions=space)
    asked = time.perf_counter()
    sampler = study.sampler
    before = sampler.seconds if isinstance(sampler, TimedSampler) else 0.0
    value, error = _evaluate(problem, trial)
    evaluated = time.perf_counter()
    if isinstance(sampler, TimedSampler) and sampler.raised is not None:
        # Whatever the objective has made of it.
        raise sampler.raised
    # Suggestions that the objective asked for.
    late = sampler.seconds - before if isinstance(sampler, TimedSampler) else 0.0
    if error:
        trial.set_user_attr("error", error[:_MAX_ERROR_CHARS])
    lost = replaced(trial)
    if lost:
        trial.set_user_attr(REPLACED, lost)
    return Evaluated(trial.number, value, error, asked - begin + late, evaluated - asked - late)


def _evaluate(problem: Problem, trial: Trial) -> tuple[Any, str]:
    try:
        return problem(trial), ""
    except Exception as error:
        return None, named(error)


def tell(study: Study, evaluated: Evaluated) -> FrozenTrial:
    """The last third of :func:`run_trial`."""
    # Optuna makes a FAIL of some values that are not one number, with a warning, and raises errors
    # at others; what it raises here is the sampler's.
    number = None if evaluated.error else one_number(evaluated.value)
    begin = time.perf_counter()
    if number is None:
        finished = study.tell(evaluated.number, state=TrialState.FAIL)
    else:
        finished = study.tell(evaluated.number, number)
    told = time.perf_counter()
    # A finished trial can no longer be changed, but this is a copy on its way to the storage.
    finished.user_attrs = storable(finished.user_attrs)
    if finished.state is TrialState.FAIL and not evaluated.error:
        returned = f"the objective returned {_shown(evaluated.value)}, which is not one number"
        finished.user_attrs["error"] = returned[:_MAX_ERROR_CHARS]
    finished.user_attrs.update(
        ask_seconds=evaluated.ask_seconds,
        objective_seconds=evaluated.objective_seconds,
        tell_seconds=told - begin,
    )
    return finished


def one_number(value: Any) -> float | None:
    """What an objective returned, as the number that it is; None if it is not one.

    Args:
        value: Anything. A sequence of one number counts as that, like in Optuna.
    """
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) and len(value) == 1:
        value = value[0]
    if isinstance(value, (str, bytes, bytearray)):
        # Python would read "1" as a number, which is more likely to be a mistake than one.
        return None
    try:
        number = float(value)
    except Exception:  # Whatever a class of the user's raises; an int may be too large.
        return None
    return None if math.isnan(number) else number


def _shown(value: Any) -> str:
    try:
        return repr(value)
    except Exception:  # Of a class of the user's, or an int of too many digits.
        return f"something of type {type(value).__name__}"
