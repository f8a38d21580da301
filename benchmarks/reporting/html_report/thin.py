"""Fewer points than were measured, as many as a screen can show."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...analysis.studies.mean_curves import MeanCurve
from .problem_data import Band


def budget(total: int, n_curves: int, least: int, most: int) -> int:
    """Points for each of several curves, so that the file stays small.

    Args:
        total: Points for all of them.
        n_curves: How many there are, 1 or more.
        least: Points for each at least.
        most: And at most.
    """
    return max(least, min(most, total // n_curves))


def evenly(n_items: int, n_kept: int) -> npt.NDArray[np.intp]:
    """Indices of some items, evenly spread, the first and the last among them.

    Args:
        n_items: How many there are, 0 or more.
        n_kept: How many to keep at most, 2 or more.

    Returns:
        Ascending, shape (at most ``n_kept``,).
    """
    if n_items <= n_kept:
        return np.arange(n_items)
    return np.unique(np.linspace(0, n_items - 1, n_kept).round().astype(np.intp))


def band(curve: MeanCurve, sign: int, n_points: int) -> Band:
    """A curve of steps with few points: those where something changes, and not too many of them.

    Args:
        curve: The curve, whose values hold from each point to the next one.
        sign: -1 to turn the values of a problem that is maximised, else 1.
        n_points: How many points to keep at most, 2 or more.
    """
    values = np.stack([curve.mean, curve.lower, curve.upper])
    if values.shape[1] > 2:
        before, here = values[:, :-1], values[:, 1:]
        same = (before == here) | (np.isnan(before) & np.isnan(here))
        changes = np.concatenate([[True], ~same.all(axis=0)])
        changes[-1] = True
        kept = np.flatnonzero(changes)
    else:
        kept = np.arange(values.shape[1])
    kept = kept[evenly(len(kept), n_points)]
    edges = (curve.lower, curve.upper) if sign > 0 else (curve.upper, curve.lower)
    return Band(
        curve.x[kept].tolist(),
        (sign * curve.mean[kept]).tolist(),
        (sign * edges[0][kept]).tolist(),
        (sign * edges[1][kept]).tolist(),
    )
