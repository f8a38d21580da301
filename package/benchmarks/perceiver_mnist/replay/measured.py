"""The measured training runs of a table, as committed, and as arrays over the lattice."""

from __future__ import annotations

import csv
from dataclasses import dataclass
import math
from pathlib import Path
from typing import Any
from typing import TYPE_CHECKING

import numpy as np

from ..presets import Preset


if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]


COLUMNS = (
    "role",
    "depth",
    "latent_dim",
    "num_latents",
    "learning_rate",
    "training_seed",
    "loss",
    "test_accuracy",
    "seconds",
    "peak_memory_mb",
    "diverged",
    "curve",
)
OPTIONAL_COLUMNS = ("side_by_side",)
CELL_AXES = ("depth", "latent_dim", "num_latents")


@dataclass(frozen=True)
class MeasuredRun:
    """One line of a table: a training run that was really made.

    Attributes:
        role: ``"lattice"``, ``"design"``, ``"repeat"`` or ``"held_out"``, see ``measuring``.
        depth: Number of Perceiver blocks.
        latent_dim: Channels per latent.
        num_latents: Number of latents.
        learning_rate: Adam's learning rate.
        training_seed: Seed of this run alone.
        loss: Mean training loss over the epoch.
        test_accuracy: Share of test images classified correctly, 0 to 1.
        seconds: Seconds of the training, see the provenance in ``data/<preset>.json``.
        peak_memory_mb: Peak memory in MB.
        diverged: Whether the run diverged.
        curve: Mean loss in each of eight equal parts of the epoch.
        side_by_side: Number of runs that were trained at once with this one, itself included; of
            several, the seconds are an equal share.
    """

    role: str
    depth: int
    latent_dim: int
    num_latents: int
    learning_rate: float
    training_seed: int
    loss: float
    test_accuracy: float
    seconds: float
    peak_memory_mb: float
    diverged: bool
    curve: tuple[float, ...]
    side_by_side: int = 1

    @property
    def cell(self) -> tuple[int, int, int]:
        """The three integers."""
        return self.depth, self.latent_dim, self.num_latents


class Lattice:
    """The runs of role ``"lattice"`` as dense arrays.

    Args:
        preset: Gives the axes.
        runs: Measured runs; those of other roles are left out.

    Raises:
        ValueError: If a point of the lattice was not measured.
    """

    def __init__(self, preset: Preset, runs: list[MeasuredRun]) -> None:
        by_point = {
            (run.depth, run.latent_dim, run.num_latents, run.learning_rate): run
            for run in runs
            if run.role == "lattice"
        }
        rates = sorted({point[-1] for point in by_point})
        axes: list[list[Any]] = [preset.space[name].values for name in CELL_AXES]
        axes.append(rates)
        self.shape = tuple(len(axis) for axis in axes)
        if len(by_point) < 2 or len(by_point) != math.prod(self.shape):
            raise ValueError(
                f"The table of preset {preset.name!r} has {len(by_point)} different runs of role "
                f"'lattice', but its lattice has {math.prod(self.shape)} points: the campaign is "
                "not complete."
            )
        self.runs = [by_point[point] for point in sorted(by_point)]
        low, high = preset.learning_rate.low, preset.learning_rate.high
        # Evenly spaced, as the campaign chose them: the file's six digits are not exact.
        assert math.isclose(rates[0], low, rel_tol=1e-5)
        assert math.isclose(rates[-1], high, rel_tol=1e-5)
        self.levels: list[Array] = [np.linspace(0.0, 1.0, size) for size in self.shape]

    def gather(self, name: str) -> Array:
        """A column in the shape of the lattice (the curve with one axis more)."""
        column = np.array([getattr(run, name) for run in self.runs], dtype=float)
        return column.reshape(self.shape + column.shape[1:])


def cell_medians(preset: Preset, runs: list[MeasuredRun], name: str) -> Array:
    """Median of a column over all runs of each cell, whatever their learning rates.

    Args:
        preset: Gives the axes.
        runs: At least one run of each cell.
        name: A column of numbers.

    Returns:
        Array (n_depth, n_latent_dim, n_num_latents).
    """
    values: dict[tuple[int, int, int], list[float]] = {}
    for run in runs:
        cell = (run.depth, run.latent_dim, run.num_latents)
        values.setdefault(cell, []).append(getattr(run, name))
    shape = [len(preset.space[axis].values) for axis in CELL_AXES]
    return np.array([np.median(values[cell]) for cell in sorted(values)]).reshape(shape)


def read_runs(path: Path) -> list[MeasuredRun]:
    """Read the measured runs of a table.

    Args:
        path: CSV with the columns ``COLUMNS``, and perhaps ``OPTIONAL_COLUMNS``.
    """
    with open(path, newline="") as file:
        lines = csv.reader(file)
        header = tuple(next(lines, []))
        if header not in (COLUMNS, COLUMNS + OPTIONAL_COLUMNS):
            raise ValueError(f"{path} has columns {header}, but should have {list(COLUMNS)}.")
        return [_parse(line) for line in lines]


def _parse(line: list[str]) -> MeasuredRun:
    return MeasuredRun(
        line[0],
        int(line[1]),
        int(line[2]),
        int(line[3]),
        float(line[4]),
        int(line[5]),
        float(line[6]),
        float(line[7]),
        float(line[8]),
        float(line[9]),
        line[10] == "1",
        tuple(map(float, line[11].split())),
        *map(int, line[12:]),
    )
