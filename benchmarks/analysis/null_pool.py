"""Studies of a real sampler for comparisons with itself, of which only the curves are kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from ..arrays import FloatArray
from ..contenders.contender import Setup
from ..contenders.probe import cannot_work
from ..contenders.registry import get_contender
from ..contenders.seeding import OWN
from ..contenders.seeding import sampler_seed
from ..errors import UsageError
from ..problems.registry import build_problem
from ..problems.registry import get_problem
from ..problems.spec import Options
from ..study.one_trial import run_trial
from ..study.one_trial import unpruned_study
from .curves.curve_set import Curve
from .curves.curve_set import CurveSet
from .curves.curve_set import Facts
from .curves.curve_set import Key
from .curves.regret import find_scales
from .curves.regret import regret_curve


def run_pool(
    sampler: str, problems: Sequence[str], n_seeds: int, n_trials: int, seeding: str = OWN
) -> CurveSet:
    """Run studies in this process, and keep nothing of them but their curves.

    Args:
        sampler: Name of the contender.
        problems: Names of the problems.
        n_seeds: Seeds from 0.
        n_trials: Trials a study.
        seeding: How the sampler's seeds come from these; see :mod:`benchmarks.contenders.seeding`.

    Raises:
        UsageError: If there is no such sampler or problem, or it cannot run here.
    """
    contender = get_contender(sampler)
    if reason := contender.missing() or contender.cannot_load():
        raise UsageError(f"--sampler: {contender.name} {reason}")
    options = Options()
    curves: dict[Key, Curve] = {}
    facts = Facts()
    specs = {name: get_problem(name) for name in problems}
    for name, spec in specs.items():
        for seed in range(n_seeds):
            problem = build_problem(spec, options, seed)
            space = problem.search_space
            setup = Setup(sampler_seed(name, seed, seeding), space, n_trials)
            if seed == 0 and (reason := cannot_work(contender, setup, problem.directions)):
                raise UsageError(f"--sampler: {contender.name} on {name}: {reason}")
            study = unpruned_study(problem.directions, contender.build(setup))
            trials = [run_trial(study, problem, space) for _ in range(n_trials)]
            curves[name, sampler, seed] = _curve(trials, study.direction)
            facts.n_params[name] = len(space)
    return CurveSet(curves, facts)


def _curve(trials: Sequence[FrozenTrial], direction: StudyDirection) -> Curve:
    """The best value so far, without noise where the problem tells it."""
    sign = -1 if direction is StudyDirection.MAXIMIZE else 1
    values = [
        sign * float(trial.user_attrs.get("expected_loss", trial.values[0]))
        if trial.values is not None
        else np.inf
        for trial in trials
    ]
    best = np.minimum.accumulate(values)
    changes = np.flatnonzero(np.diff(best, prepend=np.inf) < 0)
    return Curve(changes + 1, best[changes], len(trials))


def final_regrets(pool: CurveSet, n_trials: int) -> FloatArray:
    """Regrets after so many trials, shape (n_problems, n_seeds)."""
    scales = find_scales(pool)
    by_problem: dict[str, list[float]] = {}
    for key in pool.curves:
        regret = regret_curve(pool, key, scales[key[0]], n_trials)[-1]
        by_problem.setdefault(key[0], []).append(float(regret))
    return np.array(list(by_problem.values()))
