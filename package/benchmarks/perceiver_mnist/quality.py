"""How well a table tells what it did not measure: held-out errors beside the noise.

Needs scipy, for one of the interpolations compared.
"""

from __future__ import annotations

from collections.abc import Callable
import math
from typing import Any
from typing import TYPE_CHECKING

import numpy as np

from .measured import Lattice
from .measured import MeasuredRun
from .table import Table


if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]
    # Logarithm of a cell's losses at the measured learning rates -> at one position, 0 to 1.
    Interpolation: TypeAlias = Callable[[Array, float], float]


def quality(table: Table) -> dict[str, Any]:
    """Errors and noise, in units of the natural logarithm of the loss.

    Held-out runs lie at random learning rates between the measured ones and were used for
    nothing else. Their error is that of the prediction and one run's noise together: no
    prediction can come below the noise.

    Args:
        table: A table with runs of all three roles.

    Returns:
        ``"edge_from"``: the last measured learning rate but one. Beyond it, called the edge, lie
        nearly all divergent runs: the rest, called below, is told apart from it.
        ``"held_out"``: for each way to predict and each part of the learning-rate range, root
        mean square and median absolute error; ``"noise"``: the same of the difference of two
        runs of one configuration, divided by the root of two, and of the noise that the table
        replays; ``"standardised"``: what should be 1 if the noise of the table is right.
    """
    lattice = Lattice(table.preset, table.runs)
    log_loss = np.log(lattice.gather("loss"))
    edge_from = _edge_from(lattice)
    held_out = [run for run in table.runs if run.role == "held_out"]
    measured = np.log([run.loss for run in held_out])
    edges = np.array([table.position(run.learning_rate) > edge_from for run in held_out])
    errors = {
        name: _by_part(
            measured
            - [
                predict(log_loss[_cell(table, run)], table.position(run.learning_rate))
                for run in held_out
            ],
            edges,
        )
        for name, predict in _interpolations(lattice.levels[-1]).items()
    }
    errors["surface"] = _by_part(measured - [_log_expected(table, run) for run in held_out], edges)
    repeats = [run for run in table.runs if run.role == "repeat"]
    repeat_edges = np.array([table.position(run.learning_rate) > edge_from for run in repeats])
    return {
        "edge_from": sorted({run.learning_rate for run in lattice.runs})[-2],
        "n_repeats": {"below": int((~repeat_edges).sum()), "edge": int(repeat_edges.sum())},
        "n_held_out": {"below": int((~edges).sum()), "edge": int(edges.sum())},
        "held_out": errors,
        "noise": _noise(table, lattice),
        "standardised": _standardised(table, lattice),
        "cost": _cost(table),
        "diverged": _rounded(float(lattice.gather("diverged").mean())),
        "n_learning_rates": lattice.shape[-1],
    }


def markdown(content: dict[str, Any]) -> list[list[str]]:
    """The two tables that the README shows, as aligned lines of Markdown.

    Args:
        content: Of ``data/<preset>.json``.
    """
    figures, origin = content["quality"], content["provenance"]
    environment = {key: ", ".join(values) for key, values in origin["environment"].items()}
    runs = origin["n_runs"]
    facts = [
        ("Measured runs", content["preset"]),
        *((f"role `{role}`", f"{runs[role]:,}") for role in ("lattice", "repeat", "held_out")),
        ("learning rates in the lattice", str(figures["n_learning_rates"])),
        ("finished", origin["finished"]),
        ("machine", f"{environment['machine']}, {environment['device']}"),
        (
            "versions",
            f"Python {environment['python']}, torch {environment['torch']}, "
            f"torchvision {environment['torchvision']}",
        ),
        ("processor time of all runs", f"{origin['total_seconds'] / 3600:.1f} h"),
        (
            "seconds of one run, replayed",
            f"{figures['cost']['lowest']:.2f} to {figures['cost']['highest']:.2f}",
        ),
        ("spread of seconds within a cell", f"{100 * figures['cost']['spread']:.0f}%"),
        ("diverged", f"{100 * figures['diverged']:.1f}% of the lattice"),
        (
            "correlation of accuracy with loss noise",
            f"{content['model']['test_accuracy']['correlation_with_loss']:.2f}",
        ),
    ]
    n_held_out, n_repeats = figures["n_held_out"], figures["n_repeats"]
    held_out, noise = figures["held_out"], figures["noise"]
    errors = [
        ("Error in log(loss)", "n below", "RMS", "median", "n at the edge", "RMS", "median"),
        _row("held out: this table", n_held_out, held_out["surface"]),
        _row("held out: linear interpolation", n_held_out, held_out["linear"]),
        _row("held out: monotone cubic", n_held_out, held_out["pchip"]),
        _row("noise: pairs of measured runs", n_repeats, noise["measured_pairs"]),
        _row("noise: pairs of replayed runs", n_repeats, noise["replayed_pairs"]),
    ]
    return [_aligned(facts), _aligned(errors)]


def update_readme(text: str, tables: list[list[str]]) -> str:
    """Put the tables where those with the same first header cell stand.

    Args:
        text: Of the README.
        tables: From :func:`markdown`.

    Raises:
        ValueError: If the README has no such table.
    """
    lines = text.splitlines()
    for table in tables:
        title = table[0].split("|")[1].strip()
        starts = [i for i, line in enumerate(lines) if line.startswith(f"| {title} ")]
        if not starts:
            raise ValueError(f"The README has no table whose first header is {title!r}.")
        end = starts[0]
        while end < len(lines) and lines[end].startswith("|"):
            end += 1
        lines[starts[0] : end] = table
    return "\n".join(lines) + "\n"


