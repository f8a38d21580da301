"""Main effects: the part of the objective that is a sum of functions of one parameter each.

Of a dozen trials a general function of five or ten parameters cannot be learnt, but how the loss
depends on each parameter on its own, all else aside, often can; it is much of what there is.
"""

from __future__ import annotations

from functools import lru_cache
import math

import numpy as np

from ..basics.arrays import FloatArray
from .kernels import MATERN52


# Each function is drawn from a Gaussian process on [0, 1] of this length scale, through its first
# principal functions, tabulated on a grid. Five explain 99.8% of its variance.
_LENGTH_SCALE = 0.5
_N_FUNCTIONS = 5
_N_GRID = 65


def main_effects(coordinates: FloatArray, choices: FloatArray, n_params: int) -> FloatArray:
    """Features whose inner product is the covariance of a sum of functions of one parameter.

    Duvenaud, Nickisch and Rasmussen, Additive Gaussian Processes, NeurIPS 2011, at first order.
    Each has variance ``1 / n_params`` on average. Those of numeric parameters have mean 0 over the
    range; each choice has a value of its own, independent of the others'. Choices that are numbers
    have both.

    Args:
        coordinates: Array (n, n_numeric): those of numeric parameters.
        choices: Array (n, n_choices): one-hot choices divided by sqrt(2).
        n_params: Number of parameters, d.

    Returns:
        Array (n, n_effects).
    """
    # One-hot features of norm 1: the choices' effects are independent of each other.
    effects = [_numeric_effects(coordinates), math.sqrt(2.0) * choices]
    scaled: FloatArray = np.concatenate(effects, axis=1) / math.sqrt(n_params)
    return scaled


def _numeric_effects(coordinates: FloatArray) -> FloatArray:
    """The principal functions (n, d * n_functions) at coordinates (n, d)."""
    table, steps = _principal_functions()
    places = coordinates * (_N_GRID - 1)
    below = np.minimum(places.astype(int), _N_GRID - 2)
    weight = (places - below)[..., None]
    effects: FloatArray = table.take(below, axis=0)
    effects += weight * steps.take(below, axis=0)
    return effects.reshape(len(coordinates), coordinates.shape[1] * _N_FUNCTIONS)


@lru_cache(maxsize=1)
def _principal_functions() -> tuple[FloatArray, FloatArray]:
    """Values (n_grid, n_functions) of the principal functions of one parameter, and their steps.

    The steps (n_grid - 1, n_functions) lead from each value to the next.
    """
    grid = np.linspace(0.0, 1.0, _N_GRID)
    covariance = MATERN52.value(((grid[:, None] - grid) / _LENGTH_SCALE) ** 2)
    centring = np.eye(_N_GRID) - 1.0 / _N_GRID
    variances, functions = np.linalg.eigh(centring @ covariance @ centring)
    table = functions[:, ::-1] * np.sqrt(np.maximum(variances[::-1], 0.0))
    table = table[:, :_N_FUNCTIONS]
    table /= math.sqrt((table**2).sum(axis=1).mean())
    # Signs of eigenvectors differ between machines.
    table = np.copysign(1.0, table[-1]) * table
    return table, np.diff(table, axis=0)
