"""The volume that a set of points dominates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Optuna has no public way to it (5.0); this is the only place that needs one.
from optuna._hypervolume import compute_hypervolume

from ..arrays import FloatArray


def hypervolume(
    values: Sequence[Sequence[float]] | FloatArray, reference_point: Sequence[float]
) -> float:
    """Volume between the points and a reference point; all objectives are minimised.

    Args:
        values: Shape (n_points, n_objectives); points beyond the reference point count for
            nothing.
        reference_point: Shape (n_objectives,).

    Returns:
        0 or more.
    """
    end = np.asarray(reference_point, dtype=float)
    points = np.asarray(values, dtype=float).reshape(-1, len(end))
    inside = points[np.all(points < end, axis=1)]
    return float(compute_hypervolume(inside, end)) if len(inside) else 0.0


def non_dominated(points: FloatArray, reference_point: Sequence[float] | FloatArray) -> FloatArray:
    """The points before a reference point that no other is as good as in every objective.

    Args:
        points: Shape (n_points, n_objectives), to be minimised.
        reference_point: Shape (n_objectives,).

    Returns:
        Shape (n_kept, n_objectives), ordered.
    """
    left = np.unique(points[np.all(points < np.asarray(reference_point), axis=1)], axis=0)
    kept = []
    while len(left):
        # The first in order is dominated by none of the others.
        first = left[0]
        kept.append(first)
        left = left[1:][np.any(left[1:] < first, axis=1)]
    return np.array(kept).reshape(-1, points.shape[1])
