"""How things look: colours that are told apart on white and on black, and layouts of panels.

The template is left to plotly: what ``plotly.io.templates.default`` says holds, dark ones
included.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
import math
from typing import Any

from .plotly_parts import go
from .plotly_parts import make_subplots
from .scales import escaped
from .scales import Scale
from .trials import Limits
from .trials import Told


MEAN = "#2f8fdd"
BAND_WIDE, BAND_NARROW = "rgba(47, 143, 221, 0.18)", "rgba(47, 143, 221, 0.32)"
TRIAL = "rgba(136, 136, 136, 0.75)"
INFEASIBLE = "#d98b1f"
FAILED = "#e0443e"
INCUMBENT = "#e0443e"
NEXT = "#1f9d55"
OUTLINE = "#ffffff"

# What a panel says where ``at`` leads away from a parameter's branch.
NOT_THERE = "does not exist there"

_MAX_COLUMNS = 4
_FEW = 150
_PANEL_WIDTH, _PANEL_HEIGHT = 300, 280


def panels(n: int) -> tuple[go.Figure, list[tuple[int, int]]]:
    """A figure of ``n`` panels, in rows of at most four.

    Args:
        n: Number of panels.

    Returns:
        The figure, and the row and column of each panel, from 1.
    """
    n_columns = n if n <= _MAX_COLUMNS else math.ceil(n / math.ceil(n / _MAX_COLUMNS))
    n_rows = math.ceil(n / n_columns)
    spacing = min(0.32 / n_rows, 90 / (_PANEL_HEIGHT * n_rows))
    figure = make_subplots(
        n_rows,
        n_columns,
        shared_yaxes="all",
        horizontal_spacing=0.03,
        vertical_spacing=spacing if n_rows > 1 else 0.0,
    )
    figure.update_layout(height=_PANEL_HEIGHT * n_rows + 190, hovermode="closest")
    if n_columns > 1:
        figure.update_layout(width=max(620, _PANEL_WIDTH * n_columns + 120))
    return figure, [(1 + i // n_columns, 1 + i % n_columns) for i in range(n)]


def finish(figure: go.Figure, text: str, note: str) -> None:
    """Put a title above a figure, with a note and a legend below it: one entry a group of traces.

    Args:
        figure: With all its traces.
        text: The title.
        note: A smaller line.
    """
    seen = set()
    for trace in figure.data:
        group = trace.legendgroup
        if group is not None:
            is_empty = trace.x is None or len(trace.x) == 0
            trace.showlegend = group not in seen and not is_empty
            seen |= set() if is_empty else {group}
    figure.update_layout(
        title={
            "text": f"{text}<br><sup>{note}</sup>",
            "x": 0.02,
            "xanchor": "left",
            "y": 1.0,
            "yanchor": "top",
            "yref": "container",
            "pad": {"t": 22},
        },
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "yref": "paper", "x": 0.0},
        margin={"l": 70, "r": 30, "t": 112, "b": 70},
    )


def show_axes(
    figure: go.Figure,
    place: tuple[int, int],
    scale: Scale,
    vertical: Mapping[str, Any],
    title: str,
) -> None:
    """Make a panel's horizontal axis that of a parameter, and show its vertical one.

    Args:
        figure: The figure.
        place: Row and column of the panel.
        scale: Of the parameter.
        vertical: Properties of the vertical axis.
        title: Of the vertical axis, told on the left of each row.
    """
    row, column = place
    figure.update_xaxes(title_text=escaped(scale.name), row=row, col=column, **scale.axis)
    figure.update_yaxes(row=row, col=column, **vertical)
    if column == 1:
        figure.update_yaxes(title_text=title, row=row, col=column)


def add_note(figure: go.Figure, place: tuple[int, int], text: str) -> None:
    """Say in the middle of a panel why nothing is drawn there."""
    row, column = place
    figure.add_annotation(
        text=text,
        showarrow=False,
        x=0.5,
        y=0.5,
        xref="x domain",
        yref="y domain",
        row=row,
        col=column,
    )


def add_trials(
    figure: go.Figure,
    place: tuple[int, int],
    told: Told,
    scale: Scale,
    limits: Limits,
    texts: Sequence[str],
) -> None:
    """Draw trials as points over the values of a parameter, the best as a star.

    A value beyond the limits of the axis is a triangle at its end.

    Args:
        figure: The figure.
        place: Row and column of the panel.
        told: The trials.
        scale: Of the parameter.
        limits: The ends of the axis of values.
        texts: What each trial shows under the mouse.
    """
    has_it = [i for i, trial in enumerate(told.trials) if scale.name in trial.params]
    kinds = {
        "trials": [i for i in has_it if i < told.n_feasible],
        "trials that break a constraint": [i for i in has_it if i >= told.n_feasible],
    }
    for (name, chosen), colour in zip(kinds.items(), (TRIAL, INFEASIBLE)):
        symbols = [limits.symbol(told.values[i]) for i in chosen]
        figure.add_trace(
            go.Scatter(
                x=scale.places([told.trials[i].params[scale.name] for i in chosen]),
                y=[limits.clip(told.values[i]) for i in chosen],
                mode="markers",
                marker={"color": colour, "size": dot_size(told), "symbol": symbols},
                text=[texts[i] for i in chosen],
                hoverinfo="text",
                name=name,
                legendgroup=name,
                cliponaxis=False,
            ),
            row=place[0],
            col=place[1],
        )
    if told.n_feasible and scale.name in told.trials[0].params:
        add_star(
            figure,
            place,
            scale.place(told.trials[0].params[scale.name]),
            limits.clip(told.values[0]),
            texts[0],
        )


def dot_size(told: Told) -> int:
    """Diameter of a trial's point in pixels: many trials get small ones."""
    return 6 if len(told.trials) <= _FEW else 4


def add_star(figure: go.Figure, place: tuple[int, int], x: float, y: float, text: str) -> None:
    """Draw the incumbent."""
    figure.add_trace(
        go.Scatter(
            x=[x],
            y=[y],
            mode="markers",
            marker={
                "symbol": "star",
                "size": 14,
                "color": INCUMBENT,
                "line": {"color": OUTLINE, "width": 1},
            },
            text=[text],
            hoverinfo="text",
            name="best trial",
            legendgroup="best trial",
            cliponaxis=False,
        ),
        row=place[0],
        col=place[1],
    )
