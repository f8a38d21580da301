"""Run one study: ask, evaluate and tell, timed apart, trials stored as they finish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace
import math
import time
from typing import Any
import warnings

import numpy as np
import optuna
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial
from optuna.trial import Trial
from optuna.trial import TrialState

from . import store
from .contender import Contender
from .contender import Setup
from .contender import Space
from .contenders import get_contender
from .problems import get_problem
from .problems import Problem
from .store import StudySpec
from .store import Writer


_MAX_ERROR_CHARS = 500


@dataclass(frozen=True)
class Outcome:
    """How a study ended.

    Attributes:
        n_trials: Finished trials in the storage.
        n_failed: Those of them without a value.
        best: Best value; NaN if there is none.
    """

    n_trials: int
    n_failed: int
    best: float


def run_study(
    spec: StudySpec,
    report: Callable[[int], None] = lambda n_finished: None,
    *,
    contender: Contender | None = None,
    problem: Problem | None = None,
    on_writer: Callable[[Writer], None] = lambda writer: None,
) -> Outcome:
    """Run a study to its end, from wherever it stands.

    Args:
        spec: Which study; it must be in the storage already.
        report: Called with the number of finished trials, at the start and after each.
        contender: The sampler, if not the one that ``spec`` names (for tests).
        problem: The problem, likewise.
        on_writer: Called once with what stores the trials: who ends this process early can have it
            store those that wait.

    Raises:
        Exception: Whatever the sampler raises. An objective that raises costs one trial only.
    """
    contender = contender or get_contender(spec.sampler)
    problem = problem or get_problem(spec.problem).build(spec.options, spec.seed)
    stored = store.load_study(store.connect(spec.storage), spec.study_name)
    space = problem.search_space
    setup = Setup(spec.seed, space, spec.n_trials, spec.registry)
    study = restore(store.finished_trials(stored), contender, setup, stored)
    n_finished = len(study.get_trials(deepcopy=False))
    report(n_finished)
    writer = Writer(stored, n_finished)
    on_writer(writer)
    try:
        for number in range(n_finished, spec.n_trials):
            writer.add(run_trial(study, problem, space))
            report(number + 1)
    finally:
        writer.flush()
    trials = study.get_trials(deepcopy=False)
    values = [trial.value for trial in trials if trial.state is TrialState.COMPLETE]
    best = max if study.directions[0] is optuna.study.StudyDirection.MAXIMIZE else min
    return Outcome(
        len(trials),
        len(trials) - len(values),
        best((v for v in values if v is not None), default=math.nan),
    )


def run_trial(study: Study, problem: Problem, space: Space) -> FrozenTrial:
    """Ask, evaluate and tell one trial.

    Args:
        study: A study in memory, so that the times are the sampler's and the objective's alone.
        problem: The objective.
        space: Its search space.

    Returns:
        The finished trial, with user attributes ``ask_seconds`` (which includes the sampling, lazy
        in Optuna until the first suggestion), ``objective_seconds`` and ``tell_seconds``, and
        ``error`` if the objective raised one.
    """
    begin = time.perf_counter()
    trial = study.ask(fixed_distributions=space)
    asked = time.perf_counter()
    value, error = _evaluate(problem, trial)
    evaluated = time.perf_counter()
    if error is not None:
        trial.set_user_attr("error", error[:_MAX_ERROR_CHARS])
    telling = time.perf_counter()
    if error is not None:
        finished = study.tell(trial, state=TrialState.FAIL)
    else:
        # Optuna makes a FAIL of what is not a number.
        finished = study.tell(trial, value)
    told = time.perf_counter()
    # A finished trial can no longer be changed, but this is a copy on its way to the storage.
    finished.user_attrs.update(
        ask_seconds=asked - begin,
        objective_seconds=evaluated - asked,
        tell_seconds=told - telling,
    )
    return finished


def _evaluate(problem: Problem, trial: Trial) -> tuple[Any, str | None]:
    try:
        return problem(trial), None
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"


def restore(finished: list[FrozenTrial], contender: Contender, setup: Setup, like: Study) -> Study:
    """Build the study in memory that an undisturbed run would have at this point.

    A sampler that keeps a random state would begin it anew after a resume, and propose its first
    points a second time. So its suggestions are replayed: it is asked for every stored trial
    again, and told the stored value. Where it does not reproduce itself (it looks at the clock,
    say), the stored trials are taken as they are and it goes on with another seed.

    Args:
        finished: The stored trials, by number.
        contender: The sampler to build.
        setup: What to build it for.
        like: Study that has the direction.
    """
    if contender.stateless or not finished:
        return _in_memory(like, contender.build(setup), finished)
    study = _in_memory(like, contender.build(setup), [])
    for trial in finished:
        replayed = study.ask(fixed_distributions=setup.space)
        if replayed.params != trial.params:
            return _go_on(finished, contender, setup, like)
        for key, attr in trial.user_attrs.items():
            replayed.set_user_attr(key, attr)
        study.tell(replayed, trial.values, trial.state)
    return study


def _go_on(finished: list[FrozenTrial], contender: Contender, setup: Setup, like: Study) -> Study:
    sequence = np.random.SeedSequence([setup.seed, len(finished)])
    # Some samplers take no more than 31 bits.
    other_seed = int(sequence.generate_state(1)[0] >> 1)
    sampler = contender.build(replace(setup, seed=other_seed))
    study = _in_memory(like, sampler, finished)
    if contender.learns_when_told:
        for trial in study.get_trials(deepcopy=False):
            sampler.after_trial(study, trial, trial.state, trial.values)
    return study


def _in_memory(like: Study, sampler: BaseSampler, trials: list[FrozenTrial]) -> Study:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(directions=like.directions, sampler=sampler)
    study.add_trials(trials)
    return study
