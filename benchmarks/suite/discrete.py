"""Fully discrete problems: small enough to list all points, each with one best point."""

from __future__ import annotations

from collections.abc import Callable
import math

import numpy as np
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from .base import SuiteProblem
from .space import Params
from .space import Space
from .space import to_unit


class Discrete(SuiteProblem):
    """A formula over a small lattice.

    Args:
        space: Discrete parameters.
        formula: From params to the loss.
    """

    def __init__(self, space: Space, formula: Callable[[Params], float]) -> None:
        super().__init__(space)
        self._formula = formula

    def loss(self, params: Params) -> float:
        """The formula's value."""
        return float(self._formula(params))


def build(name: str) -> Discrete:
    """Make the discrete problem of that name."""
    return Discrete(*_DISCRETE[name])


# Development suite.

_CUBE: Space = {
    "a": IntDistribution(0, 4),
    "b": IntDistribution(10, 50, step=10),
    "c": FloatDistribution(0.0, 1.0, step=0.25),
}


def _cube(params: Params) -> float:
    """A valley along one diagonal, crossed by a ripple."""
    a, b, c = 4 * to_unit(_CUBE, params) - (1.2, 3.3, 3.4)
    return float((a + b) ** 2 + 0.3 * (b - c) ** 2 + 0.2 * a * a + 0.6 * math.cos(2.4 * (a - c)))


_OVEN: Space = {
    "layers": IntDistribution(1, 10),
    "units": IntDistribution(32, 192, step=32),
    "dropout": FloatDistribution(0.0, 0.4, step=0.1),
    "patience": IntDistribution(2, 8, step=2),
}


def _oven(params: Params) -> float:
    """Three bells, the highest of them narrow and near an edge."""
    units = to_unit(_OVEN, params)
    bells = (
        (1.0, (0.9, 0.8, 0.1, 0.7), 0.28),
        (0.85, (0.3, 0.3, 0.6, 0.4), 0.45),
        (0.7, (0.1, 0.9, 0.8, 0.0), 0.35),
    )
    return -sum(
        height * math.exp(-float(np.sum((units - centre) ** 2)) / (2 * width**2))
        for height, centre, width in bells
    )


_TERRACES: Space = {
    "p": IntDistribution(1, 20),
    "q": IntDistribution(0, 90, step=10),
    "r": IntDistribution(3, 12),
}


def _terraces(params: Params) -> float:
    """A bowl on a tilted plane, its sides cut into uneven terraces."""
    p, q, r = to_unit(_TERRACES, params)
    bowl = 4 * (p - 0.83) ** 2 + 3 * (q - 0.22 - 0.3 * (p - 0.83)) ** 2 + 2 * (r - 0.64) ** 2
    return float(bowl + 0.15 * abs(math.sin(9 * p + 4 * r)) + 0.05 * q)


# Report suite.

_BREW: Space = {
    "grind": IntDistribution(1, 4),
    "dose": FloatDistribution(14.0, 20.0, step=2.0),
    "kettle": CategoricalDistribution(("steel", "glass", "clay", "copper")),
    "seconds": IntDistribution(20, 45, step=5),
}
_KETTLES = {"steel": (0.0, 1.0), "glass": (0.35, 0.7), "clay": (0.2, 1.6), "copper": (0.1, 1.3)}


def _brew(params: Params) -> float:
    """Logarithmic distance to the best strength and bitterness; each kettle has its own."""
    offset, speed = _KETTLES[params["kettle"]]
    contact = speed * params["seconds"] / (5 + 4 * params["grind"])
    strength = math.log(params["dose"] / 17.3 * (1 - math.exp(-contact)) / 0.78)
    bitterness = math.log(contact / 1.7)
    return math.log1p(40 * strength**2 + 3 * bitterness**2) + offset


_BEAM: Space = {
    "height": IntDistribution(40, 220, step=20),
    "breadth": IntDistribution(20, 90, step=10),
    "bays": IntDistribution(1, 5),
}


def _beam(params: Params) -> float:
    """Weight of a beam with penalties for bending, buckling and joints: steep beside the best."""
    height, breadth, bays = (float(params[name]) for name in _BEAM)
    weight = height * breadth / 4000 + 0.55 * (bays - 1)
    bending = 1.9e6 / (breadth * height**2 * bays**0.6)
    slender = height / breadth / 2.3
    return float(weight + 2 * max(0.0, bending - 1) + 1.5 * max(0.0, slender - 1) ** 2)


_SHELF: Space = {
    "rows": IntDistribution(1, 20),
    "depth": FloatDistribution(0.1, 1.0, step=0.1),
    "gap": IntDistribution(0, 9),
}


def _shelf(params: Params) -> float:
    """The lower envelope of three skewed cones."""
    rows, depth, gap = to_unit(_SHELF, params)
    cones = (
        (0.00, 2.5, (0.16, 0.72, 0.93)),
        (0.12, 1.6, (0.70, 0.25, 0.40)),
        (0.20, 1.2, (0.95, 0.90, 0.10)),
    )
    return min(
        base + slope * math.sqrt((rows - x) ** 2 + 0.6 * (depth - y) ** 2 + (gap - z) ** 2 / 2)
        for base, slope, (x, y, z) in cones
    )


_FIELD: Space = {f"k{i}": IntDistribution(0, 9) for i in range(4)}
_FIELD_WAVES = 48


def _field(params: Params) -> float:
    """A smooth random field: a sum of plane waves of random direction, length and phase."""
    rng = np.random.default_rng(20)
    waves = rng.normal(scale=4.0, size=(_FIELD_WAVES, len(_FIELD)))
    phases = rng.uniform(0.0, 2 * math.pi, _FIELD_WAVES)
    units = to_unit(_FIELD, params)
    return float(np.cos(waves @ units + phases).sum()) / math.sqrt(_FIELD_WAVES)


_DISCRETE: dict[str, tuple[Space, Callable[[Params], float]]] = {
    "discrete_125": (_CUBE, _cube),
    "discrete_1200": (_OVEN, _oven),
    "discrete_2000": (_TERRACES, _terraces),
    "discrete_384": (_BREW, _brew),
    "discrete_400": (_BEAM, _beam),
    "discrete_2000_cones": (_SHELF, _shelf),
    "discrete_10000": (_FIELD, _field),
}
