"""How well a table tells what it did not measure: held-out errors beside the noise.

Needs scipy, for one of the interpolations compared.
"""

from __future__ import annotations

from collections.abc import Callable
import math
from typing import Any
from typing import TYPE_CHECKING

import numpy as np

from ..measuring.design import seeds_alone
from ..record import TrainingRecord
from .measured import CELL_AXES
from .measured import Lattice
from .measured import MeasuredRun
from .table import Table


if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]
    # The logarithm of the loss of a run, said without looking at it.
    Prediction: TypeAlias = Callable[[MeasuredRun], float]


def quality(table: Table) -> dict[str, Any]:
    """Errors and noise, in units of the natural logarithm of the loss.

    Held-out runs were used for nothing else. Their error is that of the prediction and one run's
    noise together: no prediction can come below the noise.

    Args:
        table: A table with runs to learn from, repetitions and held-out runs.

    Returns:
        ``"edge_from"``: a learning rate. Beyond it, called the edge, lie nearly all divergent
        runs: the rest, called below, is told apart from it. ``"held_out"``: for each way to
        predict and each part of the learning-rate range, root mean square and median absolute
        error; ``"noise"``: the same of the difference of two runs of one configuration, divided
        by the root of two, and of the noise that the table replays; ``"standardised"``: what
        should be 1 if the noise of the table is right.
    """
    learned = [run for run in table.runs if run.role in ("lattice", "design")]
    rates = sorted({run.learning_rate for run in learned})
    edge_from = _edge_from(table, rates)
    held_out = [run for run in table.runs if run.role == "held_out"]
    pairs = _pairs(table)
    measured = np.log([run.loss for run in held_out])
    edges = np.array([_beyond(run, edge_from) for run in held_out], dtype=bool)
    pair_edges = np.array([_beyond(run, edge_from) for run, _ in pairs], dtype=bool)
    _check_parts(edge_from, {"held-out run": edges, "repeated run": pair_edges})
    errors = {
        name: _by_part(measured - [predict(run) for run in held_out], edges)
        for name, predict in _predictions(table, learned).items()
    }
    return {
        "edge_from": float(f"{edge_from:.6g}"),
        "n_repeats": {"below": int((~pair_edges).sum()), "edge": int(pair_edges.sum())},
        "n_held_out": {"below": int((~edges).sum()), "edge": int(edges.sum())},
        "held_out": errors,
        "noise": _noise(table, pairs, pair_edges),
        "standardised": _standardised(table, pairs, held_out),
        "cost": _cost(table),
        "diverged": _rounded(float(np.mean([run.diverged for run in learned]))),
        "n_learning_rates": len(rates),
    }


def _check_parts(edge_from: float, edges: dict[str, NDArray[np.bool_]]) -> None:
    """Make sure that runs of each kind are there below the edge and at it.

    Args:
        edge_from: The learning rate beyond which the edge is.
        edges: For each kind of run, which of them are at the edge.

    Raises:
        ValueError: If there is none of some kind in some part.
    """
    parts = (("up to", False), ("above", True))
    missing = [
        f"no {kind} {where} it"
        for kind, at_edge in edges.items()
        for where, side in parts
        if not (at_edge == side).any()
    ]
    if missing:
        raise ValueError(
            f"the runs are too few to tell the table's errors on both sides of a learning rate of "
            f"{edge_from:.3g}: {', '.join(missing)}. Go on with the campaign."
        )


def _is_complete(table: Table) -> bool:
    """Whether the whole lattice was measured at the same learning rates."""
    return any(run.role == "lattice" for run in table.runs)


def _edge_from(table: Table, rates: list[float]) -> float:
    """The last learning rate but one of a complete lattice; else where the upper third begins."""
    if _is_complete(table):
        return rates[-2]
    low, high = table.preset.learning_rate.low, table.preset.learning_rate.high
    return float(low * (high / low) ** (2.0 / 3.0))


def _beyond(run: MeasuredRun, rate: float) -> bool:
    """Whether a run's learning rate is larger; a little, for rounding to make no difference."""
    return run.learning_rate > rate * (1.0 + 1e-4)


def _pairs(table: Table) -> list[tuple[MeasuredRun, MeasuredRun]]:
    """Each repetition and the run that it repeats, where that is there too."""
    first = {_point(run): run for run in table.runs if run.role != "repeat"}
    repeats = (run for run in table.runs if run.role == "repeat")
    return [(run, first[_point(run)]) for run in repeats if _point(run) in first]


def _cost(table: Table) -> dict[str, float]:
    """Replayed seconds, and how far those of single runs spread, as a share.

    In a complete lattice around the median of their cell, which the learning rate does not change;
    elsewhere, where few cells have more than one such run, around what is replayed.
    """
    by_cell: dict[tuple[int, int, int], list[float]] = {}
    planned = seeds_alone(table.preset)
    for run in table.runs:
        if run.training_seed in planned:
            by_cell.setdefault(run.cell, []).append(run.seconds)
    deviations = [
        np.log(np.array(seconds) / (np.median(seconds) if _is_complete(table) else replayed))
        for seconds, replayed in (
            (seconds, table.seconds[table.cell(*cell)]) for cell, seconds in by_cell.items()
        )
    ]
    return {
        "lowest": _rounded(float(table.seconds.min())),
        "highest": _rounded(float(table.seconds.max())),
        "spread": _rms(np.concatenate(deviations)),
    }


