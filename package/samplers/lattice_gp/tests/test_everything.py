"""All that a study can hold at once: the model copes, and says nothing."""

from __future__ import annotations

from collections.abc import Callable
import logging
import math
import os
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies
import numpy as np
import optuna
from optuna.trial import FrozenTrial
from optuna.trial import TrialState
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
lattice_gp = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
)
LatticeGPSampler = lattice_gp.LatticeGPSampler


class Silence(logging.Handler):
    """Collects what the sampler says."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if "lattice_gp" in record.name:
            self.said.append(record.getMessage())


@pytest.fixture()
def silence() -> Any:
    """A handler on Optuna's logger."""
    handler = Silence()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    logger = logging.getLogger("optuna")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def constraint(trial: FrozenTrial) -> list[float]:
    return [trial.user_attrs.get("constraint", -1.0)]


def objective_of(seed: int, n_objectives: int) -> Callable[[optuna.Trial], Any]:
    """Conditional parameters, listed numbers, moving ranges, failures, NaN, infinities, pruning, constraints.

    What happens to a trial depends on its number, so that a study can be repeated.
    """

    def objective(trial: optuna.Trial) -> Any:
        rng = np.random.default_rng([seed, trial.number])
        kind = trial.suggest_categorical("kind", ["a", "b", None, 3])
        x = trial.suggest_float("x", 1e-4, 1.0, log=True)
        n = trial.suggest_int("n", 1, 9, step=2)
        value = math.log10(x) ** 2 + 0.1 * n
        size: Any = trial.suggest_categorical("size", [8, 2, None, 4])
        value += 0.1 * (size or 1)
        if kind == "a":
            value += trial.suggest_int("k", 1, 5 + trial.number % 3)
        if kind == "b":
            for i in range(n // 3):
                value += trial.suggest_float(f"y{i}", -1.0, 1.0) ** 2
        trial.set_user_attr("constraint", float(rng.choice([-1.0, x - 0.1, 1e9 * x, -math.inf])))
        trial.set_user_attr("seconds", float(rng.choice([0.0, n, 1e6, math.nan])))
        fate = rng.random()
        if fate < 0.1:
            raise RuntimeError
        if fate < 0.2:
            value = float(rng.choice([math.nan, math.inf, -math.inf, 1e300]))
        if n_objectives == 1:
            for step in range(int(rng.integers(0, 4))):
                trial.report(float(rng.choice([value + 1.0 / (step + 1), math.nan])), step)
            if 0.2 < fate < 0.4:
                raise optuna.TrialPruned
            return value
        return value, *(float(rng.normal()) + x for _ in range(n_objectives - 1))

    return objective


@pytest.mark.slow
@given(
    seed=strategies.integers(0, 10_000),
    n_objectives=strategies.sampled_from([1, 1, 2, 3]),
    cost_aware=strategies.sampled_from([None, True, "seconds"]),
    batch=strategies.sampled_from([1, 1, 3]),
)
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_study_breaks_the_model(
    silence: Silence, seed: int, n_objectives: int, cost_aware: Any, batch: int
) -> None:
    silence.said.clear()
    earlier = optuna.create_study(
        directions=["maximize"] * n_objectives, sampler=optuna.samplers.RandomSampler(seed=seed)
    )
    earlier.optimize(objective_of(seed + 1, n_objectives), n_trials=12, catch=(RuntimeError,))
    sampler = LatticeGPSampler(
        seed=seed,
        constraints_func=constraint,
        cost_aware=cost_aware,
        prior_studies=[earlier] if seed % 2 else None,
    )
    minimize, maximize = optuna.study.StudyDirection.MINIMIZE, optuna.study.StudyDirection.MAXIMIZE
    directions = [minimize, maximize, minimize][:n_objectives]
    study = optuna.create_study(directions=directions, sampler=sampler)
    objective = objective_of(seed, n_objectives)
    for _ in range(24 // batch):
        for trial in [study.ask() for _ in range(batch)]:
            try:
                study.tell(trial, objective(trial), skip_if_finished=True)
            except optuna.TrialPruned:
                study.tell(trial, state=TrialState.PRUNED)
            except RuntimeError:
                study.tell(trial, state=TrialState.FAIL)
    # Of twelve trials, some of them infinite, an earlier study may well tell nothing.
    assert [said for said in silence.said if "values do not depend on" not in said] == []
    told = [lattice_gp.prediction_of(trial) for trial in study.trials]
    assert sum(prediction is not None for prediction in told) >= 5
    for prediction in told:
        if prediction is not None:
            assert np.isfinite(prediction.means).all()
            assert np.isfinite(prediction.quantiles).all()
            assert (np.diff(prediction.quantiles, axis=1) >= 0.0).all()
