"""What all plots have in common: they show any study, say what they lack, and look alike."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
import json
from pathlib import Path
import sys
from typing import Any

import numpy as np
import optuna
import optunahub
import pytest


go = pytest.importorskip("plotly.graph_objects")
pio = pytest.importorskip("plotly.io")

ROOT = str(Path(__file__).parents[3])
plots = optunahub.load_local_module("visualization/plot_surrogate", registry_root=ROOT)

style = import_module(f"{plots.__name__}.style")

PLOTS: tuple[Callable[..., Any], ...] = tuple(getattr(plots, name) for name in plots.__all__)
OVER_PARAMS = [plot for plot in PLOTS if plot is not plots.plot_calibration]

Objective = Callable[[optuna.Trial], float]
StudyOf = Callable[..., optuna.Study]
Traces = Callable[[Any, str], list[Any]]


def test_every_plot_of_every_kind_of_study(any_study: optuna.Study) -> None:
    before = any_study.get_trials()
    for plot in PLOTS:
        figure = plot(any_study)
        assert isinstance(figure, go.Figure)
        drawn = json.loads(figure.to_json())
        assert drawn["layout"]["title"]["text"]
        # One entry of the legend for each thing, whichever panels have it.
        grouped = [trace for trace in figure.data if trace.legendgroup is not None]
        groups = [trace.legendgroup for trace in grouped if trace.showlegend is not False]
        assert sorted(groups) == sorted({t.legendgroup for t in grouped if len(t.x)})
        assert all(len(trace.x) for trace in figure.data if trace.showlegend)
    assert any_study.get_trials() == before


def test_without_plotly_the_package_loads_and_plots_say_what_to_install(
    study_of: StudyOf, smooth: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith(plots.__name__)]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("plotly", "plotly.graph_objects", "plotly.subplots"):
        monkeypatch.setitem(sys.modules, name, None)
    without = optunahub.load_local_module("visualization/plot_surrogate", registry_root=ROOT)
    for name in plots.__all__:
        with pytest.raises(ImportError, match=r"plotly.*: pip install 'plotly>=5'\."):
            getattr(without, name)(study_of(smooth, 1))


@pytest.mark.parametrize(
    "n, n_rows, n_columns", [(1, 1, 1), (3, 1, 3), (4, 1, 4), (5, 2, 3), (8, 2, 4), (10, 3, 4)]
)
def test_panels_fill_rows_of_at_most_four(n: int, n_rows: int, n_columns: int) -> None:
    figure, places = style.panels(n)
    assert (
        places
        == [(row, column) for row in range(1, n_rows + 1) for column in range(1, n_columns + 1)][
            :n
        ]
    )
    assert len(list(figure.select_xaxes())) == n_rows * n_columns
    sizes = [style.panels(m)[0].layout for m in (n, 4 * n_rows + 1)]
    assert sizes[0].height < sizes[1].height
    # One panel is as wide as the page.
    assert (figure.layout.width is None) == (n == 1)


def test_dark_and_light_are_left_to_plotly(study_of: StudyOf, smooth: Objective) -> None:
    study = study_of(smooth, 6)
    default = pio.templates.default
    try:
        for template in ("plotly_dark", "plotly_white"):
            pio.templates.default = template
            assert plots.plot_posterior_slice(study).layout.template == pio.templates[template]
    finally:
        pio.templates.default = default


def test_panels_in_which_nothing_exists_say_so(study_of: StudyOf, conditional: Objective) -> None:
    study = study_of(conditional, 40)
    elsewhere = {"kind": "bent"}

    def notes(plot: Callable[..., Any], names: list[str]) -> list[str]:
        return [note.text for note in plot(study, names, at=elsewhere).layout.annotations]

    for plot in (plots.plot_posterior_slice, plots.plot_success_probability):
        assert notes(plot, ["x", "twist", "bend"]) == ["does not exist there"]
        assert notes(plot, ["kind"]) == []
    # On the diagonal, and both below and above it.
    assert notes(plots.plot_posterior_pairs, ["x", "twist"]) == ["does not exist there"] * 3


def test_parameters_that_only_pruned_trials_have_are_shown(
    study_of: StudyOf, traces: Traces
) -> None:
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


def test_names_are_shown_as_they_are(study_of: StudyOf, traces: Traces) -> None:
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


def test_what_plotly_would_fill_in_is_shown_as_it_is(study_of: StudyOf, traces: Traces) -> None:
    figure = plots.plot_posterior_slice(study_of(lambda t: t.suggest_float("%{y}", 0, 1), 6))
    template = traces(figure, "expected value")[0].hovertemplate
    assert template.startswith("&#37;{y}: %{x}<br>expected: %{y:.5g}")
    figure = plots.plot_success_probability(study_of(lambda t: t.suggest_int("%{y}", 0, 9), 6))
    assert traces(figure, "ends with a value")[0].hovertemplate.startswith("&#37;{y}: %{x}<br>")
