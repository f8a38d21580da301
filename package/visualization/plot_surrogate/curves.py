"""Predictions along one parameter, as arrays and as lines with bands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import style
from .plotly_parts import go
from .sampler_package import Explanation
from .sampler_package import median
from .sampler_package import Prediction
from .scales import escaped
from .scales import FloatArray
from .scales import Scale


# From here on the values of a lattice lie too close for a bar each.
_MAX_BARS = 25


@dataclass(frozen=True)
class Slice:
    """What is expected along one parameter.

    Attributes:
        scale: The parameter's values, n of them.
        predictions: Of each; None where the parameter does not exist.
    """

    scale: Scale
    predictions: list[Prediction | None]

    @classmethod
    def along(cls, explanation: Explanation, scale: Scale, base: Mapping[str, Any]) -> Slice:
        """The slice through a point.

        Args:
            explanation: Of the study.
            scale: The parameter's values.
            base: A value for every parameter.
        """
        params = [{**base, scale.name: value} for value in scale.values]
        exists = [scale.name in names for names in explanation.existing(params)]
        predicted = iter(explanation.predict([p for p, so in zip(params, exists) if so]))
        return cls(scale, [next(predicted) if so else None for so in exists])

    @property
    def is_empty(self) -> bool:
        """Whether the parameter does not exist anywhere on it."""
        return all(prediction is None for prediction in self.predictions)

    def medians(self, objective: int) -> FloatArray:
        """Array (n,), NaN where there is no prediction."""
        return np.array([median(p, objective) if p else np.nan for p in self.predictions])

    def bounds(self, share: float, objective: int) -> tuple[FloatArray, FloatArray]:
        """Lower and upper ends (n,) of the central intervals of a share, NaN without."""
        ends = [p.interval(share, objective) if p else (np.nan, np.nan) for p in self.predictions]
        lower, upper = np.array(ends, dtype=float).reshape(-1, 2).T
        return lower, upper


def add_slice(figure: go.Figure, place: tuple[int, int], its: Slice, objective: int) -> None:
    """Draw the median and the 50% and 95% intervals: bars on a lattice, bands elsewhere.

    Args:
        figure: The figure.
        place: Row and column of the panel.
        its: The slice.
        objective: Whose values.
    """
    if its.is_empty:
        style.add_note(figure, place, style.NOT_THERE)
    draw = _add_bars if its.scale.is_lattice and len(its.predictions) <= _MAX_BARS else _add_bands
    draw(figure, place, its, objective)


def _add_bars(figure: go.Figure, place: tuple[int, int], its: Slice, objective: int) -> None:
    medians = its.medians(objective)
    for share, width, colour in ((0.95, 2, style.BAND_WIDE), (0.5, 7, style.BAND_NARROW)):
        lower, upper = its.bounds(share, objective)
        x, y = [], []
        for position, low, high in zip(its.scale.positions, lower, upper):
            x += [position, position, None]
            y += [low, high, None]
        line = {"color": colour.replace("0.18", "0.6"), "width": width}
        _add_line(figure, place, x, y, line, f"{share:.0%} interval")
    # Choices have no order that a line could follow.
    mode = "markers" if its.scale.is_categorical else "lines+markers"
    _add_median(figure, place, its, medians, mode)


def _add_bands(figure: go.Figure, place: tuple[int, int], its: Slice, objective: int) -> None:
    medians = its.medians(objective)
    is_known = ~np.isnan(medians)
    for share, colour in ((0.95, style.BAND_WIDE), (0.5, style.BAND_NARROW)):
        lower, upper = its.bounds(share, objective)
        x = its.scale.positions[is_known]
        figure.add_trace(
            go.Scatter(
                x=np.concatenate([x, x[::-1]]),
                y=np.concatenate([upper[is_known], lower[is_known][::-1]]),
                fill="toself",
                fillcolor=colour,
                line={"width": 0},
                hoverinfo="skip",
                name=f"{share:.0%} interval",
                legendgroup=f"{share:.0%} interval",
            ),
            row=place[0],
            col=place[1],
        )
    _add_median(figure, place, its, medians, "lines")


def _add_median(
    figure: go.Figure, place: tuple[int, int], its: Slice, medians: FloatArray, mode: str
) -> None:
    figure.add_trace(
        go.Scatter(
            x=its.scale.positions,
            y=medians,
            mode=mode,
            line={"color": style.MEAN, "width": 2},
            marker={"color": style.MEAN, "size": 6},
            name="expected value",
            legendgroup="expected value",
            hovertemplate=f"{escaped(its.scale.name)}: %{{x}}<br>expected: %{{y:.5g}}<extra></extra>",
        ),
        row=place[0],
        col=place[1],
    )


def _add_line(
    figure: go.Figure,
    place: tuple[int, int],
    x: list[Any],
    y: list[Any],
    line: dict[str, Any],
    name: str,
) -> None:
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="lines",
            line=line,
            hoverinfo="skip",
            name=name,
            legendgroup=name,
        ),
        row=place[0],
        col=place[1],
    )