def _row(name: str, n: dict[str, int], errors: dict[str, dict[str, float]]) -> tuple[str, ...]:
    return (
        name,
        *(
            cell
            for part in ("below", "edge")
            for cell in (
                str(n[part]),
                f"{errors[part]['rms']:.3f}",
                f"{errors[part]['median']:.3f}",
            )
        ),
    )


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns padded to one width, as mdformat does it."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
        for row in rows
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return lines


def _edge_from(lattice: Lattice) -> float:
    # Not quite, so that runs at the last level but one do not fall on either side by rounding.
    return float(lattice.levels[-1][-2]) + 1e-4


def _cost(table: Table) -> dict[str, float]:
    """Replayed seconds, and the spread of measured ones within a cell, as a share."""
    replayed, deviations = [], []
    by_cell: dict[tuple[int, int, int], list[float]] = {}
    for run in table.runs:
        by_cell.setdefault((run.depth, run.latent_dim, run.num_latents), []).append(run.seconds)
    for cell, seconds in by_cell.items():
        replayed.append(table.replay(*cell, table.preset.learning_rate.low).seconds)
        deviations += list(np.log(np.array(seconds) / np.median(seconds)))
    return {
        "lowest": _rounded(min(replayed)),
        "highest": _rounded(max(replayed)),
        "spread": _rms(np.array(deviations)),
    }


def _interpolations(positions: Array) -> dict[str, Interpolation]:
    """What the surface must beat: through the measured points of the cell alone."""
    from scipy.interpolate import PchipInterpolator

    return {
        "linear": lambda values, at: float(np.interp(at, positions, values)),
        "pchip": lambda values, at: float(PchipInterpolator(positions, values)(at)),
    }


def _noise(table: Table, lattice: Lattice) -> dict[str, Any]:
    edge_from = _edge_from(lattice)
    repeats = [run for run in table.runs if run.role == "repeat"]
    edges = np.array([table.position(run.learning_rate) > edge_from for run in repeats])
    first = lattice.gather("loss")
    levels = [_nearest_level(table, lattice, run) for run in repeats]
    pairs = [
        math.log(run.loss / first[(*_cell(table, run), level)])
        for run, level in zip(repeats, levels)
    ]
    # Many pairs of seeds, so that only the measured figure carries an error of its own.
    replayed = np.array(
        [[math.log(_replay(table, run, seed).loss) for seed in range(40)] for run in repeats]
    )
    replayed_pairs = (replayed[:, ::2] - replayed[:, 1::2]) / math.sqrt(2.0)
    return {
        "measured_pairs": _by_part(np.array(pairs) / math.sqrt(2.0), edges),
        "replayed_pairs": _by_part(
            replayed_pairs.ravel(), np.repeat(edges, replayed_pairs.shape[1])
        ),
    }


def _standardised(table: Table, lattice: Lattice) -> dict[str, float]:
    """Spread of residuals in units of what the model says it is; 1 is right.

    Pairs tell whether the modelled noise is the measured one, whatever the surface does.
    Held-out runs tell whether the surface is off by more than noise: smoother than the data, or
    less smooth.
    """
    surface = table.loss_surface
    first = table.loss_scale.to_z(lattice.gather("loss"))
    pairs, held_out = [], []
    for run in table.runs:
        if run.role == "lattice":
            continue
        cell, position = _cell(table, run), table.position(run.learning_rate)
        z = float(table.loss_scale.to_z(np.array(run.loss)))
        sd = surface.noise_sd_at(cell, position)
        if run.role == "repeat":
            level = _nearest_level(table, lattice, run)
            pairs.append((z - first[(*cell, level)]) / (math.sqrt(2.0) * sd))
        else:
            held_out.append((z - surface.mean_at(cell, position)) / sd)
    residuals, sds = surface.leave_one_out_residuals
    return {
        "repeats_rms": _rms(np.array(pairs)),
        "held_out_rms": _rms(np.array(held_out)),
        "leave_one_out_rms": _rms(residuals / sds),
        "repeats_beyond_3": _rounded(float(np.mean(np.abs(pairs) > 3.0))),
    }


def _cell(table: Table, run: MeasuredRun) -> tuple[int, int, int]:
    return table.cell(run.depth, run.latent_dim, run.num_latents)


def _nearest_level(table: Table, lattice: Lattice, run: MeasuredRun) -> int:
    return int(np.abs(lattice.levels[-1] - table.position(run.learning_rate)).argmin())


def _log_expected(table: Table, run: MeasuredRun) -> float:
    return math.log(
        table.expected_loss(run.depth, run.latent_dim, run.num_latents, run.learning_rate)
    )


def _replay(table: Table, run: MeasuredRun, seed: int) -> Any:
    return table.replay(run.depth, run.latent_dim, run.num_latents, run.learning_rate, seed)


def _by_part(errors: Array, edges: NDArray[np.bool_]) -> dict[str, dict[str, float]]:
    return {
        part: {"rms": _rms(errors[mask]), "median": _rounded(float(np.median(abs(errors[mask]))))}
        for part, mask in (("below", ~edges), ("edge", edges))
    }


def _rms(values: Array) -> float:
    return _rounded(float(np.sqrt(np.mean(values**2))))


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
