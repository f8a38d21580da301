"""What the model expects of pairs of parameters."""

from __future__ import annotations

from collections.abc import Callable
import itertools
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


def test_pairs_cover_the_lattice_and_leave_out_what_does_not_exist(
    study_of: StudyOf, smooth: Objective, conditional: Objective
) -> None:
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


def test_trials_lie_in_both_panels_of_a_pair(study_of: StudyOf, smooth: Objective) -> None:
    study = study_of(smooth, 9)
    figure = plots.plot_posterior_pairs(study, ["depth", "units"])
    trials = sorted(study.trials, key=lambda trial: trial.value or 0.0)
    places = {}
    for name in ("depth", "units"):
        places[name] = tuple(trial.params[name] for trial in trials)
    # The lower panel of two times two has the third pair of axes, the upper one the second.
    for axes, (horizontal, vertical) in {"3": ("depth", "units"), "2": ("units", "depth")}.items():
        points = [t for t in figure.data if t.type == "scatter" and t.xaxis == f"x{axes}"]
        dots = next(trace for trace in points if trace.name is None)
        assert (dots.x, dots.y) == (places[horizontal], places[vertical])
        assert [text.split("<br>")[0] for text in dots.text] == [
            f"trial {trial.number}" for trial in trials
        ]
        star = next(trace for trace in points if trace.name == "best trial")
        assert (star.x[0], star.y[0]) == (places[horizontal][0], places[vertical][0])


def test_panels_of_pairs_say_which_is_which(study_of: StudyOf, smooth: Objective) -> None:
    figure = plots.plot_posterior_pairs(study_of(smooth, 6), ["depth", "units"])
    below, above = (
        next(t for t in figure.data if t.type == "heatmap" and t.xaxis == f"x{axes}")
        for axes in "32"
    )
    assert below.hovertemplate.startswith("%{customdata}<br>expected: ")
    assert above.hovertemplate.startswith("%{customdata}<br>80% interval, half its width: ")
    assert below.customdata[1][6] == "depth: 8<br>units: 192"
    note = "below the diagonal the expected value, above it the uncertainty"
    assert f"<sup>{note}</sup>" in figure.layout.title.text


@pytest.mark.parametrize("direction, sign", [("minimize", 1.0), ("maximize", -1.0)])
def test_bright_is_better_whatever_the_direction(
    study_of: StudyOf, smooth: Objective, direction: str, sign: float
) -> None:
    study = study_of(lambda trial: sign * smooth(trial), 8, direction=direction)
    colours = plots.plot_posterior_pairs(study, ["depth", "units"]).layout.coloraxis
    # Viridis is bright at its high end.
    assert colours.colorscale[-1][1] == "#fde725"
    assert bool(colours.reversescale) == (direction == "minimize")


def test_pairs_show_the_parameters_that_matter(study_of: StudyOf) -> None:
    def objective(trial: optuna.Trial) -> float:
        values = [trial.suggest_float(f"p{i}", 0.0, 1.0) for i in range(7)]
        return 10.0 * values[5] ** 2 + 5.0 * values[2] + 0.01 * values[0]

    figure = plots.plot_posterior_pairs(study_of(objective, 40))
    shown = {axis.title.text for axis in figure.select_xaxes() if axis.title.text}
    assert len(shown) == 4 and {"p2", "p5"} <= shown
    assert "4 of 7 parameters" in figure.layout.title.text


def test_panels_of_many_parameters_are_coarser(study_of: StudyOf) -> None:
    def objective(trial: optuna.Trial) -> float:
        switches = [trial.suggest_int(f"switch{i}", 0, 1) for i in range(6)]
        return trial.suggest_float("x", 0.0, 1.0) + sum(switches)

    study = study_of(objective, 8)
    for n_switches, n_values in ((5, 33), (6, 17)):
        names = ["x", *(f"switch{i}" for i in range(n_switches))]
        figure = plots.plot_posterior_pairs(study, names)
        shapes = {trace.z.shape for trace in figure.data if trace.type == "heatmap"}
        assert shapes == {(2, n_values), (n_values, 2), (2, 2)}


def test_axes_of_pairs_are_told_at_the_border(study_of: StudyOf, smooth: Objective) -> None:
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


def test_pairs_of_one_parameter_say_nothing_of_a_diagonal(
    study_of: StudyOf, smooth: Objective
) -> None:
    text = plots.plot_posterior_pairs(study_of(smooth, 6), ["depth"]).layout.title.text
    assert text == "Expected value of each pair of parameters<br><sup>only one is shown</sup>"
