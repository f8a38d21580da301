"""Ask for a trial, evaluate it and tell the result, timed apart."""

from __future__ import annotations

from dataclasses import dataclass
import time
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial
from optuna.trial import Trial
from optuna.trial import TrialState

from ..contenders.attributes import storable
from ..contenders.contender import Space
from ..contenders.suggestions import REPLACED
from ..contenders.suggestions import replaced
from ..contenders.timing import TimedSampler
from ..problems.registry import Problem


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


def run_trial(study: Study, problem: Problem, space: Space) -> FrozenTrial:
    """Ask, evaluate and tell one trial.

    Args:
        study: A study in memory, so that the times are the sampler's and the objective's alone.
        problem: The objective.
        space: Its search space; empty if the objective makes its own suggestions, whose time is
            the sampler's only if that is a :class:`~benchmarks.contenders.timing.TimedSampler`.

    Returns:
        The finished trial, with user attributes ``ask_seconds``, ``objective_seconds`` and
        ``tell_seconds``, and ``error`` if the objective raised one or returned no number.
    """
    return tell(study, ask_and_evaluate(study, problem, space))


def ask_and_evaluate(study: Study, problem: Problem, space: Space) -> Evaluated:
    """The first two thirds of :func:`run_trial`."""
    begin = time.perf_counter()
    # Sampling is lazy in Optuna; it is done here if the space is known.
    trial = study.ask(fixed_distributions=space)
    asked = time.perf_counter()
    sampler = study.sampler
    before = sampler.seconds if isinstance(sampler, TimedSampler) else 0.0
    value, error = _evaluate(problem, trial)
    evaluated = time.perf_counter()
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
        return None, f"{type(error).__name__}: {error}"


def tell(study: Study, evaluated: Evaluated) -> FrozenTrial:
    """The last third of :func:`run_trial`."""
    begin = time.perf_counter()
    if evaluated.error:
        finished = study.tell(evaluated.number, state=TrialState.FAIL)
    else:
        # Optuna makes a FAIL of what is not a number.
        finished = study.tell(evaluated.number, evaluated.value)
    told = time.perf_counter()
    # A finished trial can no longer be changed, but this is a copy on its way to the storage.
    finished.user_attrs = storable(finished.user_attrs)
    if finished.state is TrialState.FAIL and not evaluated.error:
        returned = f"the objective returned {evaluated.value!r}, which is not one number"
        finished.user_attrs["error"] = returned[:_MAX_ERROR_CHARS]
    finished.user_attrs.update(
        ask_seconds=evaluated.ask_seconds,
        objective_seconds=evaluated.objective_seconds,
        tell_seconds=told - begin,
    )
    return finished
