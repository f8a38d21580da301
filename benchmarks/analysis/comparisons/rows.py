"""Regrets of the samplers of a comparison, and which of them can be put side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...arrays import FloatArray


# The rows of one sampler by problem (or task of a part) and seed; a row is its regret in each
# column.
Rows = dict[tuple[str, int], FloatArray]


def pairs_with(tables: Sequence[Rows], column: int) -> list[tuple[str, int]]:
    """Pairs of problem and seed in which every one of some samplers has got to a column.

    Args:
        tables: Rows of these samplers, one or more.
        column: Place of the column.

    Returns:
        In ascending order.
    """
    common = set(tables[0]).intersection(*tables[1:])
    return sorted(
        pair for pair in common if not any(np.isnan(rows[pair][column]) for rows in tables)
    )


def split_by_problem(pairs: Sequence[tuple[str, int]], values: FloatArray) -> list[FloatArray]:
    """Split rows by problem.

    Args:
        pairs: Problem and seed of each row.
        values: The rows, shape (n_pairs, ...).

    Returns:
        One array a problem, of shape (n_pairs of the problem, ...).
    """
    problems = np.array([problem for problem, _ in pairs])
    return [values[problems == problem] for problem in dict.fromkeys(problems.tolist())]
