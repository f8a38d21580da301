"""The plots show what the model says, of any study."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
import itertools
import json
import math
import os
from pathlib import Path
import sys
from typing import Any

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies
import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
import optunahub
import pytest


go = pytest.importorskip("plotly.graph_objects")
pio = pytest.importorskip("plotly.io")

os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
ROOT = str(Path(__file__).parents[3])
lattice_gp = optunahub.load_local_module("samplers/lattice_gp", registry_root=ROOT)
plots = optunahub.load_local_module("visualization/plot_surrogate", registry_root=ROOT)
calibration = import_module(f"{plots.__name__}.calibration")
sampler_package = import_module(f"{plots.__name__}.sampler_package")
scales = import_module(f"{plots.__name__}.scales")
trials_module = import_module(f"{plots.__name__}.trials")

PLOTS: tuple[Callable[..., Any], ...] = tuple(getattr(plots, name) for name in plots.__all__)
OVER_PARAMS = [plot for plot in PLOTS if plot is not plots.plot_calibration]


def smooth(trial: optuna.Trial) -> float:
    depth = trial.suggest_int("depth", 2, 8)
    units = trial.suggest_int("units", 128, 512, step=64)
    rate = trial.suggest_float("rate", 1e-4, 1e-2, log=True)
    return 0.1 * (depth - 5) ** 2 + (units / 256 - 1) ** 2 + math.log10(rate / 1e-3) ** 2


def conditional(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", -1.0, 1.0)
    kind = trial.suggest_categorical("kind", ["plain", "twisted", "bent"])
    if kind == "plain":
        return x**2
    if kind == "twisted":
        return x**2 + (trial.suggest_int("twist", 0, 9) - 6) ** 2 / 10 - 0.1
    return x**2 + trial.suggest_float("bend", 0.1, 10.0, log=True) / 10


def crashing(trial: optuna.Trial) -> float:
    value = smooth(trial)
    if trial.params["depth"] > 6:
        raise MemoryError
    return value


def study_of(
    objective: Callable[[optuna.Trial], Any],
    n_trials: int,
    sampler: optuna.samplers.BaseSampler | None = None,
    **options: Any,
) -> optuna.Study:
    sampler = sampler or optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(sampler=sampler, **options)
    study.optimize(objective, n_trials=n_trials, catch=(MemoryError,))
    return study


def pruned_and_diverged() -> optuna.Study:
    def objective(trial: optuna.Trial) -> float:
        value = smooth(trial)
        trial.report(value, 0)
        if trial.number % 5 == 1:
            raise optuna.TrialPruned
        return math.inf if trial.number % 5 == 2 else 10.0 ** (4 * value) * (-1) ** trial.number

    return study_of(objective, 20)


STUDIES: dict[str, Callable[[], optuna.Study]] = {
    "five": lambda: study_of(smooth, 5),
    "conditional": lambda: study_of(conditional, 40),
    "crashing": lambda: study_of(crashing, 25),
    "own": lambda: study_of(smooth, 15, lattice_gp.LatticeGPSampler(seed=1)),
    "maximised": lambda: study_of(lambda t: -smooth(t), 15, direction="maximize"),
    "two objectives": lambda: study_of(
        lambda t: (smooth(t), t.params["depth"]), 12, directions=["minimize", "maximize"]
    ),
    "constraints": lambda: study_of(
        smooth,
        15,
        lattice_gp.LatticeGPSampler(seed=1, constraints_func=lambda t: [t.params["units"] - 300]),
    ),
    "pruned and diverged": pruned_and_diverged,
}


def traces(figure: Any, name: str) -> list[Any]:
    return [trace for trace in figure.data if trace.name == name]


@pytest.mark.parametrize(
    "name",
    [
        n if n in ("five", "conditional") else pytest.param(n, marks=pytest.mark.slow)
        for n in STUDIES
    ],
)
def test_every_plot_of_every_kind_of_study(name: str) -> None:
    study = STUDIES[name]()
    before = study.get_trials()
    for plot in PLOTS:
        figure = plot(study)
        assert isinstance(figure, go.Figure)
        drawn = json.loads(figure.to_json())
        assert drawn["layout"]["title"]["text"]
        # One entry of the legend for each thing, whichever panels have it.
        groups = [trace.legendgroup for trace in figure.data if trace.showlegend]
        assert len(groups) == len(set(groups))
        assert all(len(trace.x) for trace in figure.data if trace.showlegend)
    assert study.get_trials() == before


def test_without_plotly_the_package_loads_and_plots_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.startswith(plots.__name__)]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("plotly", "plotly.graph_objects", "plotly.subplots"):
        monkeypatch.setitem(sys.modules, name, None)
    without = optunahub.load_local_module("visualization/plot_surrogate", registry_root=ROOT)
    for name in plots.__all__:
        with pytest.raises(ImportError, match=r"plotly.*: pip install 'plotly>=5'\."):
            getattr(without, name)(study_of(smooth, 1))


def test_slices_are_predictions_on_the_lattice() -> None:
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


def test_slices_can_pass_elsewhere() -> None:
    study = study_of(smooth, 20)
    here, there = (
        traces(plots.plot_posterior_slice(study, ["depth"], at=at), "expected value")[0]
        for at in (None, {"units": 512, "rate": 1e-4})
    )
    assert min(there.y) > min(here.y)


def test_best_params_with_a_single_value_among_them_are_a_place_to_pass_through() -> None:
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


def test_pairs_cover_the_lattice_and_leave_out_what_does_not_exist() -> None:
    study = study_of(smooth, 12)
    figure = plots.plot_posterior_pairs(study, ["depth", "units"])
    means, spreads = (
        next(t for t in figure.data if t.type == "heatmap" and t.coloraxis == axis)
        for axis in ("coloraxis", "coloraxis2")
    )
    assert means.z.shape == spreads.z.shape == (7, 7)
    explanation = lattice_gp.LatticeGPSampler(seed=0).explain(study)
    corner = {**study.best_params, "depth": 8, "units": 128}
    prediction = explanation.predict([corner])[0]
    low, high = prediction.interval(0.8)
    # Below the diagonal, depth runs along the horizontal axis; above it, units do.
    assert means.z[0, 6] == pytest.approx(prediction.quantiles[0][3])
    assert spreads.z[6, 0] == pytest.approx((high - low) / 2)

    study = study_of(conditional, 40)
    figure = plots.plot_posterior_pairs(study, ["kind", "twist"])
    cells = next(t for t in figure.data if t.type == "heatmap" and t.coloraxis == "coloraxis").z
    assert np.isnan(cells).all(axis=0).tolist() == [True, False, True]
    figure = plots.plot_posterior_pairs(study, ["bend", "twist"])
    assert [note.text for note in figure.layout.annotations] == ["never in one trial"] * 2


def test_panels_in_which_nothing_exists_say_so() -> None:
    study = study_of(conditional, 40)
    elsewhere = {"kind": "bent"}

    def notes(plot: Callable[..., Any], names: list[str]) -> list[str]:
        return [note.text for note in plot(study, names, at=elsewhere).layout.annotations]

    for plot in (plots.plot_posterior_slice, plots.plot_success_probability):
        assert notes(plot, ["x", "twist", "bend"]) == ["does not exist there"]
        assert notes(plot, ["kind"]) == []
    # On the diagonal, and both below and above it.
    assert notes(plots.plot_posterior_pairs, ["x", "twist"]) == ["does not exist there"] * 3


def test_the_title_says_that_the_best_trial_breaks_a_constraint() -> None:
    sampler = lattice_gp.LatticeGPSampler(seed=1, constraints_func=lambda _: [1.0])
    title = plots.plot_posterior_slice(study_of(smooth, 6, sampler), ["depth"]).layout.title.text
    assert title.endswith("<sup>through the best of trials that all break a constraint</sup>")


def test_parameters_that_only_pruned_trials_have_are_shown() -> None:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        if trial.suggest_categorical("kind", ["plain", "bent"]) == "plain":
            return x
        trial.report(x + trial.suggest_float("bend", 0.0, 1.0), 0)
        raise optuna.TrialPruned

    study = study_of(objective, 20)
    slices = plots.plot_posterior_slice(study, ["kind", "bend"])
    assert [np.isfinite(its.y).all() for its in traces(slices, "expected value")] == [True, True]
    pairs = plots.plot_posterior_pairs(study, ["x", "bend"])
    cells = next(t for t in pairs.data if t.type == "heatmap" and t.coloraxis == "coloraxis").z
    assert np.isfinite(cells).all()
    assert traces(plots.plot_success_probability(study, ["kind"]), "ends with a value")


@pytest.mark.parametrize("direction, sign", [("minimize", 1.0), ("maximize", -1.0)])
def test_bright_is_better_whatever_the_direction(direction: str, sign: float) -> None:
    study = study_of(lambda trial: sign * smooth(trial), 8, direction=direction)
    colours = plots.plot_posterior_pairs(study, ["depth", "units"]).layout.coloraxis
    # Viridis is bright at its high end.
    assert colours.colorscale[-1][1] == "#fde725"
    assert bool(colours.reversescale) == (direction == "minimize")


def test_pairs_show_the_parameters_that_matter() -> None:
    def objective(trial: optuna.Trial) -> float:
        values = [trial.suggest_float(f"p{i}", 0.0, 1.0) for i in range(7)]
        return 10.0 * values[5] ** 2 + 5.0 * values[2] + 0.01 * values[0]

    figure = plots.plot_posterior_pairs(study_of(objective, 40))
    shown = {axis.title.text for axis in figure.select_xaxes() if axis.title.text}
    assert len(shown) == 4 and {"p2", "p5"} <= shown
    assert "4 of 7 parameters" in figure.layout.title.text


def test_panels_of_many_parameters_are_coarser() -> None:
    def objective(trial: optuna.Trial) -> float:
        switches = [trial.suggest_int(f"switch{i}", 0, 1) for i in range(6)]
        return trial.suggest_float("x", 0.0, 1.0) + sum(switches)

    study = study_of(objective, 8)
    for n_switches, n_values in ((5, 33), (6, 17)):
        names = ["x", *(f"switch{i}" for i in range(n_switches))]
        figure = plots.plot_posterior_pairs(study, names)
        shapes = {trace.z.shape for trace in figure.data if trace.type == "heatmap"}
        assert shapes == {(2, n_values), (n_values, 2), (2, 2)}


def test_axes_of_pairs_are_told_at_the_border() -> None:
    figure = plots.plot_posterior_pairs(study_of(smooth, 8), ["depth", "units", "rate"])

    def told(axis: Any) -> tuple[str | None, bool]:
        return axis.title.text, axis.showticklabels

    names = "depth", "units", "rate"
    for row, column in itertools.product(range(3), repeat=2):
        panel = figure.get_subplot(row + 1, column + 1)
        is_bottom = row == 2
        assert told(panel.xaxis) == (names[column] if is_bottom else None, is_bottom)
        assert (panel.xaxis.type == "log") == (names[column] == "rate")
        if row == column:
            is_first = row == 0
            assert told(panel.yaxis) == ("Objective Value" if is_first else None, is_first)
        else:
            is_border = column in (0, 2)
            assert told(panel.yaxis) == (names[row] if is_border else None, is_border)
            assert panel.yaxis.side == ("right" if column == 2 else None)


def test_success_probability_falls_where_trials_failed() -> None:
    study = study_of(crashing, 40)
    figure = plots.plot_success_probability(study, ["depth"])
    curve = traces(figure, "ends with a value")[0]
    assert list(curve.x) == [2, 3, 4, 5, 6, 7, 8]
    assert curve.y[6] < 0.4 < 0.8 < curve.y[1]
    failed = traces(figure, "failed")[0]
    assert sorted(failed.x) == sorted(
        t.params["depth"] for t in study.trials if t.state == optuna.trial.TrialState.FAIL
    )
    assert not traces(figure, "keeps all constraints")
    kept = traces(
        plots.plot_success_probability(STUDIES["constraints"](), ["units"]),
        "keeps all constraints",
    )
    assert kept[0].y[0] > 0.9 > 0.1 > kept[0].y[-1]


def test_the_best_trial_keeps_the_constraints() -> None:
    study = STUDIES["constraints"]()
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


def test_no_trial_is_the_best_where_none_keeps_the_constraints() -> None:
    sampler = lattice_gp.LatticeGPSampler(seed=1, constraints_func=lambda _: [1.0])
    study = study_of(smooth, 6, sampler)
    for plot in (plots.plot_posterior_slice, plots.plot_posterior_pairs):
        assert not traces(plot(study, ["depth", "units"]), "best trial")


def test_choices_are_not_joined_and_bands_close() -> None:
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


def test_calibration_is_of_predictions_before_the_trial() -> None:
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


def test_calibration_takes_what_was_predicted_and_has_a_finite_value() -> None:
    study = study_of(
        lambda t: smooth(t) + (math.inf if t.number == 5 else 0.0),
        8,
        lattice_gp.LatticeGPSampler(seed=0, n_startup_trials=2),
    )
    forecasts = calibration.forecast(study, study.sampler, 100)
    assert [its.trial.number for its in forecasts] == [2, 3, 4, 6, 7]


def test_calibration_begins_where_there_are_parameters() -> None:
    study = study_of(lambda trial: float(trial.number), 6)
    study.optimize(smooth, n_trials=6)
    forecasts = calibration.forecast(study, lattice_gp.LatticeGPSampler(seed=0), 100)
    assert [its.trial.number for its in forecasts] == list(range(7, 12))


def test_calibration_of_a_derived_sampler() -> None:
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


def test_next_trials_are_what_the_study_would_get() -> None:
    study = study_of(smooth, 12, lattice_gp.LatticeGPSampler(seed=3))
    plain = optuna.create_study()
    plain.add_trials(study.trials)
    figure = plots.plot_next_trials(study, ["rate"], n_trials=3)
    shown = traces(figure, "next trials")[0]
    space = {
        "depth": IntDistribution(2, 8),
        "units": IntDistribution(128, 512, step=64),
        "rate": FloatDistribution(1e-4, 1e-2, log=True),
    }
    assert list(shown.x) == [study.ask(space).params["rate"] for _ in range(3)]
    assert list(shown.text) == ["1", "2", "3"]
    explanation = lattice_gp.LatticeGPSampler(seed=3).explain(plain)
    predictions = explanation.predict(explanation.suggest(3))
    low, high = figure.layout.yaxis.range
    for i, prediction in enumerate(predictions):
        ends = shown.y[i] - shown.error_y.arrayminus[i], shown.y[i] + shown.error_y.array[i]
        assert ends == pytest.approx(prediction.interval(0.8))
        lower, upper = prediction.interval(0.5)
        assert low <= lower and upper <= high


def test_dark_and_light_are_left_to_plotly() -> None:
    study = study_of(smooth, 6)
    default = pio.templates.default
    try:
        for template in ("plotly_dark", "plotly_white"):
            pio.templates.default = template
            assert plots.plot_posterior_slice(study).layout.template == pio.templates[template]
    finally:
        pio.templates.default = default


def test_a_diverged_trial_does_not_hide_the_others() -> None:
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


@pytest.mark.parametrize("is_maximized", [False, True])
def test_axes_end_beyond_the_better_trials(is_maximized: bool) -> None:
    sign = -1.0 if is_maximized else 1.0

    def limits_of(*losses: float) -> Any:
        study = optuna.create_study(direction="maximize" if is_maximized else "minimize")
        study.add_trials([optuna.create_trial(value=sign * loss) for loss in losses])
        return trials_module.Told.by(study, 0).limits()

    around = trials_module.Limits.around
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
def test_axes_of_the_largest_values_have_ends(values: list[float]) -> None:
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


def test_a_slice_says_which_values_it_passes_through() -> None:
    """Those of the lattice next to what was asked for, and numbers in few digits."""
    study = study_of(smooth, 12)
    asked = {"units": 200, "depth": 3.2, "rate": 0.00123456}
    there = plots.plot_posterior_slice(study, ["depth"], at=asked)
    exact = {"units": 192, "depth": 3, "rate": 0.00123456}
    same = plots.plot_posterior_slice(study, ["depth"], at=exact)
    assert "through units=192, depth=3, rate=0.001235<" in there.layout.title.text
    assert there.to_json() == same.to_json()


@pytest.mark.parametrize(
    ("distribution", "value", "expected"),
    [
        (IntDistribution(2, 8), 3.4, 3),
        (IntDistribution(2, 8), np.float32(4.0), 4),
        (IntDistribution(2, 8), np.int64(4), 4),
        (IntDistribution(128, 512, step=64), 500, 512),
        (IntDistribution(1, 100, log=True), 2.6, 3),
        (FloatDistribution(0.1, 0.9, step=0.2), 0.55, 0.5),
        (FloatDistribution(0.1, 0.9, step=0.2), 0.30000000000000004, 0.30000000000000004),
        (FloatDistribution(0.0, 1.0), 0.123456789, 0.123456789),
        (IntDistribution(0, 2**63 - 1), 2**62 + 1, 2**62 + 1),
        (CategoricalDistribution([1, True, "a"]), True, True),
    ],
)
def test_values_to_pass_through_are_of_the_lattice(
    distribution: Any, value: Any, expected: Any
) -> None:
    got = scales.nearest(distribution, value)
    assert got == pytest.approx(expected) and type(got) is type(expected)


def test_what_is_not_modelled_is_told_apart_from_what_is_unknown() -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.suggest_categorical("model", ["perceiver"])
        return smooth(trial)

    study = study_of(objective, 6)
    for plot in OVER_PARAMS:
        with pytest.raises(ValueError, match="params has 'model', which is not modelled, as it"):
            plot(study, ["model"])


def test_what_plotly_would_fill_in_is_shown_as_it_is() -> None:
    figure = plots.plot_posterior_slice(study_of(lambda t: t.suggest_float("%{y}", 0, 1), 6))
    template = traces(figure, "expected value")[0].hovertemplate
    assert template.startswith("&#37;{y}: %{x}<br>expected: %{y:.5g}")
    figure = plots.plot_success_probability(study_of(lambda t: t.suggest_int("%{y}", 0, 9), 6))
    assert traces(figure, "ends with a value")[0].hovertemplate.startswith("&#37;{y}: %{x}<br>")


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
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    study = study_of(smooth, 6)
    for plot in (plots.plot_posterior_slice, plots.plot_posterior_pairs):
        with pytest.raises(error, match=message):
            plot(study, **options)


def test_names_and_numbers_may_be_of_numpy_or_an_iterator() -> None:
    study = study_of(smooth, 6)
    with pytest.raises(TypeError, match=r"params is \['depth', 3\], but must be"):
        plots.plot_posterior_slice(study, (name for name in ("depth", 3)))
    plain = plots.plot_posterior_slice(study, ["depth", "rate"])
    for params in (np.array(["depth", "rate"]), (name for name in ("depth", "rate"))):
        same = plots.plot_posterior_slice(study, params, objective=np.int64(0))
        assert same.to_json() == plain.to_json()
    assert plots.plot_next_trials(study, n_trials=np.int64(2))
    assert plots.plot_calibration(study, max_trials=np.int64(2))


def test_a_failed_trial_may_have_had_another_kind_of_parameter() -> None:
    study = study_of(smooth, 6)
    study.add_trial(
        optuna.create_trial(
            state=optuna.trial.TrialState.FAIL,
            params={"depth": "deep"},
            distributions={"depth": CategoricalDistribution(["deep", "flat"])},
        )
    )
    failed = traces(plots.plot_success_probability(study, ["depth"]), "failed")[0]
    assert np.isnan(failed.x).tolist() == [True]


def test_other_bad_input_is_named() -> None:
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


# Where the sampler's package comes from.


def test_the_registry_is_read_off_the_cache() -> None:
    end = Path("package/visualization/plot_surrogate/sampler_package.py")
    cache = Path("/cache/optunahub/github.com")
    assert sampler_package.origin_of(cache / "me" / "hub" / "v1.0" / end) == {
        "repo_owner": "me",
        "repo_name": "hub",
        "ref": "v1.0",
    }
    assert sampler_package.origin_of(cache / "me" / "hub" / "feature" / "x" / end)["ref"] == (
        "feature/x"
    )
    assert sampler_package.origin_of(Path("/data/me") / end) == {}


def test_the_sampler_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_of(smooth, 5)
    own = lattice_gp.LatticeGPSampler(seed=7)
    assert sampler_package.choose_sampler(study, own) is own
    study.sampler = own
    assert sampler_package.choose_sampler(study, None) is own
    study.sampler = optuna.samplers.RandomSampler()
    assert hasattr(sampler_package.choose_sampler(study, None), "explain")
    name = "optunahub_registry.package.samplers.lattice_gp"
    # Not loaded yet: it lies beside this package.
    monkeypatch.delitem(sampler_package.sys.modules, name)
    assert hasattr(sampler_package.choose_sampler(study, None), "explain")
    # Neither: it is asked for, and an old one is no use.
    monkeypatch.delitem(sampler_package.sys.modules, name)
    monkeypatch.setattr(
        sampler_package, "__file__", "/cache/github.com/me/hub/v1/package/a/b/c.py"
    )
    asked: dict[str, Any] = {}

    class Old:
        __file__ = "old.py"
        LatticeGPSampler = optuna.samplers.RandomSampler

    def load_module(package: str, **origin: Any) -> Any:
        asked.update(origin, package=package)
        return Old

    monkeypatch.setattr(optunahub, "load_module", load_module)
    with pytest.raises(ImportError, match="old.py is too old to explain"):
        sampler_package.choose_sampler(study, None)
    assert asked == {
        "package": "samplers/lattice_gp",
        "repo_owner": "me",
        "repo_name": "hub",
        "ref": "v1",
    }


# Axes.


@given(
    strategies.one_of(
        strategies.tuples(
            strategies.integers(-50, 50), strategies.integers(0, 200), strategies.integers(1, 70)
        ).map(lambda t: IntDistribution(t[0], t[0] + t[1] * t[2], step=t[2])),
        strategies.tuples(strategies.integers(1, 50), strategies.integers(0, 5000)).map(
            lambda t: IntDistribution(t[0], t[0] + t[1], log=True)
        ),
        strategies.tuples(strategies.floats(-10, 10), strategies.floats(0.1, 10)).map(
            lambda t: FloatDistribution(t[0], t[0] + t[1])
        ),
        strategies.integers(0, 300).map(lambda n: FloatDistribution(0.0, n / 10, step=0.1)),
        strategies.floats(1.1, 1e9).map(lambda f: FloatDistribution(1e-5, 1e-5 * f, log=True)),
    ),
    strategies.integers(2, 90),
)
@settings(max_examples=200, deadline=None)
def test_scales_hold_only_values_of_the_parameter(distribution: Any, limit: int) -> None:
    scale = scales.Scale.of("p", distribution, limit)
    assert len(scale.values) <= max(limit, 2)
    assert scale.values[0] == distribution.low
    assert scale.values[-1] == pytest.approx(distribution.high)
    assert (np.diff(scale.positions) > 0).all()
    assert len(scale.edges) == len(scale.values) + 1
    assert (scale.edges[:-1] < scale.positions).all() and (scale.positions < scale.edges[1:]).all()
    for value in scale.values:
        assert distribution._contains(distribution.to_internal_repr(value))
    trial_axis = scale.axis
    assert trial_axis["range"][0] < trial_axis["range"][1]


@pytest.mark.parametrize(
    "distribution",
    [
        IntDistribution(0, 2**63 - 1),
        IntDistribution(-(2**62), 2**62, step=2**40),
        IntDistribution(1, 2**63 - 1, log=True),
        FloatDistribution(1e-300, 1e300, log=True),
        FloatDistribution(1e-323, 1.7e308, log=True),
        FloatDistribution(-1.7e308, 1.7e308),
    ],
)
def test_the_longest_ranges_are_shown(distribution: Any) -> None:
    for limit in (33, 81):
        scale = scales.Scale.of("p", distribution, limit)
        assert (scale.values[0], scale.values[-1]) == (distribution.low, distribution.high)
        assert all(distribution.low <= value <= distribution.high for value in scale.values)
        assert np.isfinite(scale.axis["range"]).all()
    study = optuna.create_study()
    for i, value in enumerate(scale.values[:40:8]):
        trial = optuna.create_trial(
            value=float(i), params={"p": value}, distributions={"p": distribution}
        )
        study.add_trial(trial)
    for plot in (plots.plot_posterior_slice, plots.plot_posterior_pairs):
        curve = traces(plot(study), "expected value")[0]
        assert len(curve.x) > 20 and np.isfinite(curve.y).all()


@pytest.mark.parametrize(
    "values, expected",
    [
        ([0.1, 0.1 + 0.2], ["0.1", "0.3"]),
        ([0.9990, 0.9994, 0.9999], ["0.999", "0.9994", "0.9999"]),
        ([1000.0, 1005.0], ["1000", "1005"]),
        (["resnet50_on_imagenet", "resnet50_on_places"], ["resnet50_on_ima…", "resnet50_on_pla…"]),
        ([True, 1, "1", None, 1.0], ["True", "1", "'1'", "None", "1.0"]),
        (["<s>", "a&b"], ["&lt;s&gt;", "a&amp;b"]),
    ],
)
def test_labels_are_told_apart(values: list[Any], expected: list[str]) -> None:
    assert scales.labels(values) == expected


@pytest.mark.parametrize(
    "values, expected",
    [
        # Paths differ at their ends.
        (["/" + "d" * 200 + name for name in ("a.pt", "b.pt")], ["a.pt'", "b.pt'"]),
        (["p" * 200 + middle + "s" * 200 for middle in "ab"], ["1: 'ppp", "2: 'ppp"]),
        (["y" * 400, "y" * 400 + "z"], ["yyyy", "yyyz'"]),
    ],
)
def test_labels_of_long_names_stay_short(values: list[str], expected: list[str]) -> None:
    got = scales.labels(values)
    assert len(set(got)) == len(got) and max(map(len, got)) < 80
    assert all(part in label for part, label in zip(expected, got))


def test_pairs_of_one_parameter_say_nothing_of_a_diagonal() -> None:
    text = plots.plot_posterior_pairs(study_of(smooth, 6), ["depth"]).layout.title.text
    assert text == "Expected value of each pair of parameters<br><sup>only one is shown</sup>"


def test_names_are_shown_as_they_are() -> None:
    def objective(trial: optuna.Trial) -> float:
        token = trial.suggest_categorical(
            "<b>", ["<s>", "a name that is long enough to be cut off"]
        )
        return len(token) + trial.suggest_float("x", 1000.0, 1005.0)

    study = study_of(objective, 8)
    for plot in OVER_PARAMS:
        figure = plot(study)
        titles = {axis.title.text for axis in figure.select_xaxes()}
        assert "&lt;b&gt;" in titles and "<b>" not in titles
        # Nothing that plotly would take for its own.
        assert "<b>" not in figure.to_json().replace("\\u003c", "<").replace("\\u003e", ">")
    stars = traces(plots.plot_posterior_slice(study, ["x"]), "best trial")[0].text[0].split("<br>")
    assert stars[2:] == ["&lt;b&gt;: &lt;s&gt;", f"x: {study.best_params['x']:.4g}"]
    figure = plots.plot_posterior_slice(study, ["x"], at={"<b>": "<s>"})
    assert "through &lt;b&gt;=&lt;s&gt;" in figure.layout.title.text
    assert "a name that is long enough to be cut off" in figure.to_json()


def test_few_decades_are_labelled() -> None:
    axis = scales.Scale.of("p", FloatDistribution(1e-12, 1.0, log=True), 9).axis
    np.testing.assert_allclose(axis["tickvals"], [1e-12, 1e-9, 1e-6, 1e-3, 1.0])


def test_choices_lie_at_their_places() -> None:
    scale = scales.Scale.of(
        "p", CategoricalDistribution([None, True, 1, "a long name of a choice"]), 5
    )
    assert scale.places([None, True, 1, "a long name of a choice"]) == [0.0, 1.0, 2.0, 3.0]
    assert math.isnan(scale.place("other"))
    assert scale.axis["ticktext"] == ["None", "True", "1", "a long name…"]
    beside = [scale.beside(True, i, 4) for i in range(4)]
    assert beside == sorted(beside) and 0.5 < beside[0] and beside[-1] < 1.5
