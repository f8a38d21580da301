"""Test functions on a mixed lattice: shifted, turned, with tails, noise and idle parameters."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from ..arrays import FloatArray
from .base import capped
from .base import Measurement
from .base import SuiteProblem
from .functions import Function
from .space import from_unit
from .space import Params
from .space import Space
from .space import to_unit


# Parameters as tuning problems have them: two of three are stepped ints, a quarter log floats.
_KINDS: tuple[BaseDistribution, ...] = (
    IntDistribution(2, 12),
    FloatDistribution(1e-5, 1e-1, log=True),
    IntDistribution(64, 512, step=32),
    IntDistribution(8, 128, step=8),
    FloatDistribution(1e-6, 1e-2, log=True),
    IntDistribution(1, 8),
    FloatDistribution(0.0, 0.9),
    IntDistribution(10, 200, step=10),
)
# A plane that some share of the space lies beyond is sought among so many directions, with so many
# random points; the optimum lies so far before it, in unit coordinates.
_N_DIRECTIONS, _N_POINTS = 300, 2000
_BEFORE_PLANE = 0.05
# Where an optimum may lie in a parameter, in unit coordinates: between edge and centre.
_INSIDE = (0.08, 0.36)


@dataclass(frozen=True)
class Shape:
    """How a test function is made into a problem.

    Attributes:
        n_params: Number of parameters.
        instance: Seed of the optimum's place, the rotation and which parameters are idle.
        n_idle: Parameters that have no influence.
        n_edges: Parameters whose optimal value is an end of their range.
        rotated: Whether the axes of the function are turned against the parameters.
        tail: Exponential tail: values become ``exp(value / tail) - 1``; 0 for none.
        cliff: Height of a cliff at some distance from the optimum, beyond which the loss grows
            exponentially; 0 for none.
        noise: Standard deviation of the noise, in the unit of the loss.
        first_kind: Where in the list of kinds of parameters to begin.
        crash_share: Share of the space in which trials crash, about; beyond a plane that passes
            close to the optimum. 0 for none.
        crash_chance: Chance that a trial crashes wherever it is.
    """

    n_params: int
    instance: int
    n_idle: int = 0
    n_edges: int = 0
    rotated: bool = False
    tail: float = 0.0
    cliff: float = 0.0
    noise: float = 0.0
    first_kind: int = 0
    crash_share: float = 0.0
    crash_chance: float = 0.0


def mixed_space(n_params: int, first_kind: int = 0) -> Space:
    """Parameters ``x0``, ``x1``...: stepped ints and log floats, a linear float now and then."""
    return {f"x{i}": _KINDS[(first_kind + i) % len(_KINDS)] for i in range(n_params)}


class Wrapped(SuiteProblem):
    """A test function on a mixed lattice, with its minimum of zero on a point of the lattice.

    Args:
        function: The test function.
        shape: What is done to it.
        seed: Seed of the noise.
    """

    def __init__(self, function: Function, shape: Shape, seed: int = 0) -> None:
        super().__init__(mixed_space(shape.n_params, shape.first_kind), seed)
        self.noisy = shape.noise > 0
        self._function = function
        self._shape = shape
        rng = np.random.default_rng(shape.instance)
        n_active = shape.n_params - shape.n_idle
        self._active = np.sort(rng.permutation(shape.n_params)[:n_active])
        self.optimum = self._place_optimum(rng)
        self._centre = to_unit(self._space, self.optimum)[self._active]
        # Towards the inside of the space along each axis, so that an optimum on an edge has the
        # function's own landscape before it.
        inwards = np.where(self._centre < 0.5, 1.0, -1.0)
        self._axes = np.diag(inwards * function.scale)
        if shape.rotated:
            self._axes = function.scale * _rotation(n_active, rng)
        self._minimiser = function.minimiser(n_active)
        # Away from the near edge in every other parameter, so that a good part of the space lies
        # beyond the cliff.
        signs = inwards * np.where(np.arange(n_active) % 2 == 0, 1.0, -1.0)
        self._to_cliff = signs / math.sqrt(n_active)
        self._crash_plane = self._find_plane() if shape.crash_share else None

    def loss(self, params: Params) -> float:
        """The value of ``params`` without noise, 0 or more."""
        return self.loss_at(to_unit(self._space, params))

    def loss_at(self, units: FloatArray) -> float:
        """The value without noise at unit coordinates (d,), which may lie outside of the space."""
        offset = units[self._active] - self._centre
        value = self._function.value(self._minimiser + self._axes @ offset)
        if self._shape.tail:
            value = math.expm1(min(value / self._shape.tail, 700.0))
        if self._shape.cliff:
            value += self._shape.cliff * _cliff(float(self._to_cliff @ offset))
        return capped(value)

    def measure(self, params: Params) -> Measurement:
        """Evaluate ``params``: the loss, with noise if there is any; NaN if the trial crashes."""
        loss = self.loss(params)
        if self.crashes(params):
            return Measurement(math.nan, loss)
        if not self.noisy:
            return Measurement(loss, loss)
        noise = self._shape.noise * self.noise_generator(params).normal()
        return Measurement(loss + noise, loss)

    def crashes(self, params: Params) -> bool:
        """Whether a trial at ``params`` ends without a value."""
        if self._crash_plane is not None:
            direction, distance = self._crash_plane
            if direction @ to_unit(self._space, params) > distance:
                return True
        chance = self._shape.crash_chance
        return chance > 0.0 and float(self.noise_generator(params).random()) < chance

    def known_minimum(self) -> float:
        """The loss of the optimum, which is the function's minimum."""
        return self.loss(self.optimum)

    def _find_plane(self) -> tuple[FloatArray, float]:
        """Direction and distance of the plane that comes closest to the share wanted."""
        rng = np.random.default_rng([self._shape.instance, 1])
        points = rng.random((_N_POINTS, self._shape.n_params))
        directions = rng.normal(size=(_N_DIRECTIONS, self._shape.n_params))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        distances = directions @ to_unit(self._space, self.optimum) + _BEFORE_PLANE
        shares = (points @ directions.T > distances).mean(axis=0)
        closest = int(np.argmin(np.abs(shares - self._shape.crash_share)))
        return directions[closest], float(distances[closest])

    def _place_optimum(self, rng: np.random.Generator) -> Params:
        units = rng.uniform(*_INSIDE, size=len(self._space))
        edges = rng.choice(self._active, self._shape.n_edges, replace=False)
        units[edges] = 0.0
        units = np.where(rng.random(len(units)) < 0.5, units, 1.0 - units)
        return {name: from_unit(dist, u) for (name, dist), u in zip(self._space.items(), units)}


def _rotation(n_dims: int, rng: np.random.Generator) -> FloatArray:
    """A random orthogonal matrix (d, d), uniform over all (Mezzadri 2007)."""
    q, r = np.linalg.qr(rng.normal(size=(n_dims, n_dims)))
    rotation: FloatArray = q * np.sign(np.diag(r))
    return rotation


def _cliff(distance: float) -> float:
    """A jump to 1 and exponential growth, from 0.08 unit coordinates beyond the optimum on."""
    beyond = distance - 0.08
    return math.exp(12.0 * beyond) if beyond > 0 else 0.0
