"""Predictions against what came of the trials."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
import math
from pathlib import Path

import optuna
import optunahub
import pytest


pytest.importorskip("plotly")

ROOT = str(Path(__file__).parents[3])
lattice_gp = optunahub.load_local_module("samplers/lattice_gp", registry_root=ROOT)
plots = optunahub.load_local_module("visualization/plot_surrogate", registry_root=ROOT)
calibration = import_module(f"{plots.__name__}.calibration")

Objective = Callable[[optuna.Trial], float]
StudyOf = Callable[..., optuna.Study]


def test_calibration_is_of_predictions_before_the_trial(
    study_of: StudyOf, smooth: Objective
) -> None:
    study = study_of(smooth, 20, lattice_gp.LatticeGPSampler(seed=2))
    forecasts = calibration.forecast(study, study.sampler, 100)
    assert [its.trial.number for its in forecasts] == list(range(4, 20))
    assert all(
        its.prediction == lattice_gp.prediction_of(study.trials[its.trial.number])
        for its in forecasts
    )
    hits, rate, low, high = calibration.coverage(forecasts, 0.8, 0)
    inside = [
        its.prediction.interval(0.8)[0] <= its.trial.value <= its.prediction.interval(0.8)[1]
        for its in forecasts
    ]
    assert (hits, rate) == (sum(inside), sum(inside) / 16)
    assert 0.0 <= low < rate < high <= 1.0 or rate in (0.0, 1.0)

    # Another sampler's study brings none along: models of its beginnings make them.
    other = study_of(smooth, 20)
    forecasts = calibration.forecast(other, lattice_gp.LatticeGPSampler(seed=0), 5)
    assert [its.trial.number for its in forecasts] == [4, 7, 11, 15, 19]
    best = lattice_gp.LatticeGPSampler(seed=0).explain(other, n_trials=11)
    assert forecasts[2].prediction == best.predict_trial(other.trials[11])


def test_calibration_takes_what_was_predicted_and_has_a_finite_value(
    study_of: StudyOf, smooth: Objective
) -> None:
    study = study_of(
        lambda t: smooth(t) + (math.inf if t.number == 5 else 0.0),
        8,
        lattice_gp.LatticeGPSampler(seed=0, n_startup_trials=2),
    )
    forecasts = calibration.forecast(study, study.sampler, 100)
    assert [its.trial.number for its in forecasts] == [2, 3, 4, 6, 7]


def test_all_objectives_have_to_be_finite(study_of: StudyOf, smooth: Objective) -> None:
    study = study_of(
        lambda t: (smooth(t), math.inf if t.number == 5 else float(t.number)),
        8,
        lattice_gp.LatticeGPSampler(seed=0),
        directions=["minimize", "minimize"],
    )
    forecasts = calibration.forecast(study, study.sampler, 100)
    assert [its.trial.number for its in forecasts] == [4, 6, 7]


def test_shares_are_shown_with_their_intervals(study_of: StudyOf, smooth: Objective) -> None:
    study = study_of(smooth, 20, lattice_gp.LatticeGPSampler(seed=2))
    forecasts = calibration.forecast(study, study.sampler, 60)
    shown = next(t for t in plots.plot_calibration(study).data if t.error_y.array is not None)
    for i, share in enumerate(shown.x):
        _, rate, low, high = calibration.coverage(forecasts, share, 0)
        assert shown.y[i] == rate
        ends = rate - shown.error_y.arrayminus[i], rate + shown.error_y.array[i]
        assert ends == pytest.approx((low, high))


def test_calibration_begins_where_there_are_parameters(
    study_of: StudyOf, smooth: Objective
) -> None:
    study = study_of(lambda trial: float(trial.number), 6)
    study.optimize(smooth, n_trials=6)
    forecasts = calibration.forecast(study, lattice_gp.LatticeGPSampler(seed=0), 100)
    assert [its.trial.number for its in forecasts] == list(range(7, 12))


def test_calibration_of_a_derived_sampler(study_of: StudyOf, smooth: Objective) -> None:
    base = lattice_gp.LatticeGPSampler
    derived = type("Derived", (base,), {"explain": lambda *arguments: base.explain(*arguments)})
    study = study_of(smooth, 8, derived(seed=0))
    forecasts = calibration.forecast(study, study.sampler, 100)
    assert [its.trial.number for its in forecasts] == [4, 5, 6, 7]
    assert forecasts[0].prediction == lattice_gp.prediction_of(study.trials[4])


def test_wilson_interval_is_the_published_one() -> None:
    class Always:
        def __init__(self, is_hit: bool) -> None:
            self.ends = (-1.0, 1.0) if is_hit else (2.0, 3.0)

        def interval(self, share: float, objective: int = 0) -> tuple[float, float]:
            return self.ends

    trial = optuna.create_trial(value=0.0)
    forecasts = [calibration.Forecast(trial, Always(i < 8)) for i in range(10)]
    # Brown, Cai, DasGupta 2001: 8 of 10 gives 0.490 to 0.943.
    assert calibration.coverage(forecasts, 0.5, 0) == (
        8,
        0.8,
        pytest.approx(0.490, abs=1e-3),
        pytest.approx(0.943, abs=1e-3),
    )
