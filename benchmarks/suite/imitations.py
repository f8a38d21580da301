"""Imitations of tuning a network: a cliff, diminishing returns and a rate that must fit the size.

Two formulas that have nothing in common, one for each suite.
"""

from __future__ import annotations

import math

import numpy as np
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from .base import capped
from .base import Measurement
from .base import SuiteProblem
from .space import Params
from .space import Space


_CHANCE = math.log(10)

_LADDER_SPACE: Space = {
    "depth": IntDistribution(1, 12),
    "width": IntDistribution(64, 512, step=64),
    "heads": IntDistribution(1, 8),
    "batch_size": IntDistribution(16, 256, step=16),
    "learning_rate": FloatDistribution(1e-5, 1e-1, log=True),
}


class LadderNetwork(SuiteProblem):
    """Power laws in depth and width, a parabola in the rate, and a cliff right beside it.

    The loss is that of a classifier of ten classes. Width is best at its upper end; more depth
    helps until the rate it admits is too small for the number of steps. Beyond the largest stable
    rate, which falls with depth and grows with the batch, the loss jumps above chance and then
    grows with the rate. The noise is a factor, and three times as large near the cliff.
    """

    noisy = True

    def __init__(self, seed: int = 0) -> None:
        super().__init__(_LADDER_SPACE, seed)

    def loss(self, params: Params) -> float:
        """The loss without noise."""
        depth, width, heads = (float(params[name]) for name in ("depth", "width", "heads"))
        excess = self._excess(params)
        if excess > 0:
            return capped(_CHANCE * (1.2 + 10 ** (1.5 * excess) - 1))
        n_steps = 16_000 / params["batch_size"]
        reach = math.log10(n_steps * params["learning_rate"] / depth**0.5)
        untrained = 0.12 * max(0.0, 0.9 - reach) ** 2 + 0.04 * max(0.0, reach - 0.9) ** 2
        capacity = 0.30 * (64 / width) ** 0.5 + 0.45 * depth**-0.7
        fitting = 0.02 * (heads - 1 - width / 128) ** 2
        return float(min(0.15 + capacity + untrained + fitting, _CHANCE))

    def measure(self, params: Params) -> Measurement:
        """The loss with the noise of a training run, and without."""
        loss = self.loss(params)
        spread = 0.03 if -0.3 < self._excess(params) else 0.01
        noise = math.exp(spread * self.noise_generator(params).normal())
        return Measurement(capped(loss * noise), loss)

    def _excess(self, params: Params) -> float:
        """Orders of magnitude by which the rate exceeds the largest stable one."""
        stable = 0.02 * (params["batch_size"] / 64) ** 0.5 / params["depth"] ** 0.9
        return math.log10(params["learning_rate"] / stable)


_QUADRATIC_SPACE: Space = {
    "width": IntDistribution(32, 512, step=32),
    "depth": IntDistribution(2, 16, step=2),
    "batch_size": IntDistribution(8, 128, step=8),
    "learning_rate": FloatDistribution(1e-4, 1.0, log=True),
    "one_minus_momentum": FloatDistribution(1e-2, 1.0, log=True),
    "weight_decay": FloatDistribution(1e-6, 1e-1, log=True),
    "dropout": FloatDistribution(0.0, 0.6, step=0.1),
}
N_EXAMPLES = 4096
_N_DIRECTIONS = 256


class NoisyQuadratic(SuiteProblem):
    """Exact risk of stochastic gradient descent on a quadratic with a power-law spectrum.

    The model of Zhang et al., Which algorithmic choices matter at which batch sizes? (2019): every
    eigendirection contracts at its own rate and keeps the noise of the batches. A wider network
    reaches more of the directions, a deeper one captures more but steepens the first, so that
    smaller rates diverge. Weight decay trades bias for noise; dropout trades noise for bias.
    """

    def __init__(self) -> None:
        super().__init__(_QUADRATIC_SPACE)

    def loss(self, params: Params) -> float:
        """The risk at the end of training; it overflows where training diverges."""
        return self.risk(params, N_EXAMPLES)

    def risk(self, params: Params, n_examples: float) -> float:
        """The risk after training on so many examples, in batches."""
        index = np.arange(1, _N_DIRECTIONS + 1)
        n_steps = n_examples / params["batch_size"]
        rate = params["learning_rate"] / params["one_minus_momentum"] ** 0.8
        steep = 1.0 + 0.15 * params["depth"]
        curvature = steep * index**-1.1 + params["weight_decay"]
        start = index**-0.6
        n_reached = params["width"] ** 0.75 * params["depth"] ** 0.35
        reached = 1.0 / (1.0 + (index / n_reached) ** 4)
        noise = 2.0 * (1.0 - 0.8 * params["dropout"]) / params["batch_size"]
        squared = (1.0 - rate * curvature) ** 2
        power = np.exp(np.minimum(n_steps * np.log(squared + 1e-300), 60.0))
        injected = rate**2 * curvature * noise
        # Sum of a geometric series, whose quotient may be one.
        series = np.where(abs(1 - squared) < 1e-9, n_steps, (1 - power) / (1 - squared + 1e-12))
        bias = (params["weight_decay"] / curvature) ** 2 * start
        risk = reached * (power * start + injected * series + bias) + (1 - reached) * start
        dropped = 0.25 * params["dropout"] ** 2 * (128 / params["width"]) ** 0.5
        return capped(float(np.sum(index**-1.1 * risk)) + dropped)
