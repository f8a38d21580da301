"""Slices of what the model expects, parameter by parameter."""

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

Objective = Callable[[optuna.Trial], float]
StudyOf = Callable[..., optuna.Study]
Traces = Callable[[Any, str], list[Any]]


def test_slices_are_predictions_on_the_lattice(
    study_of: StudyOf, smooth: Objective, traces: Traces
) -> None:
    study = study_of(smooth, 20)
    figure = plots.plot_posterior_slice(study, ["units", "rate"])
    on_lattice, continuous = traces(figure, "expected value")
    assert list(on_lattice.x) == [128, 192, 256, 320, 384, 448, 512]
    assert continuous.x[0] == pytest.approx(1e-4) and continuous.x[-1] == pytest.approx(1e-2)
    assert len(continuous.x) > 50
    explanation = lattice_gp.LatticeGPSampler(seed=0).explain(study)
    params = [{**study.best_params, "units": units} for units in on_lattice.x]
    expected = [p.interval(0.5) for p in explanation.predict(params)]
    medians = [p.quantiles[0][3] for p in explanation.predict(params)]
    np.testing.assert_allclose(on_lattice.y, medians, rtol=1e-6)
    bars = traces(figure, "50% interval")[0]
    np.testing.assert_allclose(
        np.array([y for y in bars.y if y is not None]).reshape(-1, 2), expected, rtol=1e-6
    )


def test_slices_can_pass_elsewhere(study_of: StudyOf, smooth: Objective, traces: Traces) -> None:
    study = study_of(smooth, 20)
    here, there = (
        traces(plots.plot_posterior_slice(study, ["depth"], at=at), "expected value")[0]
        for at in (None, {"units": 512, "rate": 1e-4})
    )
    assert min(there.y) > min(here.y)


def test_a_slice_says_which_values_it_passes_through(study_of: StudyOf, smooth: Objective) -> None:
    """Those of the lattice next to what was asked for, and numbers in few digits."""
    study = study_of(smooth, 12)
    asked = {"units": 200, "depth": 3.2, "rate": 0.00123456}
    there = plots.plot_posterior_slice(study, ["depth"], at=asked)
    exact = {"units": 192, "depth": 3, "rate": 0.00123456}
    same = plots.plot_posterior_slice(study, ["depth"], at=exact)
    assert "through units=192, depth=3, rate=0.001235<" in there.layout.title.text
    assert there.to_json() == same.to_json()


def test_the_title_says_that_the_best_trial_breaks_a_constraint(
    study_of: StudyOf, smooth: Objective
) -> None:
    sampler = lattice_gp.LatticeGPSampler(seed=1, constraints_func=lambda _: [1.0])
    title = plots.plot_posterior_slice(study_of(smooth, 6, sampler), ["depth"]).layout.title.text
    assert title.endswith("<sup>through the best of trials that all break a constraint</sup>")


@pytest.mark.parametrize("high, is_bars", [(24, True), (25, False)])
def test_long_lattices_have_bands(
    study_of: StudyOf, traces: Traces, high: int, is_bars: bool
) -> None:
    study = study_of(lambda trial: float(trial.suggest_int("n", 0, high)), 6)
    assert (None in traces(plots.plot_posterior_slice(study), "95% interval")[0].x) == is_bars


def test_choices_are_not_joined_and_bands_close(
    study_of: StudyOf, conditional: Objective, traces: Traces
) -> None:
    figure = plots.plot_posterior_slice(study_of(conditional, 30), ["kind", "twist", "x"])
    assert [its.mode for its in traces(figure, "expected value")] == [
        "markers",
        "lines+markers",
        "lines",
    ]
    for band in (traces(figure, name)[-1] for name in ("95% interval", "50% interval")):
        there, back = np.split(np.array(band.x), 2)
        assert there.tolist() == back[::-1].tolist()
        upper, lower = np.split(np.array(band.y), 2)
        assert (upper > lower[::-1]).all()
