"""How a table is made of runs scattered over the space."""

from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any
from typing import TYPE_CHECKING

import numpy as np

from ..presets import Preset
from .measured import CELL_AXES
from .measured import MeasuredRun
from .scattered_surface import ScatteredHyperparameters
from .scattered_surface import ScatteredSurface
from .table_parts import Cell
from .table_parts import logit
from .table_parts import LossScale
from .table_parts import Parts


if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]


class ScatteredRuns:
    """Runs of a scattered design as arrays, without the cells that are held out.

    Args:
        preset: The preset that was measured.
        runs: Measured runs of any role; repetitions of a held-out cell are held out with it.

    Attributes:
        levels: Coordinates of the lattice on the axes of the three integers, 0 to 1.
        runs: Those to learn from.
    """

    def __init__(self, preset: Preset, runs: list[MeasuredRun]) -> None:
        self._preset = preset
        held_out = {run.cell for run in runs if run.role == "held_out"}
        self.runs = [run for run in runs if run.cell not in held_out]
        self.levels: list[Array] = [
            np.linspace(0.0, 1.0, len(preset.space[name].values)) for name in CELL_AXES
        ]
        if len(self.runs) < 2:
            raise ValueError(
                f"The table of preset {preset.name!r} has {len(self.runs)} runs outside the "
                "held-out cells: too few for a model."
            )

    def points(self, runs: list[MeasuredRun]) -> Array:
        """Coordinates of runs in the unit cube (n, 4).

        Args:
            runs: Of this preset.
        """
        rates = self._preset.learning_rate
        columns = []
        for name, levels in zip(CELL_AXES, self.levels):
            values = self._preset.space[name].values
            columns.append([levels[values.index(getattr(run, name))] for run in runs])
        span = math.log(rates.high / rates.low)
        columns.append([math.log(run.learning_rate / rates.low) / span for run in runs])
        return np.array(columns, dtype=float).reshape(4, len(runs)).T

    def gather(self, name: str) -> Array:
        """A column of the runs."""
        return np.array([getattr(run, name) for run in self.runs], dtype=float)


def scattered_parts(preset: Preset, runs: list[MeasuredRun], model: Mapping[str, Any]) -> Parts:
    """Parts of a table of scattered runs.

    Args:
        preset: The preset that was measured.
        runs: Its runs.
        model: The ``"model"`` section of ``data/<preset>.json``.
    """
    scattered = ScatteredRuns(preset, runs)
    points = scattered.points(scattered.runs)
    scale = LossScale(model["loss"]["offset"])
    loss_surface, accuracy_surface = (
        ScatteredSurface(
            points,
            values,
            scattered.levels,
            ScatteredHyperparameters(**model[name]["surface"]),
        )
        for name, values in (
            ("loss", scale.to_z(scattered.gather("loss"))),
            ("test_accuracy", logit(scattered.gather("test_accuracy"), preset.n_test)),
        )
    )
    shapes = scattered.gather("curve") / scattered.gather("loss")[:, None]

    def curve_shape(cell: Cell, position: float, uniform: float) -> Array:
        """Of one of the two nearest measured runs, the nearer the likelier."""
        distances = loss_surface.distances(cell, position)
        first, second = np.argsort(distances, kind="stable")[:2]
        total = distances[first] + distances[second]
        share = distances[first] / total if total > 0.0 else 0.5
        return np.asarray(shapes[second if uniform < share else first])

    return Parts(
        loss_scale=scale,
        loss_surface=loss_surface,
        accuracy_surface=accuracy_surface,
        accuracy_correlation=float(model["test_accuracy"]["correlation_with_loss"]),
        curve_shape=curve_shape,
        seconds=_on_cells(preset, model["seconds"]["coefficients"]),
        peak_memory_mb=_on_cells(preset, model["peak_memory_mb"]["coefficients"]),
    )


def cost_terms(depth: Any, latent_dim: Any, num_latents: Any) -> list[Any]:
    """What time and memory of a training run are sums of, each in units of a middling size.

    A constant, one per block, and per block: activations, attention among the latents, weights,
    products of weights and activations.

    Args:
        depth: Number of blocks; numbers or arrays, as those that follow.
        latent_dim: Channels per latent.
        num_latents: Number of latents.
    """
    dim, latents = latent_dim / 320.0, num_latents / 160.0
    one = 1.0 + 0.0 * depth
    per_block = (1.0, dim * latents, dim * latents**2, dim**2, dim**2 * latents)
    return [one, *(depth / 5.0 * term for term in per_block)]


def _on_cells(preset: Preset, coefficients: list[float]) -> Array:
    """A sum of :func:`cost_terms` in every cell."""
    axes = [np.array(preset.space[name].values, dtype=float) for name in CELL_AXES]
    terms = cost_terms(*np.meshgrid(*axes, indexing="ij"))
    return np.asarray(sum(c * term for c, term in zip(coefficients, terms)))
