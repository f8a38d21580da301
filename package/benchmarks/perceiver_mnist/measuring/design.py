"""Which training runs a campaign makes, and which of them side by side.

Imports nothing but the standard library.
"""

from __future__ import annotations

from dataclasses import dataclass
import itertools
import random

from ..presets import Preset


N_LEARNING_RATES = 7
N_REPEATS = 250
N_HELD_OUT = 200
N_RATES_A_CELL = 4
HELD_OUT_EVERY = 10
ALONE_EVERY = 4
# Steps of the additive recurrence of lowest discrepancy in one and in three dimensions: powers of
# 1/g, where g solves g**(d + 1) = g + 1. Martin Roberts, The unreasonable effectiveness of
# quasirandom sequences, 2018.
_GOLDEN = 0.6180339887498949
_RECURRENCE_3D = (0.8191725133961644, 0.6710436067037893, 0.5497004779019703)


@dataclass(frozen=True)
class Run:
    """One training run of the design.

    Attributes:
        role: ``"lattice"`` or ``"design"`` (what the table is made of), ``"repeat"`` (a
            configuration of these with another training seed: tells the noise) or ``"held_out"``
            (tells the error of interpolating).
        depth: Number of Perceiver blocks.
        latent_dim: Channels per latent.
        num_latents: Number of latents.
        learning_rate: Adam's learning rate.
        training_seed: Different in every run, so that no two share their noise.
    """

    role: str
    depth: int
    latent_dim: int
    num_latents: int
    learning_rate: float
    training_seed: int

    @property
    def cell(self) -> tuple[int, int, int]:
        """The three integers: runs of one cell can be trained side by side."""
        return self.depth, self.latent_dim, self.num_latents


def design(preset: Preset) -> list[list[Run]]:
    """All runs of a preset's table, in an order whose every beginning covers the space.

    Args:
        preset: ``small`` is measured completely (:func:`full_lattice`), others are sampled
            (:func:`scattered`).

    Returns:
        Groups of runs that are trained side by side where the trainer can do so.
    """
    return full_lattice(preset) if preset.name == "small" else scattered(preset)


def full_lattice(preset: Preset) -> list[list[Run]]:
    """The whole lattice of the three integers at ``N_LEARNING_RATES`` learning rates.

    With repetitions of ``N_REPEATS`` of these; and ``N_HELD_OUT`` cells at a learning rate between
    them. Every run is a group of its own.
    """
    rng = random.Random(0)
    cells = _cells(preset)
    rates = preset.learning_rate.log_spaced(N_LEARNING_RATES)
    points = [("lattice", *cell, rate) for cell in cells for rate in rates]
    points += [("repeat", *cell, rng.choice(rates)) for cell in rng.sample(cells, N_REPEATS)]
    points += [
        ("held_out", *cell, _rate(preset, rng.random())) for cell in rng.sample(cells, N_HELD_OUT)
    ]
    rng.shuffle(points)
    return [[Run(*point, training_seed=seed)] for seed, point in enumerate(points)]


def scattered(preset: Preset) -> list[list[Run]]:
    """Every cell at ``N_RATES_A_CELL`` learning rates of its own, one of them twice.

    Cells come in the order of a low-discrepancy sequence. The learning rates of a cell lie one in
    each equal part of the logarithmic range, at a place within the part that changes from cell to
    cell. Every ``HELD_OUT_EVERY``-th cell is held out with all its runs.

    Runs of a cell are a group; in every ``ALONE_EVERY``-th cell the repetition is a group of its
    own, which tells what a single run costs.
    """
    groups: list[list[Run]] = []
    seed = 0
    for number, cell in enumerate(_spread(_cells(preset))):
        within = (number * _GOLDEN) % 1.0
        rates = [_rate(preset, (k + within) / N_RATES_A_CELL) for k in range(N_RATES_A_CELL)]
        held_out = number % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
        group = [
            Run("held_out" if held_out else "design", *cell, rate, training_seed=seed + k)
            for k, rate in enumerate(rates)
        ]
        seed += len(group) + 1
        # Not by the number of the cell alone, which would pair each rate with cells run alone.
        again = rates[(number // ALONE_EVERY) % N_RATES_A_CELL]
        repeat = Run("repeat", *cell, again, training_seed=seed - 1)
        groups += [group, [repeat]] if number % ALONE_EVERY == 0 else [[*group, repeat]]
    return groups


def seeds_alone(preset: Preset) -> set[int]:
    """Training seeds of the runs that the design has alone in their group: these tell the costs.

    Not of what an interruption left of a group, even if it was a single run: nothing of its shape
    was trained before it, and its seconds contain the compilation of its kernels.
    """
    return {group[0].training_seed for group in design(preset) if len(group) == 1}


def _cells(preset: Preset) -> list[tuple[int, int, int]]:
    return list(
        itertools.product(preset.depth.values, preset.latent_dim.values, preset.num_latents.values)
    )


def _spread(cells: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The cells in the order in which a low-discrepancy sequence first meets them."""
    axes = [sorted(set(axis)) for axis in zip(*cells)]
    order: dict[tuple[int, ...], None] = {}
    for i in itertools.count():
        if len(order) == len(cells):
            return [cell for cell in order if len(cell) == 3]
        order.setdefault(
            tuple(
                axis[int(len(axis) * ((0.5 + i * step) % 1.0))]
                for axis, step in zip(axes, _RECURRENCE_3D)
            )
        )
    raise AssertionError("itertools.count has no end.")


def _rate(preset: Preset, position: float) -> float:
    """The learning rate at a place of the logarithmic range, 0 to 1, with six digits."""
    low, high = preset.learning_rate.low, preset.learning_rate.high
    return float(f"{low * (high / low) ** position:.6g}")
