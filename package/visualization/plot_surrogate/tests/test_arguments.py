"""Arguments of the plots: what they accept, and errors that name what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import optunahub
import pytest


pytest.importorskip("plotly")

ROOT = str(Path(__file__).parents[3])
lattice_gp = optunahub.load_local_module("samplers/lattice_gp", registry_root=ROOT)
plots = optunahub.load_local_module("visualization/plot_surrogate", registry_root=ROOT)

PLOTS: tuple[Callable[..., Any], ...] = tuple(getattr(plots, name) for name in plots.__all__)
OVER_PARAMS = [plot for plot in PLOTS if plot is not plots.plot_calibration]

Objective = Callable[[optuna.Trial], float]
StudyOf = Callable[..., optuna.Study]


def test_best_params_with_a_single_value_among_them_are_a_place_to_pass_through(
    study_of: StudyOf, smooth: Objective
) -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.suggest_categorical("model", ["perceiver"])
        return smooth(trial)

    study = study_of(objective, 12)
    assert "model" in study.best_params
    for plot in (
        plots.plot_posterior_slice,
        plots.plot_posterior_pairs,
        plots.plot_success_probability,
    ):
        assert plot(study, ["depth", "rate"], at=study.best_params).data
    with pytest.raises(ValueError, match="at has a value for 'model', but the parameters are"):
        plots.plot_posterior_slice(study, at={"model": "resnet"})


def test_names_and_numbers_may_be_of_numpy_or_an_iterator(
    study_of: StudyOf, smooth: Objective
) -> None:
    study = study_of(smooth, 6)
    with pytest.raises(TypeError, match=r"params is \['depth', 3\], but must be"):
        plots.plot_posterior_slice(study, (name for name in ("depth", 3)))
    plain = plots.plot_posterior_slice(study, ["depth", "rate"])
    for params in (np.array(["depth", "rate"]), (name for name in ("depth", "rate"))):
        same = plots.plot_posterior_slice(study, params, objective=np.int64(0))
        assert same.to_json() == plain.to_json()
    assert plots.plot_next_trials(study, n_trials=np.int64(2))
    assert plots.plot_calibration(study, max_trials=np.int64(2))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"params": "depth"}, TypeError, "params is 'depth', but must be a sequence"),
        ({"params": ["dept"]}, ValueError, r"params has 'dept', but the parameters are \['depth'"),
        ({"params": []}, ValueError, "params is empty"),
        ({"params": np.array([])}, ValueError, "params is empty"),
        ({"params": 3}, TypeError, "params is 3, but must be a sequence of parameter names"),
        ({"params": ["depth", 3]}, TypeError, r"params is \['depth', 3\], but must be a seq"),
        ({"at": {"dept": 3}}, ValueError, "at has a value for 'dept'"),
        ({"at": {"depth": 10**400}}, ValueError, "at has depth=100000"),
        ({"target_name": None}, TypeError, "target_name is None, but must be a text"),
        ({"at": {"depth": 11}}, ValueError, "at has depth=11, which is no value of"),
        ({"at": {"depth": "x"}}, ValueError, "at has depth='x'"),
        ({"at": {"depth": None}}, ValueError, "at has depth=None"),
        ({"at": [("depth", 3)]}, TypeError, r"at is \[\('depth', 3\)\], but must be a dict"),
        ({"objective": 1}, ValueError, "objective is 1, but must be from 0 to 0"),
        ({"objective": "loss"}, TypeError, "objective is 'loss', but must be an int"),
        ({"sampler": optuna.samplers.TPESampler()}, TypeError, "must be a LatticeGPSampler"),
        ({"sampler": lattice_gp.LatticeGPSampler}, TypeError, "must be a LatticeGPSampler"),
    ],
)
def test_bad_arguments_are_named(
    study_of: StudyOf,
    smooth: Objective,
    options: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    study = study_of(smooth, 6)
    for plot in (plots.plot_posterior_slice, plots.plot_posterior_pairs):
        with pytest.raises(error, match=message):
            plot(study, **options)


def test_what_is_not_modelled_is_told_apart_from_what_is_unknown(
    study_of: StudyOf, smooth: Objective
) -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.suggest_categorical("model", ["perceiver"])
        return smooth(trial)

    study = study_of(objective, 6)
    for plot in OVER_PARAMS:
        with pytest.raises(ValueError, match="params has 'model', which is not modelled, as it"):
            plot(study, ["model"])


def test_other_bad_input_is_named(study_of: StudyOf, smooth: Objective) -> None:
    study = study_of(smooth, 4)
    for plot in PLOTS:
        with pytest.raises(TypeError, match="study is 3, but must be an optuna.Study"):
            plot(3)
        with pytest.raises(ValueError, match="None of the study's 0 trials has completed"):
            plot(optuna.create_study())
    with pytest.raises(ValueError, match="n_trials is 0, but must be 1 or more"):
        plots.plot_next_trials(study, n_trials=0)
    with pytest.raises(TypeError, match="n_trials is '3', but must be an int"):
        plots.plot_next_trials(study, n_trials="3")
    with pytest.raises(ValueError, match="max_trials is 1, but must be 2 or more"):
        plots.plot_calibration(study, max_trials=1)
    for plot in (plots.plot_calibration, plots.plot_next_trials):
        with pytest.raises(TypeError, match=r"target_name is \['loss'\], but must be a text"):
            plot(study, target_name=["loss"])
    with pytest.raises(ValueError, match="4 completed trials, none of which could be predicted"):
        plots.plot_calibration(study)
