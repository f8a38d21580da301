"""Which observations are better than others: one objective or several, with constraints or not."""

from __future__ import annotations

import numpy as np

from ..basics.arrays import BoolArray
from ..basics.arrays import FloatArray
from ..basics.arrays import IntArray
from .constraint_values import signs_kept
from .constraint_values import typical_size


# Observations compared with all others at once: more would leave the cache.
_BLOCK_ROWS = 64


def is_feasible(constraints: FloatArray) -> BoolArray:
    """Whether observations keep all constraints.

    Args:
        constraints: Array (n, c), 0 or less where kept; NaN where it was not told, which is no
            violation.

    Returns:
        Bool array (n,).
    """
    return np.asarray(~np.any(constraints > 0.0, axis=1), dtype=bool)


def order_of_merit(values: FloatArray, constraints: FloatArray) -> IntArray:
    """Sort observations, best first.

    Feasible ones come before others, which are sorted by how much they violate. Of one objective,
    by its value; of several, by the number of observations that dominate one.

    Args:
        values: Array (n, k) to be minimised.
        constraints: Array (n, c), 0 or less where kept, or NaN.

    Returns:
        Int array (n,) of indices; older ones first among equals.
    """
    if values.shape[1] == 1 and constraints.shape[1] == 0:
        return np.argsort(values[:, 0], kind="stable")
    feasible = is_feasible(constraints)
    rank = values[:, 0] if values.shape[1] == 1 else _n_dominators(values, feasible)
    violation = _violation(constraints)
    return np.lexsort((np.where(feasible, rank, 0.0), violation))


def _violation(constraints: FloatArray) -> FloatArray:
    """Sum over the constraints of the violation in units of its median; array (n,)."""
    total = np.zeros(len(constraints))
    for told in constraints.T:
        column = np.nan_to_num(np.maximum(signs_kept(told), 0.0), nan=0.0)
        total += column / typical_size(column)
    return total


def _n_dominators(values: FloatArray, feasible: BoolArray) -> FloatArray:
    """Number of feasible observations that are nowhere worse and somewhere better; array (n,)."""
    n_dominators = np.zeros(len(values))
    dominating = values[feasible]
    for start in range(0, len(dominating), _BLOCK_ROWS):
        rows = dominating[start : start + _BLOCK_ROWS]
        no_worse = np.ones((len(rows), len(values)), dtype=bool)
        equal = no_worse.copy()
        for theirs, column in zip(rows.T, values.T):
            no_worse &= theirs[:, None] <= column
            equal &= theirs[:, None] == column
        n_dominators += (no_worse & ~equal).sum(axis=0)
    return n_dominators
