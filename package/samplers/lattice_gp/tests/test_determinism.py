"""A suggestion follows from the seed and the trials, and from nothing else."""

from __future__ import annotations

from collections.abc import Callable
import copy
import math
import os
from pathlib import Path
import pickle
from typing import Any

import numpy as np
import optuna
import optunahub


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
REGISTRY_ROOT = str(Path(__file__).parents[3])
lattice_gp = optunahub.load_local_module("samplers/lattice_gp", registry_root=REGISTRY_ROOT)
LatticeGPSampler = lattice_gp.LatticeGPSampler
Objective = Callable[[optuna.Trial], float]


def test_same_seed_same_study_and_another_seed_another(perceiver_like: Objective) -> None:
    def params(seed: int | None) -> list[dict[str, Any]]:
        study = optuna.create_study(sampler=LatticeGPSampler(seed=seed))
        study.optimize(perceiver_like, n_trials=12)
        return [trial.params for trial in study.trials]

    assert params(1) == params(1)
    assert params(1) != params(2)
    assert params(None) != params(None)


def test_suggestion_does_not_depend_on_the_sampler_object(perceiver_like: Objective) -> None:
    """A new sampler at every trial proposes what one sampler proposes."""
    one = optuna.create_study(sampler=LatticeGPSampler(seed=5))
    one.optimize(perceiver_like, n_trials=14)
    many = optuna.create_study()
    for _ in range(14):
        many.sampler = LatticeGPSampler(seed=5)
        many.optimize(perceiver_like, n_trials=1)
    assert [t.params for t in one.trials] == [t.params for t in many.trials]


def test_sampler_can_be_copied_and_pickled(perceiver_like: Objective) -> None:
    # Within one process: a module loaded by OptunaHub cannot be imported by name in another.
    for copied in (
        copy.deepcopy(LatticeGPSampler(seed=5)),
        pickle.loads(pickle.dumps(LatticeGPSampler(seed=5))),
    ):
        studies = [optuna.create_study(sampler=s) for s in (copied, LatticeGPSampler(seed=5))]
        for study in studies:
            study.optimize(perceiver_like, n_trials=8)
        assert [t.params for t in studies[0].trials] == [t.params for t in studies[1].trials]


def test_what_the_user_wants_of_floating_point_changes_nothing(
    warnings_logged: Callable[[], list[str]],
) -> None:
    """As with ``np.seterr(all="raise")`` in the hunt for NaN: an underflow is no error of ours."""

    def front(trial: optuna.Trial) -> tuple[float, float]:
        x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
        return x, (1.0 + y) * (1.0 - math.sqrt(x))

    params = []
    for reaction in ("raise", "warn"):
        with np.errstate(all=reaction):
            sampler = LatticeGPSampler(seed=0)
            study = optuna.create_study(directions=["minimize"] * 2, sampler=sampler)
            study.optimize(front, n_trials=12)
            params.append([trial.params for trial in study.trials])
            params[-1].extend(sampler.explain(study).suggest(2))
    assert params[0] == params[1]
    assert warnings_logged() == []


def test_caches_change_nothing(perceiver_like: Objective) -> None:
    def suggestions(renew: bool) -> list[dict[str, object]]:
        study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
        for _ in range(30):
            if renew:
                study.sampler = LatticeGPSampler(seed=0)
            study.optimize(perceiver_like, n_trials=1)
        return [trial.params for trial in study.trials]

    assert suggestions(renew=True) == suggestions(renew=False)


def test_sampler_serves_several_studies_in_turn(
    perceiver_like: Objective, small_lattice: Objective
) -> None:
    def suggestions(samplers: list[Any]) -> list[dict[str, object]]:
        studies = [optuna.create_study(sampler=sampler) for sampler in samplers]
        for _ in range(12):
            studies[0].optimize(perceiver_like, n_trials=1)
            studies[1].optimize(small_lattice, n_trials=1)
        return [trial.params for study in studies for trial in study.trials]

    shared = LatticeGPSampler(seed=0)
    own = [LatticeGPSampler(seed=0), LatticeGPSampler(seed=0)]
    assert suggestions([shared, shared]) == suggestions(own)


def test_two_studies_may_share_a_sampler(perceiver_like: Objective) -> None:
    sampler = LatticeGPSampler(seed=0)
    first = optuna.create_study(sampler=sampler)
    second = optuna.create_study(sampler=sampler)
    first.optimize(perceiver_like, n_trials=6)
    second.optimize(lambda t: t.suggest_float("z", 0, 1), n_trials=6)
    assert all(set(t.params) == {"z"} for t in second.trials)
