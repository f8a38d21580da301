"""Replay measured training runs: losses, curves, accuracies and costs, with their noise.

Needs numpy only. What stands between the measured learning rates, and what noise a replayed run
carries, is told in the README of this package; the figures are in ``data/<preset>.json``.
"""

from __future__ import annotations

from functools import lru_cache
import hashlib
import json
import math
from pathlib import Path
from statistics import NormalDist
from typing import Any
from typing import TYPE_CHECKING

import numpy as np

from ..presets import get_preset
from ..presets import Preset
from ..record import DIVERGED_LOSS
from ..record import N_CURVE_POINTS
from ..record import TrainingRecord
from .measured import CELL_AXES
from .measured import MeasuredRun
from .measured import read_runs
from .scattered_parts import scattered_parts
from .table_parts import Cell
from .table_parts import lattice_parts
from .table_parts import NoisySurface


if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]


_DATA = Path(__file__).parents[1] / "data"
_STANDARD_NORMAL = NormalDist()


class Table:
    """The measured runs of a preset, and what they say about runs that were not made.

    Args:
        preset: The preset that was measured.
        runs: Its measured runs, as the design of the preset has them, in any order.
        model: The ``"model"`` section of ``data/<preset>.json``.
    """

    def __init__(self, preset: Preset, runs: list[MeasuredRun], model: Mapping[str, Any]) -> None:
        self.preset = preset
        self.runs = runs
        self._low = preset.learning_rate.low
        self._log_range = math.log(preset.learning_rate.high / self._low)
        self._indices = [
            {value: i for i, value in enumerate(preset.space[name].values)} for name in CELL_AXES
        ]
        is_scattered = any(run.role == "design" for run in runs)
        make_parts = scattered_parts if is_scattered else lattice_parts
        self._parts = make_parts(preset, runs, model)
        self.loss_scale = self._parts.loss_scale
        self.loss_surface = self._parts.loss_surface
        self.accuracy_surface = self._parts.accuracy_surface
        self.seconds = self._parts.seconds
        self._noise = _standardised_noise(self.loss_surface)

    def expected_loss(
        self, depth: int, latent_dim: int, num_latents: int, learning_rate: float
    ) -> float:
        """The median loss over training seeds.

        Args:
            depth: Number of blocks, on the preset's lattice.
            latent_dim: Channels per latent, on the preset's lattice.
            num_latents: Number of latents, on the preset's lattice.
            learning_rate: Within the preset's range.
        """
        cell = self.cell(depth, latent_dim, num_latents)
        return self.loss_scale.to_loss(
            self.loss_surface.mean_at(cell, self.position(learning_rate))
        )

    def replay(
        self,
        depth: int,
        latent_dim: int,
        num_latents: int,
        learning_rate: float,
        training_seed: int = 0,
    ) -> TrainingRecord:
        """A training run as it might have been measured.

        Args:
            depth: Number of blocks, on the preset's lattice.
            latent_dim: Channels per latent, on the preset's lattice.
            num_latents: Number of latents, on the preset's lattice.
            learning_rate: Within the preset's range.
            training_seed: Chooses the noise: the same configuration with the same seed gives the
                same run, and no two configurations share their noise.
        """
        cell = self.cell(depth, latent_dim, num_latents)
        position = self.position(learning_rate)
        loss_noise, accuracy_noise, which_curve = self._draws(cell, learning_rate, training_seed)
        surface = self.loss_surface
        loss = self.loss_scale.to_loss(
            surface.mean_at(cell, position) + surface.noise_sd_at(cell, position) * loss_noise
        )
        curve = (loss * self._curve_shape(cell, position, which_curve)).tolist()
        seconds = float(self.seconds[cell])
        return TrainingRecord(
            loss=loss,
            loss_curve=curve,
            test_accuracy=self._accuracy(cell, position, loss_noise, accuracy_noise),
            seconds=seconds,
            cpu_seconds=seconds,
            peak_memory_mb=float(self._parts.peak_memory_mb[cell]),
            diverged=curve[-1] > DIVERGED_LOSS,
            device="table",
        )

    def cell(self, depth: int, latent_dim: int, num_latents: int) -> tuple[int, int, int]:
        """Index of a lattice cell on each axis.

        Raises:
            ValueError: If a value is not on the lattice.
        """
        try:
            return (
                self._indices[0][depth],
                self._indices[1][latent_dim],
                self._indices[2][num_latents],
            )
        except KeyError:
            raise ValueError(
                f"(depth, latent_dim, num_latents) is {(depth, latent_dim, num_latents)}, which "
                f"is not on the lattice of preset {self.preset.name!r}."
            ) from None

    def position(self, learning_rate: float) -> float:
        """Place on the logarithmic range of the learning rate, 0 to 1."""
        return math.log(learning_rate / self._low) / self._log_range

    def _draws(
        self, cell: Cell, learning_rate: float, training_seed: int
    ) -> tuple[float, float, float]:
        """Noise of the loss and of the accuracy, and a uniform number: functions of the key."""
        key = f"{self.preset.name} {cell} {float(learning_rate).hex()} {int(training_seed)}"
        digest = hashlib.blake2b(key.encode(), digest_size=24).digest()
        # Of 52 bits and a half, so that none rounds to 0 or 1.
        uniform = [
            ((int.from_bytes(digest[i : i + 8], "little") >> 12) + 0.5) / 2.0**52
            for i in (0, 8, 16)
        ]
        return (
            float(self._noise[int(uniform[0] * len(self._noise))]),
            _STANDARD_NORMAL.inv_cdf(uniform[1]),
            uniform[2],
        )

    def _curve_shape(self, cell: Cell, position: float, uniform: float) -> Array:
        shape = self._parts.curve_shape(cell, position, uniform)
        # Measured curves are rounded in the file: the mean must be the loss, and not nearly so.
        return np.asarray(shape / (shape.sum() / N_CURVE_POINTS))

    def _accuracy(self, cell: Cell, position: float, loss_noise: float, own_noise: float) -> float:
        """Test accuracy, as a whole number of images; worse where noise made the loss worse."""
        correlation = self._parts.accuracy_correlation
        noise = correlation * loss_noise + math.sqrt(1.0 - correlation**2) * own_noise
        surface = self.accuracy_surface
        z = surface.mean_at(cell, position) + surface.noise_sd_at(cell, position) * noise
        return round(self.preset.n_test / (1.0 + math.exp(-z))) / self.preset.n_test


