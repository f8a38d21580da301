"""Trials in the plots: which is the best, and where axes end."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
import math
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
calibration = import_module(f"{plots.__name__}.calibration")
trials_module = import_module(f"{plots.__name__}.trials")

PLOTS: tuple[Callable[..., Any], ...] = tuple(getattr(plots, name) for name in plots.__all__)

Objective = Callable[[optuna.Trial], float]
StudyOf = Callable[..., optuna.Study]
Studies = dict[str, Callable[[], optuna.Study]]
Traces = Callable[[Any, str], list[Any]]


def test_the_best_trial_keeps_the_constraints(studies: Studies, traces: Traces) -> None:
    study = studies["constraints"]()
    is_kept = [trial.params["units"] <= 300 for trial in study.trials]
    best = min((t for t, so in zip(study.trials, is_kept) if so), key=lambda t: t.value or 0.0)
    broken = sorted(t.params["depth"] for t, so in zip(study.trials, is_kept) if not so)
    assert broken
    for plot in (plots.plot_posterior_slice, plots.plot_posterior_pairs):
        figure = plot(study, ["depth", "units"])
        assert {(trace.text[0], trace.x[0]) for trace in traces(figure, "best trial")} >= {
            (trials_module.hover(best), best.params["depth"])
        }
        shown = traces(figure, "trials that break a constraint")[0]
        assert sorted(shown.x) == broken
    outcomes = plots.plot_success_probability(study, ["depth"])
    assert sorted(traces(outcomes, "broke a constraint")[0].x) == broken
    assert len(traces(outcomes, "succeeded")[0].x) == 15 - len(broken)


def test_a_constraint_of_exactly_zero_is_kept(study_of: StudyOf, smooth: Objective) -> None:
    sampler = lattice_gp.LatticeGPSampler(seed=1, constraints_func=lambda t: [0.0, t.number - 3.0])
    told = trials_module.Told.by(study_of(smooth, 6, sampler), 0)
    assert {trial.number for trial in told.trials[: told.n_feasible]} == {0, 1, 2, 3}


def test_no_trial_is_the_best_where_none_keeps_the_constraints(
    study_of: StudyOf, smooth: Objective, traces: Traces
) -> None:
    sampler = lattice_gp.LatticeGPSampler(seed=1, constraints_func=lambda _: [1.0])
    study = study_of(smooth, 6, sampler)
    for plot in (plots.plot_posterior_slice, plots.plot_posterior_pairs):
        assert not traces(plot(study, ["depth", "units"]), "best trial")


@pytest.mark.parametrize("is_maximized", [False, True])
def test_axes_end_beyond_the_better_trials(is_maximized: bool) -> None:
    sign = -1.0 if is_maximized else 1.0

    def limits_of(*losses: float) -> Any:
        study = optuna.create_study(direction="maximize" if is_maximized else "minimize")
        study.add_trials([optuna.create_trial(value=sign * loss) for loss in losses])
        return trials_module.Told.by(study, 0).limits()

    around = trials_module.Limits.around
    assert around(1.0, 3.0) == pytest.approx((0.84, 3.16))
    ends = sorted([0.0, sign * 4.0])
    assert limits_of(0.0, 1.0, 2.0, 3.0, 4.0) == around(*ends)
    # The quartile and one and a half times its distance from the best.
    ends = sorted([0.0, sign * 7.5])
    limits = limits_of(0.0, 1.0, 2.0, 3.0, 1e6)
    assert limits == around(*ends)
    assert limits.symbol(sign * 1e6) == ("triangle-down" if is_maximized else "triangle-up")
    assert limits.symbol(sign) == "circle"
    assert limits.low < limits.clip(sign * 1e6) < limits.high


@pytest.mark.parametrize(
    "values", [[1.7e308, -1.7e308], [1.7e308, 1.6e308], [1.7e308], [-1.7e308], [1e308, -1e300]]
)
def test_axes_of_the_largest_values_have_ends(
    study_of: StudyOf, smooth: Objective, values: list[float]
) -> None:
    limits = trials_module.Limits.around(min(values), max(values))
    low, high = limits
    assert low < high and math.isfinite(high - low)
    assert all(low < limits.clip(value) < high for value in values)
    study = study_of(lambda trial: smooth(trial) * 0.0 + values[trial.number % len(values)], 12)
    with np.errstate(all="raise"):
        for plot in PLOTS:
            figure = plot(study)
            for axis in (*figure.select_xaxes(), *figure.select_yaxes()):
                assert axis.range is None or math.isfinite(axis.range[1] - axis.range[0])


def test_a_diverged_trial_does_not_hide_the_others(
    study_of: StudyOf, smooth: Objective, traces: Traces
) -> None:
    study = study_of(lambda t: smooth(t) + (1e6 if t.number == 3 else 0.0), 20)
    figure = plots.plot_posterior_slice(study, ["depth"])
    low, high = figure.layout.yaxis.range
    assert high < 100.0
    shown = traces(figure, "trials")[0]
    assert list(shown.marker.symbol).count("triangle-up") >= 1
    assert all(low <= y <= high for y in shown.y)
    pairs = plots.plot_posterior_pairs(study, ["depth", "units"])
    assert pairs.layout.coloraxis2.cmax <= high - low
    # What is beyond an axis keeps the ends of its interval.
    outcomes = traces(plots.plot_calibration(study), "trials, early ones dark, with 80% intervals")
    forecasts = calibration.forecast(study, lattice_gp.LatticeGPSampler(seed=0), 60)
    ends = [its.prediction.interval(0.8) for its in forecasts]
    middles, bars = np.array(outcomes[0].x), outcomes[0].error_x
    lower, upper = middles - np.array(bars.arrayminus), middles + np.array(bars.array)
    np.testing.assert_allclose(lower, np.minimum(middles, [low for low, _ in ends]))
    np.testing.assert_allclose(upper, np.maximum(middles, [high for _, high in ends]))
