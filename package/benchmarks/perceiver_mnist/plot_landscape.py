"""Draw the landscape of a preset's table into ``images/<preset>.png``.

From the folder that holds ``package/``::

    python -m package.benchmarks.perceiver_mnist.plot_landscape --preset small

Needs matplotlib, and Pillow, which it brings.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import io
import math
from pathlib import Path
import sys
from typing import Any

import numpy as np

from .presets import PRESETS
from .replay.measured import MeasuredRun
from .replay.table import load_table
from .replay.table import Table


_COLORS = ("#0072B2", "#009E73", "#D55E00")  # Okabe and Ito: told apart by the colour-blind
_ROLES = (
    ("lattice", "o", "measured"),
    ("design", "o", "measured"),
    ("repeat", "s", "repeated"),
    ("held_out", "x", "held out"),
)
_N_COLOURS = 255
_TICKS = [0.4, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000]


def plot(table: Table) -> Any:
    """Return a figure: loss against learning rate, held-out runs, and cost.

    Args:
        table: A preset's table.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.6), layout="constrained")
    axes = figure.subplots(1, 3, width_ratios=[1.25, 1, 1])
    _plot_loss(axes[0], table)
    _plot_held_out(axes[1], table)
    _plot_cost(axes[2], table)
    return figure


def _plot_loss(axes: Any, table: Table) -> None:
    space = table.preset
    middle = [range_.values[3] for range_ in (space.latent_dim, space.num_latents)]
    rates = np.geomspace(space.learning_rate.low, space.learning_rate.high, 200)
    depths = (space.depth.values[0], space.depth.values[3], space.depth.values[-1])
    for depth, color in zip(depths, _COLORS):
        cell = (depth, *middle)
        at = [table.position(rate) for rate in rates]
        surface, index = table.loss_surface, table.cell(*cell)
        mean = np.array([surface.mean_at(index, position) for position in at])
        sd = np.array([surface.noise_sd_at(index, position) for position in at])
        low, median, high = (
            [table.loss_scale.to_loss(z) for z in mean + k * sd] for k in (-2.0, 0.0, 2.0)
        )
        axes.fill_between(rates, low, high, color=color, alpha=0.15, linewidth=0)
        axes.plot(rates, median, color=color, label=f"depth {depth}")
        for role, marker, _ in _ROLES:
            runs = [
                run
                for run in table.runs
                if run.role == role and (run.depth, run.latent_dim, run.num_latents) == cell
            ]
            axes.plot(
                [run.learning_rate for run in runs],
                [run.loss for run in runs],
                marker,
                color=color,
                markersize=4.5,
                fillstyle="none" if role == "repeat" else "full",
            )
    axes.set(xscale="log", yscale="log", xlabel="learning rate", ylabel="mean training loss")
    # Bands where runs diverge may reach far beyond what was ever measured.
    losses = [run.loss for run in table.runs]
    axes.set_ylim(max(axes.get_ylim()[0], 0.9 * min(losses)), min(axes.get_ylim()[1], max(losses)))
    axes.set_title(f"{middle[0]} channels, {middle[1]} latents: median, two sd", fontsize=9)
    ticks = _ticks(*axes.get_ylim())
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    there = {run.role for run in table.runs}
    for role, marker, label in _ROLES:
        if role in there:
            axes.plot([], [], marker, color="grey", markersize=4.5, label=label)
    axes.legend(fontsize=7, loc="upper left")


def _plot_held_out(axes: Any, table: Table) -> None:
    runs = [run for run in table.runs if run.role == "held_out"]
    expected = [table.expected_loss(*_point(run)) for run in runs]
    measured = [run.loss for run in runs]
    positions = [table.position(run.learning_rate) for run in runs]
    axes.scatter(expected, measured, c=positions, s=7, cmap="viridis")
    limits = min(measured) * 0.95, max(measured) * 1.05
    axes.plot(limits, limits, color="grey", linewidth=0.8)
    axes.set(xscale="log", yscale="log", xlabel="loss by the table", ylabel="loss measured")
    ticks = _ticks(*limits)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_title("held-out runs (dark: small learning rate)", fontsize=9)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers within limits, every other one where there are many."""
    within = [tick for tick in _TICKS if low < tick < high]
    return within if len(within) < 8 else within[1::2]


def _plot_cost(axes: Any, table: Table) -> None:
    space = table.preset
    rate = math.sqrt(space.learning_rate.low * space.learning_rate.high)
    dims = (space.latent_dim.values[0], space.latent_dim.values[3], space.latent_dim.values[-1])
    for dim, color in zip(dims, _COLORS):
        for latents, style in (
            (space.num_latents.values[0], "--"),
            (space.num_latents.values[-1], "-"),
        ):
            seconds = [table.replay(d, dim, latents, rate).seconds for d in space.depth.values]
            label = f"{dim} channels, {latents} latents"
            axes.plot(space.depth.values, seconds, style, color=color, label=label)
    axes.set(xlabel="depth", ylabel="seconds per run", ylim=(0, None))
    axes.set_title("cost", fontsize=9)
    axes.legend(fontsize=6.5)


def _point(run: MeasuredRun) -> tuple[int, int, int, float]:
    return run.depth, run.latent_dim, run.num_latents, run.learning_rate


def _save(figure: Any, path: Path) -> None:
    """Write a figure as a PNG of a palette, with neither date nor version in it.

    The same table gives the same bytes, and the page of a registry stays light.
    """
    from PIL import Image

    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=90, metadata={"Software": None})
    colours = Image.open(buffer).convert("RGB")
    colours.quantize(_N_COLOURS).save(path, optimize=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=sorted(PRESETS), default="small")
    options = parser.parse_args(arguments)
    try:
        table = load_table(options.preset)
    except FileNotFoundError as error:
        parser.error(str(error))
    path = Path(__file__).parent / "images" / f"{options.preset}.png"
    try:
        path.parent.mkdir(exist_ok=True)
        _save(plot(table), path)
    except ImportError as error:
        parser.error(f"matplotlib is needed: pip install matplotlib. ({error})")
    except OSError as error:
        parser.error(f"the picture cannot be written: {error}")
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
