"""What is expected over the values of two parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .plotly_parts import go
from .sampler_package import Explanation
from .sampler_package import median
from .sampler_package import Prediction
from .scales import describe
from .scales import FloatArray
from .scales import Scale


@dataclass(frozen=True)
class Cells:
    """What is expected over two parameters.

    Attributes:
        horizontal: The values of one.
        vertical: Those of the other.
        medians: Array (n_vertical, n_horizontal), NaN where one of the two does not exist.
        uncertainties: Likewise, half the widths of the 80% intervals.
    """

    horizontal: Scale
    vertical: Scale
    medians: FloatArray
    uncertainties: FloatArray

    @classmethod
    def over(
        cls,
        explanation: Explanation,
        pair: tuple[Scale, Scale],
        base: Mapping[str, Any],
        objective: int,
    ) -> Cells:
        """Those through a point.

        Args:
            explanation: Of the study.
            pair: The horizontal and the vertical parameter.
            base: A value for every parameter.
            objective: Whose values.
        """
        horizontal, vertical = pair
        params = [
            {**base, horizontal.name: x, vertical.name: y}
            for y in vertical.values
            for x in horizontal.values
        ]
        both = {horizontal.name, vertical.name}
        exists = np.array([both <= names for names in explanation.existing(params)])
        predicted = explanation.predict([p for p, so in zip(params, exists) if so])
        columns = np.full((2, len(params)), np.nan)
        columns[0, exists] = [median(p, objective) for p in predicted]
        columns[1, exists] = [_uncertainty(p, objective) for p in predicted]
        shape = len(vertical.values), len(horizontal.values)
        return cls(horizontal, vertical, columns[0].reshape(shape), columns[1].reshape(shape))

    def transposed(self) -> Cells:
        """The same with the parameters exchanged."""
        return Cells(self.vertical, self.horizontal, self.medians.T, self.uncertainties.T)


def _uncertainty(prediction: Prediction, objective: int) -> float:
    low, high = prediction.interval(0.8, objective)
    return (high - low) / 2.0


def add_cells(figure: go.Figure, place: tuple[int, int], cells: Cells, is_median: bool) -> None:
    """Draw the median, or its uncertainty, over two parameters."""
    horizontal, vertical = cells.horizontal, cells.vertical
    texts = [
        [describe({horizontal.name: x, vertical.name: y}) for x in horizontal.values]
        for y in vertical.values
    ]
    what = "expected" if is_median else "80% interval, half its width"
    figure.add_trace(
        go.Heatmap(
            x=horizontal.edges,
            y=vertical.edges,
            z=cells.medians if is_median else cells.uncertainties,
            customdata=texts,
            coloraxis="coloraxis" if is_median else "coloraxis2",
            hovertemplate=f"%{{customdata}}<br>{what}: %{{z:.5g}}<extra></extra>",
            hoverongaps=False,
        ),
        row=place[0],
        col=place[1],
    )