def _predictions(table: Table, learned: list[MeasuredRun]) -> dict[str, Prediction]:
    """The table's logarithm of the loss, and what it must beat."""
    predictions: dict[str, Prediction] = {
        "surface": lambda run: math.log(table.expected_loss(*_point(run)))
    }
    if not _is_complete(table):
        places = np.array([_place(table, run) for run in learned])

        def nearest(run: MeasuredRun) -> float:
            distances = np.sum((places - _place(table, run)) ** 2, axis=1)
            return math.log(learned[int(distances.argmin())].loss)

        return predictions | {"nearest": nearest}
    from scipy.interpolate import PchipInterpolator

    lattice = Lattice(table.preset, table.runs)
    positions, log_loss = lattice.levels[-1], np.log(lattice.gather("loss"))

    def linear(run: MeasuredRun) -> float:
        values = log_loss[table.cell(*run.cell)]
        return float(np.interp(table.position(run.learning_rate), positions, values))

    def pchip(run: MeasuredRun) -> float:
        values = log_loss[table.cell(*run.cell)]
        return float(PchipInterpolator(positions, values)(table.position(run.learning_rate)))

    return predictions | {"linear": linear, "pchip": pchip}


def _noise(
    table: Table, pairs: list[tuple[MeasuredRun, MeasuredRun]], edges: NDArray[np.bool_]
) -> dict[str, Any]:
    measured = np.array([math.log(run.loss / first.loss) for run, first in pairs])
    # Many pairs of seeds, so that only the measured figure carries an error of its own.
    replayed = np.array(
        [[math.log(_replay(table, run, seed).loss) for seed in range(40)] for run, _ in pairs]
    )
    replayed_pairs = (replayed[:, ::2] - replayed[:, 1::2]) / math.sqrt(2.0)
    return {
        "measured_pairs": _by_part(measured / math.sqrt(2.0), edges),
        "replayed_pairs": _by_part(
            replayed_pairs.ravel(), np.repeat(edges, replayed_pairs.shape[1])
        ),
    }


def _standardised(
    table: Table,
    pairs: list[tuple[MeasuredRun, MeasuredRun]],
    held_out: list[MeasuredRun],
) -> dict[str, float]:
    """Spread of residuals in units of what the model says it is; 1 is right.

    Pairs tell whether the modelled noise is the measured one, whatever the surface does.
    Held-out runs tell whether the surface is off by more than noise: smoother than the data, or
    less smooth.
    """
    surface = table.loss_surface

    def z(run: MeasuredRun) -> float:
        return float(table.loss_scale.to_z(np.array(run.loss)))

    def place_and_sd(run: MeasuredRun) -> tuple[tuple[int, int, int], float, float]:
        cell, position = table.cell(*run.cell), table.position(run.learning_rate)
        return cell, position, surface.noise_sd_at(cell, position)

    between = np.array(
        [(z(run) - z(first)) / (math.sqrt(2.0) * place_and_sd(run)[2]) for run, first in pairs]
    )
    off = []
    for run in held_out:
        cell, position, sd = place_and_sd(run)
        off.append((z(run) - surface.mean_at(cell, position)) / sd)
    residuals, sds = surface.leave_one_out_residuals
    return {
        "repeats_rms": _rms(between),
        "held_out_rms": _rms(np.array(off)),
        "leave_one_out_rms": _rms(residuals / sds),
        "repeats_beyond_3": _rounded(float(np.mean(np.abs(between) > 3.0))),
    }


def _replay(table: Table, run: MeasuredRun, seed: int) -> TrainingRecord:
    return table.replay(run.depth, run.latent_dim, run.num_latents, run.learning_rate, seed)


def _point(run: MeasuredRun) -> tuple[int, int, int, float]:
    return (*run.cell, run.learning_rate)


def _place(table: Table, run: MeasuredRun) -> Array:
    """Coordinates in the unit cube."""
    cell = table.cell(*run.cell)
    sizes = [len(table.preset.space[name].values) for name in CELL_AXES]
    levels = [i / (size - 1) for i, size in zip(cell, sizes)]
    return np.array([*levels, table.position(run.learning_rate)])


def _by_part(errors: Array, edges: NDArray[np.bool_]) -> dict[str, dict[str, float]]:
    return {
        part: {"rms": _rms(errors[mask]), "median": _rounded(float(np.median(abs(errors[mask]))))}
        for part, mask in (("below", ~edges), ("edge", edges))
    }


def _rms(values: Array) -> float:
    return _rounded(float(np.sqrt(np.mean(values**2))))


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
