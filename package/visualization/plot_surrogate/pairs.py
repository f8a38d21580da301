"""What the model expects of each pair of parameters."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna.samplers import BaseSampler
from optuna.study import Study

from . import style
from .cells import add_cells
from .cells import Cells
from .curves import add_slice
from .curves import Slice
from .plotly_parts import check_plotly
from .plotly_parts import go
from .plotly_parts import make_subplots
from .sampler_package import explain
from .sampler_package import Explanation
from .scales import escaped
from .scales import Scale
from .trials import check_at
from .trials import check_text
from .trials import choose_names
from .trials import hover
from .trials import reference
from .trials import Told


# Values of a continuous or long range along each of two axes, and those where the panels are many:
# their number grows with the square of that of the parameters.
_N_SHOWN, _N_SHOWN_OF_MANY = 33, 17
_MANY = 7
_MAX_PARAMS = 4
_PANEL = 210


def plot_posterior_pairs(
    study: Study,
    params: Sequence[str] | None = None,
    *,
    sampler: BaseSampler | None = None,
    at: Mapping[str, Any] | None = None,
    objective: int = 0,
    target_name: str = "Objective Value",
) -> go.Figure:
    """Plot the expected value and its uncertainty over each pair of parameters.

    A square of panels: below the diagonal the expected value, above it half the width of the 80%
    interval of what a trial would report, on it the slices of :func:`plot_posterior_slice`. Each
    panel passes through the best feasible trial that has its parameters. Cells are the points of
    the lattice, as far as there is one; where one of the two parameters does not exist they are
    empty.

    Args:
        study: With at least one completed trial, of any sampler.
        params: Which parameters; None shows the four at most along which the expected value varies
            most.
        sampler: As of :func:`plot_posterior_slice`.
        at: Likewise.
        objective: Which objective's values, from 0.
        target_name: What they are called.

    Raises:
        ImportError: If plotly, or the package of the sampler, is not there.
        TypeError: If an argument is of another kind.
        ValueError: If a parameter, a value or the objective is not the study's, or no trial has
            completed.
    """
    check_plotly()
    check_text("target_name", target_name)
    explanation = explain(study, sampler)
    told = Told.by(study, objective)
    at = check_at(explanation, told, at)
    names = choose_names(explanation, told, params)
    n_known = len(names)
    if params is None:
        names = _most_influential(explanation, told, names, at, objective)
    n_shown = _N_SHOWN if len(names) < _MANY else _N_SHOWN_OF_MANY
    scales = {n: Scale.of(n, explanation.distributions[n], n_shown) for n in names}
    figure = _panels(len(names))
    texts = [hover(trial) for trial in told.trials]
    for row, name in enumerate(names, start=1):
        base = reference(told, explanation, [name], at)
        if base is not None:
            its = Slice.along(explanation, scales[name], base)
            add_slice(figure, (row, row), its, objective)
        style.add_trials(figure, (row, row), told, scales[name], told.limits(), texts)
        for column, other in enumerate(names[: row - 1], start=1):
            pair = scales[other], scales[name]
            places = (row, column), (column, row)
            base = reference(told, explanation, [other, name], at)
            if base is None:
                _say_never_together(figure, places)
                continue
            cells = Cells.over(explanation, pair, base, objective)
            add_cells(figure, places[0], cells, is_median=True)
            add_cells(figure, places[1], cells.transposed(), is_median=False)
            if np.isnan(cells.medians).all():
                for panel in places:
                    style.add_note(figure, panel, style.NOT_THERE)
            _add_points(figure, places[0], told, pair, texts)
            _add_points(figure, places[1], told, pair[::-1], texts)
    _show_axes(figure, [scales[name] for name in names], told, target_name)
    _show_colours(figure, told, target_name, len(names))
    shown = (
        f"{len(names)} of {n_known} parameters, those that matter most; " if params is None else ""
    )
    note = (shown if len(names) < n_known else "") + (
        "below the diagonal the expected value, above it the uncertainty"
        if len(names) > 1
        else "only one is shown"
    )
    style.finish(figure, "Expected value of each pair of parameters", note)
    return figure


def _most_influential(
    explanation: Explanation,
    told: Told,
    names: list[str],
    at: Mapping[str, Any] | None,
    objective: int,
) -> list[str]:
    """The parameters along which the expected value varies most, in the order of ``names``."""
    low, high = told.limits()
    influence = {}
    for name in names:
        base = reference(told, explanation, [name], at)
        if base is None:
            continue
        scale = Scale.of(name, explanation.distributions[name], _N_SHOWN)
        medians = Slice.along(explanation, scale, base).medians(objective)
        known = np.clip(medians[~np.isnan(medians)], low, high)
        influence[name] = float(np.ptp(known)) if len(known) else 0.0
    chosen = sorted(influence, key=lambda name: -influence[name])[:_MAX_PARAMS]
    return [name for name in names if name in chosen]


def _panels(n: int) -> go.Figure:
    figure = make_subplots(n, n, horizontal_spacing=0.09 / n, vertical_spacing=0.09 / n)
    figure.update_layout(height=_PANEL * n + 230, width=max(560, _PANEL * n + 300))
    return figure


def _say_never_together(figure: go.Figure, places: Sequence[tuple[int, int]]) -> None:
    for place in places:
        # Without a trace a panel has no axes to write on.
        empty = go.Scatter(x=[None], y=[None], showlegend=False)
        figure.add_trace(empty, row=place[0], col=place[1])
        style.add_note(figure, place, "never in one trial")


def _add_points(
    figure: go.Figure,
    place: tuple[int, int],
    told: Told,
    pair: tuple[Scale, Scale],
    texts: Sequence[str],
) -> None:
    horizontal, vertical = pair
    both = [
        i
        for i, trial in enumerate(told.trials)
        if horizontal.name in trial.params and vertical.name in trial.params
    ]
    chosen = [told.trials[i] for i in both]
    figure.add_trace(
        go.Scatter(
            x=horizontal.places([trial.params[horizontal.name] for trial in chosen]),
            y=vertical.places([trial.params[vertical.name] for trial in chosen]),
            mode="markers",
            marker={
                "size": style.dot_size(told),
                "color": style.TRIAL,
                "line": {"color": style.OUTLINE, "width": 1},
            },
            text=[texts[i] for i in both],
            hoverinfo="text",
            showlegend=False,
        ),
        row=place[0],
        col=place[1],
    )
    if told.n_feasible and 0 in both:
        x = horizontal.place(told.trials[0].params[horizontal.name])
        y = vertical.place(told.trials[0].params[vertical.name])
        style.add_star(figure, place, x, y, texts[0])


def _show_axes(figure: go.Figure, scales: list[Scale], told: Told, target_name: str) -> None:
    """Label the outer axes: below, on the left, and of the upper panels on the right."""
    n = len(scales)
    for row, vertical in enumerate(scales, start=1):
        for column, horizontal in enumerate(scales, start=1):
            # Not by update_xaxes, which looks through the axes of all panels to find one.
            panel = figure.get_subplot(row, column)
            is_bottom = row == n
            panel.xaxis.update(**horizontal.axis, showticklabels=is_bottom)
            if is_bottom:
                panel.xaxis.update(title_text=escaped(horizontal.name))
            if row == column:
                is_shown = row == 1
                panel.yaxis.update(range=told.limits(), showticklabels=is_shown)
                if is_shown:
                    panel.yaxis.update(title_text=target_name)
                continue
            is_left, is_right = column == 1, column == n
            panel.yaxis.update(**vertical.axis, showticklabels=is_left or is_right)
            if is_right:
                panel.yaxis.update(side="right")
            if is_left or is_right:
                panel.yaxis.update(title_text=escaped(vertical.name))


def _show_colours(figure: go.Figure, told: Told, target_name: str, n: int) -> None:
    """Two scales of colours: bright is better, and bright is uncertain."""
    if n == 1:
        return
    low, high = told.limits()
    widths = np.concatenate(
        [
            np.asarray(trace.z, dtype=float).ravel()
            for trace in figure.data
            if trace.type == "heatmap" and trace.coloraxis == "coloraxis2"
        ]
        or [np.zeros(1)]
    )
    known = widths[~np.isnan(widths)]
    bar = {"thickness": 14, "len": 0.42, "x": 1.0 + 0.45 / n, "xanchor": "left"}
    figure.update_layout(
        coloraxis={
            "colorscale": "Viridis",
            "reversescale": not told.is_maximized,
            "cmin": low,
            "cmax": high,
            "colorbar": {**bar, "title": {"text": target_name}, "y": 0.78},
        },
        coloraxis2={
            "colorscale": "Cividis",
            "cmin": 0.0,
            # Where runs diverge it may be a hundred times that of anywhere else.
            "cmax": float(min(known.max(), high - low)) if len(known) else 1.0,
            "colorbar": {**bar, "title": {"text": "Half of the<br>80% interval"}, "y": 0.25},
        },
    )