def _standardised_noise(surface: NoisySurface) -> Array:
    """Leave-one-out residuals in units of their sd: the shape of the noise as measured.

    Its tails are a little heavier than those of a normal distribution. Median 0, so that the
    surface is the median of what is replayed, and root mean square 1.
    """
    residuals, sds = surface.leave_one_out_residuals
    noise = (residuals / sds).ravel()
    noise -= np.median(noise)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)))


def data_paths(preset_name: str) -> tuple[Path, Path]:
    """Where the runs and the model of a preset's table are: CSV and JSON."""
    return _DATA / f"{preset_name}.csv", _DATA / f"{preset_name}.json"


@lru_cache(maxsize=None)
def load_table(preset_name: str) -> Table:
    """Load a preset's table, once per process.

    Args:
        preset_name: A name in ``presets.PRESETS``.

    Raises:
        FileNotFoundError: If no table of this preset has been measured yet.
        ValueError: If its files are damaged, or not of one table.
    """
    preset = get_preset(preset_name)
    runs_path, model_path = data_paths(preset_name)
    if not runs_path.is_file() or not model_path.is_file():
        command = "python -m package.benchmarks.perceiver_mnist"
        raise FileNotFoundError(
            f"No table of preset {preset_name!r} has been measured yet (there is no "
            f"data/{runs_path.name}). Use mode='train', or measure one, from the folder that "
            f"holds package/: {command}.campaign --preset {preset_name} --out campaign.jsonl, "
            f"then {command}.build_table --preset {preset_name} --records campaign.jsonl."
        )
    try:
        runs, content = read_runs(runs_path), json.loads(model_path.read_text())
        n_modelled = sum(content["provenance"]["n_runs"].values())
        if len(runs) != n_modelled:
            # A file that ends too early at the end of a line would make a table of its own.
            raise ValueError(f"{len(runs)} runs, but the model is of {n_modelled}")
        return Table(preset, runs, content["model"])
    except Exception as error:  # Whatever half a file leads to.
        raise ValueError(
            f"The table of preset {preset_name!r} cannot be read ({error!r}): "
            f"data/{runs_path.name} and data/{model_path.name} must be whole, and of one table. "
            "Get this package's folder anew."
        ) from error
