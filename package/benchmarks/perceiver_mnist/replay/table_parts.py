"""What a table is made of, and how it is made of a lattice that was measured completely."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
import math
from typing import Any
from typing import Protocol
from typing import TYPE_CHECKING

import numpy as np

from ..presets import Preset
from .measured import cell_medians
from .measured import Lattice
from .measured import MeasuredRun
from .surface import Hyperparameters
from .surface import Surface


if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]

Cell = tuple[int, int, int]


@dataclass(frozen=True)
class LossScale:
    """The scale on which the loss is modelled: ``z = log(log(loss) - offset)``.

    On the logarithm of the loss, runs near divergence spread ten times as wide as the others; on
    this scale the spread is even enough for one model. It is without bounds, so that whatever a
    model predicts is the logarithm of a loss above ``exp(offset)``.

    Attributes:
        offset: Below the logarithm of every measured loss.
    """

    offset: float

    def to_z(self, loss: Array) -> Array:
        """Transform losses above ``exp(offset)``."""
        return np.asarray(np.log(np.log(loss) - self.offset))

    def to_loss(self, z: float) -> float:
        """Invert :meth:`to_z`; capped far above any measured loss."""
        return math.exp(min(self.offset + math.exp(min(z, 5.0)), 50.0))


class NoisySurface(Protocol):
    """The median of a measurement, and its noise, at a cell and a place on the last axis."""

    def mean_at(self, cell: tuple[int, ...], position: float) -> float:
        """Posterior mean."""
        ...

    def noise_sd_at(self, cell: tuple[int, ...], position: float) -> float:
        """Standard deviation of one measurement."""
        ...

    @property
    def leave_one_out_residuals(self) -> tuple[Array, Array]:
        """Measurement minus its prediction from all others, and that difference's sd."""
        ...


@dataclass(frozen=True)
class Parts:
    """What :class:`.table.Table` replays.

    Attributes:
        loss_scale: The scale of the loss surface.
        loss_surface: Of the loss on that scale.
        accuracy_surface: Of the log odds of the test accuracy.
        accuracy_correlation: Correlation of the noise of the two.
        curve_shape: Loss curve over its mean, of a measured run near a cell and position: chosen
            by a uniform number.
        seconds: Of a run in each cell (n_depth, n_latent_dim, n_num_latents).
        peak_memory_mb: Likewise.
    """

    loss_scale: LossScale
    loss_surface: NoisySurface
    accuracy_surface: NoisySurface
    accuracy_correlation: float
    curve_shape: Callable[[Cell, float, float], Array]
    seconds: Array
    peak_memory_mb: Array


def lattice_parts(preset: Preset, runs: list[MeasuredRun], model: Mapping[str, Any]) -> Parts:
    """Parts of a table whose whole lattice was measured at the same learning rates.

    Args:
        preset: The preset that was measured.
        runs: Every cell of the lattice at every learning rate once with role ``"lattice"``, in any
            order.
        model: The ``"model"`` section of ``data/<preset>.json``.
    """
    lattice = Lattice(preset, runs)
    scale = LossScale(model["loss"]["offset"])
    shapes = lattice.gather("curve") / lattice.gather("loss")[..., None]
    n_rates = len(lattice.levels[-1])

    def curve_shape(cell: Cell, position: float, uniform: float) -> Array:
        """Of one of the two neighbouring measured runs, the closer the likelier.

        Drawn and not averaged, which would make replayed curves smoother than measured ones.
        """
        scaled = position * (n_rates - 1)
        lower = min(int(scaled), n_rates - 2)
        return np.asarray(shapes[cell][lower + (uniform < scaled - lower)])

    seconds_surface = Surface(
        lattice.levels[:-1],
        np.log(cell_medians(preset, runs, "seconds")),
        Hyperparameters(**model["seconds"]["surface"]),
    )
    return Parts(
        loss_scale=scale,
        loss_surface=Surface(
            lattice.levels,
            scale.to_z(lattice.gather("loss")),
            Hyperparameters(**model["loss"]["surface"]),
        ),
        accuracy_surface=Surface(
            lattice.levels,
            logit(lattice.gather("test_accuracy"), preset.n_test),
            Hyperparameters(**model["test_accuracy"]["surface"]),
        ),
        accuracy_correlation=float(model["test_accuracy"]["correlation_with_loss"]),
        curve_shape=curve_shape,
        seconds=np.exp(_on_lattice(seconds_surface, lattice.levels[:-1])),
        peak_memory_mb=cell_medians(preset, runs, "peak_memory_mb"),
    )


def logit(accuracy: Array, n_images: int) -> Array:
    """Log odds, kept finite by half an image on either side.

    Args:
        accuracy: Shares, 0 to 1.
        n_images: Number of images that they are shares of.
    """
    half = 0.5 / n_images
    clipped = np.clip(accuracy, half, 1.0 - half)
    return np.asarray(np.log(clipped / (1.0 - clipped)))


def _on_lattice(surface: Surface, levels: Sequence[Array]) -> Array:
    """Posterior mean at every point of the lattice."""
    sizes = [len(axis) for axis in levels]
    means = [
        surface.mean_at(cell, position)
        for cell in np.ndindex(*sizes[:-1])
        for position in levels[-1]
    ]
    return np.array(means).reshape(sizes)
