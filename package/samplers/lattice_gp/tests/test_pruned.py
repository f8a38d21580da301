"""Studies with pruned trials: the model is told of them, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import FloatDistribution
from optuna.pruners import BasePruner
from optuna.pruners import HyperbandPruner
from optuna.pruners import MedianPruner
from optuna.pruners import SuccessiveHalvingPruner
from optuna.trial import create_trial
from optuna.trial import FrozenTrial
from optuna.trial import TrialState
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
lattice_gp = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
)
LatticeGPSampler = lattice_gp.LatticeGPSampler
curves = import_module(f"{lattice_gp.__name__}.trials.curves")
history = import_module(f"{lattice_gp.__name__}.trials.history")
Model = import_module(f"{lattice_gp.__name__}.acquisition.model").Model
Recipe = import_module(f"{lattice_gp.__name__}.recipe").Recipe
records = import_module(f"{lattice_gp.__name__}.trials.records")
SearchSpace = import_module(f"{lattice_gp.__name__}.space.search_space").SearchSpace

N_STEPS = 9
SPACE = {"x": FloatDistribution(0.0, 1.0), "y": FloatDistribution(0.0, 1.0)}


def sampler(seed: int = 0, **changes: Any) -> Any:
    made = LatticeGPSampler(seed=seed)
    made._recipe = Recipe(**changes)
    made._prepare()
    return made


def report(trial: optuna.Trial, values: list[float]) -> float:
    for step, value in enumerate(values, start=1):
        trial.report(value, step)
        if step < len(values) and trial.should_prune():
            raise optuna.TrialPruned
    return values[-1]


def decay(trial: optuna.Trial, sign: float = 1.0) -> float:
    x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
    final = (x - 0.7) ** 2 + (y - 0.3) ** 2
    return report(
        trial, [sign * (final + 1.0 / step - 1.0 / N_STEPS) for step in range(1, N_STEPS + 1)]
    )


def diverging(trial: optuna.Trial) -> float:
    x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
    final = (x - 0.7) ** 2 + (y - 0.3) ** 2
    early = math.nan if x > 0.8 else math.inf if y > 0.8 else final
    return report(trial, [early] * (N_STEPS - 1) + [final])


PRUNERS: list[Callable[[], BasePruner]] = [
    lambda: MedianPruner(n_startup_trials=3),
    lambda: SuccessiveHalvingPruner(min_resource=1, reduction_factor=3),
    lambda: HyperbandPruner(min_resource=1, max_resource=N_STEPS, reduction_factor=3),
]


@pytest.mark.parametrize("pruner", PRUNERS, ids=["median", "halving", "hyperband"])
@pytest.mark.parametrize("objective", [decay, diverging])
def test_studies_with_pruners_run(
    pruner: Callable[[], BasePruner],
    objective: Callable[[optuna.Trial], float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    study = optuna.create_study(sampler=sampler(), pruner=pruner())
    optuna.logging.enable_propagation()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study.optimize(objective, n_trials=25)
    optuna.logging.disable_propagation()
    assert "model failed" not in caplog.text
    assert study.best_value < 0.05
    assert any(trial.state == TrialState.PRUNED for trial in study.trials)


@pytest.mark.slow
def test_a_half_that_is_pruned_at_once_is_left() -> None:
    def objective(trial: optuna.Trial) -> float:
        x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
        # All that completes says that less is better; there, trials are pruned.
        final = x + (y - 0.5) ** 2
        return report(trial, [5.0, final] if x < 0.5 else [final, final])

    def n_in_bad_half(**changes: Any) -> int:
        count = 0
        for seed in range(2):
            study = optuna.create_study(sampler=sampler(seed, **changes), pruner=_Verdict())
            study.optimize(objective, n_trials=25)
            count += sum(trial.params["x"] < 0.5 for trial in study.trials)
        return count

    with_pruned, without = n_in_bad_half(), n_in_bad_half(uses_pruned=False)
    assert with_pruned < 20
    assert with_pruned < 0.5 * without


class _Verdict(BasePruner):
    """Prunes what is bad."""

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        return trial.intermediate_values[trial.last_step or 0] > 4.0


def test_without_pruned_trials_nothing_changes() -> None:
    def params(**changes: Any) -> list[dict[str, Any]]:
        study = optuna.create_study(sampler=sampler(**changes), pruner=optuna.pruners.NopPruner())
        study.optimize(decay, n_trials=15)
        return [trial.params for trial in study.trials]

    assert params() == params(uses_pruned=False)


def test_curves_are_not_read_without_pruned_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(reported: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(curves.Curve, "of", refuse)
    study = optuna.create_study(sampler=sampler(), pruner=optuna.pruners.NopPruner())
    study.optimize(decay, n_trials=8)


@pytest.mark.slow
def test_maximising_is_minimising_the_negative() -> None:
    def params(direction: optuna.study.StudyDirection, sign: float) -> list[dict[str, Any]]:
        study = optuna.create_study(
            direction=direction, sampler=sampler(), pruner=MedianPruner(n_startup_trials=3)
        )
        study.optimize(lambda trial: decay(trial, sign), n_trials=20)
        assert any(trial.state == TrialState.PRUNED for trial in study.trials)
        return [trial.params for trial in study.trials]

    directions = optuna.study.StudyDirection
    assert params(directions.MINIMIZE, 1.0) == params(directions.MAXIMIZE, -1.0)


def test_a_trial_pruned_without_a_report_tells_nothing() -> None:
    def expected_of_next(last: FrozenTrial, **changes: Any) -> dict[str, Any]:
        study = optuna.create_study(sampler=sampler(**changes))
        points = [(0.5, 0.5), (0.2, 0.3), (0.8, 0.6), (0.3, 0.9), (0.9, 0.1)]
        for x, y in points:
            study.add_trial(_trial(x, y, value=(x - 0.7) ** 2 + (y - 0.3) ** 2))
        study.add_trial(last)
        study.ask(dict(SPACE))
        expected: dict[str, Any] = study.trials[-1].system_attrs["lattice_gp:prediction"]
        return expected

    blank = _trial(0.7, 0.31, state=TrialState.PRUNED)
    told = _trial(0.7, 0.31, state=TrialState.PRUNED, intermediate_values={1: 9.0})
    assert expected_of_next(blank) == expected_of_next(blank, uses_pruned=False)
    assert expected_of_next(told) != expected_of_next(told, uses_pruned=False)


def _trial(x: float, y: float, **arguments: Any) -> FrozenTrial:
    return create_trial(params={"x": x, "y": y}, distributions=dict(SPACE), **arguments)


def test_only_pruned_trials_are_no_start() -> None:
    """The incumbent is a complete trial: as long as there is none, the design goes on."""
    study = optuna.create_study(sampler=sampler())
    for x in np.linspace(0.1, 0.9, 6).tolist():
        study.add_trial(_trial(x, x, state=TrialState.PRUNED, intermediate_values={1: x}))
    study.ask(dict(SPACE))
    assert "lattice_gp:prediction" not in study.trials[-1].system_attrs


def test_the_value_to_improve_on_is_never_that_of_a_pruned_trial() -> None:
    study = optuna.create_study()
    for x in np.linspace(0.2, 0.9, 8).tolist():
        study.add_trial(_trial(x, 0.5, value=x, intermediate_values={1: 1.0 + x}))
    # By its early value, it would have been the best by far.
    pruned = _trial(0.1, 0.5, state=TrialState.PRUNED, intermediate_values={1: 0.5})
    study.add_trial(pruned)
    told = history.read_history(
        SearchSpace(SPACE), records.RecordReader().read(study.trials), [False], uses_pruned=True
    )
    beliefs = Model(Recipe()).view(SearchSpace(SPACE), told).beliefs
    (surrogate,) = beliefs.objectives
    incumbent = surrogate.counted[told.is_complete].min()
    assert beliefs.improvement.incumbent == incumbent > surrogate.counted.min()
