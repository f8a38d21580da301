"""Run one study: ask, evaluate and tell, timed apart, trials stored as they finish."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
import math

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from ..contenders.contender import Contender
from ..contenders.contender import Setup
from ..contenders.registry import get_contender
from ..problems.registry import get_problem
from ..problems.spec import Problem
from ..storage import opening
from ..storage import store
from ..storage.study_spec import StudySpec
from ..storage.writer import Writer
from . import memory
from .one_trial import run_trial
from .reevaluation import reevaluate
from .restoring import Plan
from .simulation import simulate
from .start_points import draw_start_points


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
        Superseded: If another process has taken over the study.
        StorageLost: If the storage stays out of reach.
        Exception: Whatever the sampler raises. An objective that raises costs one trial only.
    """
    memory.reset_peak()
    contender = contender or get_contender(spec.sampler_call or spec.sampler, name=spec.sampler)

    def build(seed: int) -> Problem:
        its_spec = get_problem(spec.problem_call or spec.problem, name=spec.problem)
        return its_spec.build(its_spec.chosen(spec.options), seed)

    its_problem = problem or build(spec.seed)
    stored = store.load_study(opening.connect(spec.storage), spec.study_name)
    # Before its trials are read: from now on nobody else can add any.
    claim = store.claim_study(stored)
    finished = store.finished_trials(stored)
    if len(finished) < spec.n_trials and store.get_attr(stored, store.REEVALUATED, []):
        # Of an incumbent that may not remain one.
        store.set_attr(stored, store.REEVALUATED, [])
    report(len(finished))
    writer = Writer(stored, len(finished), claim)
    on_writer(writer)
    space = its_problem.search_space
    plan = Plan(
        contender,
        Setup(spec.sampler_seed, space, spec.n_trials, spec.registry),
        stored.directions,
        draw_start_points(space, spec.sampler_seed, min(spec.start_points, spec.n_trials)),
    )
    try:
        for trial in _remaining(plan, its_problem, tuple(finished), spec):
            writer.add(trial)
            finished.append(trial)
            report(len(finished))
    finally:
        writer.flush()
    peak_mib = max(memory.peak_mib(), store.get_attr(stored, store.PEAK_MEMORY, 0.0))
    store.set_attr(stored, store.PEAK_MEMORY, peak_mib)
    direction = stored.directions[0]
    values: list[float] = store.get_attr(stored, store.REEVALUATED, [])
    if len(values) < spec.reevaluations:
        repeats = range(len(values), spec.reevaluations)
        values = values + reevaluate(finished, direction, build, spec.seed, repeats)
        store.set_attr(stored, store.REEVALUATED, values)
    return _outcome(finished, direction)


def _remaining(
    plan: Plan, problem: Problem, finished: Sequence[FrozenTrial], spec: StudySpec
) -> Iterator[FrozenTrial]:
    """Run what is missing of a study, trial by trial."""
    if len(finished) >= spec.n_trials:
        return
    if spec.parallel > 1:
        yield from simulate(plan, problem, finished, spec.n_trials, spec.parallel)
        return
    study = plan.restore(finished)
    for _ in range(len(finished), spec.n_trials):
        yield run_trial(study, problem, plan.setup.space)


def _outcome(trials: Sequence[FrozenTrial], direction: StudyDirection) -> Outcome:
    values = [trial.value for trial in trials if trial.state is TrialState.COMPLETE]
    best = max if direction is StudyDirection.MAXIMIZE else min
    return Outcome(
        len(trials),
        len(trials) - len(values),
        best((value for value in values if value is not None), default=math.nan),
    )
