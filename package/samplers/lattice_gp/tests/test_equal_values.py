"""Values that are equal, extreme or infinite, and what a model is made of."""

from __future__ import annotations

from collections.abc import Callable
import math
import os
from pathlib import Path

import optuna
from optuna.trial import TrialState
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
REGISTRY_ROOT = str(Path(__file__).parents[3])
lattice_gp = optunahub.load_local_module("samplers/lattice_gp", registry_root=REGISTRY_ROOT)
LatticeGPSampler = lattice_gp.LatticeGPSampler
Objective = Callable[[optuna.Trial], float]
Space = Callable[[optuna.Trial], tuple[int, int, int, float]]


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e300, -1e300, 0.0])
def test_extreme_and_constant_values(
    perceiver_space: Space,
    perceiver_like: Objective,
    value: float,
    warnings_logged: Callable[[], list[str]],
) -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    for some in (value, perceiver_like, value):
        objective = some if callable(some) else lambda t, v=some: (perceiver_space(t), v)[1]
        study.optimize(objective, n_trials=6)
    assert not warnings_logged()
    assert all(t.state == TrialState.COMPLETE for t in study.trials)


def test_while_all_results_are_equal_the_whole_space_is_searched() -> None:
    """A model of equal values would go to the corners of the space, then its edges and faces."""

    def reward(trial: optuna.Trial) -> float:
        xs = [trial.suggest_float(f"x{i}", 0.0, 1.0) for i in range(4)]
        return float(max(abs(x - 0.74) for x in xs) < 0.23)  # beside the centre, 4% of the space

    def stop_when_found(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        if trial.value == 1.0:
            study.stop()

    for seed in range(8):
        study = optuna.create_study(direction="maximize", sampler=LatticeGPSampler(seed=seed))
        study.optimize(reward, n_trials=40, callbacks=[stop_when_found])
        assert study.best_value == 1.0


# Infinite values count as the worst finite one: the first of these differs from none.
@pytest.mark.parametrize(("value", "n_equal"), [(0.0, 9), (math.inf, 10), (1e300, 10)])
def test_equal_results_are_followed_by_the_start_up_sequence(
    perceiver_space: Space, value: float, n_equal: int
) -> None:
    def objective(trial: optuna.Trial) -> float:
        perceiver_space(trial)
        return value if trial.number < 8 else float(trial.number)

    studies = [
        optuna.create_study(sampler=LatticeGPSampler(seed=0, n_startup_trials=n)) for n in (2, 20)
    ]
    for study in studies:
        study.optimize(objective, n_trials=12)
    one, other = ([trial.params for trial in study.trials] for study in studies)
    assert one[:n_equal] == other[:n_equal] and one[n_equal:] != other[n_equal:]
    predictions = [lattice_gp.prediction_of(trial) for trial in studies[0].trials]
    assert [p is None for p in predictions] == [True] * n_equal + [False] * (12 - n_equal)


def test_one_result_or_constraints_that_differ_are_modelled_as_asked(
    perceiver_space: Space,
) -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("size", perceiver_space(trial)[0])
        return 0.0

    sampler = LatticeGPSampler(seed=0, n_startup_trials=1)
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=2)
    assert lattice_gp.prediction_of(study.trials[1]) is not None
    sampler = LatticeGPSampler(seed=0, constraints_func=lambda t: [t.user_attrs["size"] - 4])
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=6)
    assert lattice_gp.prediction_of(study.trials[5]) is not None
