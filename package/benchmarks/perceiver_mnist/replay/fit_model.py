"""Choose what a table keeps beside its runs: scales, hyperparameters, costs. Needs scipy."""

from __future__ import annotations

from collections.abc import Callable
import math
from typing import Any
from typing import TYPE_CHECKING

import numpy as np

from ..measuring.design import seeds_alone
from ..presets import Preset
from . import scattered_surface
from . import surface as lattice_surface
from .measured import cell_medians
from .measured import Lattice
from .measured import MeasuredRun
from .scattered_parts import cost_terms
from .scattered_parts import ScatteredRuns
from .table_parts import logit
from .table_parts import LossScale


if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]


# Levels of the noise on each axis of a scattered table: the learning rate matters most.
_N_NOISE_LEVELS = (3, 3, 3, 7)


def fit_model(preset: Preset, runs: list[MeasuredRun]) -> dict[str, Any]:
    """Fit the model that fits the runs' design.

    Args:
        preset: The preset that was measured.
        runs: Its runs.

    Returns:
        The ``"model"`` section of ``data/<preset>.json``.

    Raises:
        ValueError: If runs are missing that the model needs.
    """
    if any(run.role == "design" for run in runs):
        return fit_scattered_model(preset, runs)
    return fit_lattice_model(preset, runs)


def fit_lattice_model(preset: Preset, runs: list[MeasuredRun]) -> dict[str, Any]:
    """Choose the loss scale and the surfaces' hyperparameters by marginal likelihood.

    Args:
        preset: The preset that was measured.
        runs: Its runs; only those of role ``"lattice"`` are used.
    """
    lattice = Lattice(preset, runs)
    loss = lattice.gather("loss")
    scale = _likeliest_scale(loss, lambda z: lattice_surface.fit(lattice.levels, z)[1])
    log_odds = logit(lattice.gather("test_accuracy"), preset.n_test)
    seconds, _ = lattice_surface.fit(
        lattice.levels[:-1], np.log(cell_medians(preset, runs, "seconds"))
    )
    loss_surface, accuracy_surface = (
        lattice_surface.fit(lattice.levels, values)[0] for values in (scale.to_z(loss), log_odds)
    )
    residuals = [
        lattice_surface.Surface(lattice.levels, values, fitted).leave_one_out_residuals
        for values, fitted in ((scale.to_z(loss), loss_surface), (log_odds, accuracy_surface))
    ]
    return {
        "loss": {"offset": scale.offset, "surface": loss_surface.to_dict()},
        "test_accuracy": {
            "surface": accuracy_surface.to_dict(),
            "correlation_with_loss": _correlation(residuals),
        },
        "seconds": {"surface": seconds.to_dict()},
    }


def fit_scattered_model(preset: Preset, runs: list[MeasuredRun]) -> dict[str, Any]:
    """The same for scattered runs; costs are sums of terms.

    Args:
        preset: The preset that was measured.
        runs: Its runs; held-out cells are not used.
    """
    scattered = ScatteredRuns(preset, runs)
    points, loss = scattered.points(scattered.runs), scattered.gather("loss")

    def fit(values: Array) -> tuple[scattered_surface.ScatteredHyperparameters, float]:
        return scattered_surface.fit(points, values, _N_NOISE_LEVELS)

    scale = _likeliest_scale(loss, lambda z: fit(z)[1])
    log_odds = logit(scattered.gather("test_accuracy"), preset.n_test)
    loss_surface, accuracy_surface = fit(scale.to_z(loss))[0], fit(log_odds)[0]
    residuals = [
        scattered_surface.ScatteredSurface(
            points, values, scattered.levels, fitted
        ).leave_one_out_residuals
        for values, fitted in ((scale.to_z(loss), loss_surface), (log_odds, accuracy_surface))
    ]
    planned = seeds_alone(preset)
    alone = [run for run in scattered.runs if run.training_seed in planned]
    return {
        "loss": {"offset": scale.offset, "surface": loss_surface.to_dict()},
        "test_accuracy": {
            "surface": accuracy_surface.to_dict(),
            "correlation_with_loss": _correlation(residuals),
        },
        "seconds": {"coefficients": _fit_costs(alone, "seconds")},
        "peak_memory_mb": {"coefficients": _fit_costs(alone, "peak_memory_mb")},
    }


def _likeliest_scale(loss: Array, log_likelihood: Callable[[Array], float]) -> LossScale:
    """The scale on which the losses are likeliest.

    Args:
        loss: Measured losses.
        log_likelihood: Of the transformed losses, under hyperparameters that fit them.
    """
    from scipy.optimize import minimize_scalar

    def scale(log_gap: float) -> LossScale:
        """Its offset lies ``exp(log_gap)`` below the logarithm of the smallest loss."""
        return LossScale(_significant(float(np.log(loss).min()) - math.exp(log_gap), 6))

    def negative_log_likelihood(log_gap: float) -> float:
        z = scale(log_gap).to_z(loss)
        # In units of the logarithm of the loss, so that different scales compare.
        return -(log_likelihood(z) - float(z.sum()))

    found = minimize_scalar(
        negative_log_likelihood, bounds=(-5.0, 2.0), method="bounded", options={"xatol": 0.05}
    )
    return scale(found.x)


def _fit_costs(runs: list[MeasuredRun], name: str) -> list[float]:
    """Non-negative coefficients of the cost terms, of least relative error."""
    from scipy.optimize import nnls

    if not runs:
        raise ValueError("No run was trained alone: nothing tells what a single run costs.")
    cells = np.array([run.cell for run in runs], dtype=float)
    terms = np.array(cost_terms(*cells.T)).T
    measured = np.array([getattr(run, name) for run in runs])
    coefficients, _ = nnls(terms / measured[:, None], np.ones(len(runs)))
    return [_significant(value, 6) for value in coefficients]


def _correlation(residuals: list[tuple[Array, Array]]) -> float:
    """Of the standardised leave-one-out residuals of two surfaces."""
    first, second = ((errors / sds).ravel() for errors, sds in residuals)
    return _significant(float(np.corrcoef(first, second)[0, 1]), 4)


def _significant(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
