"""The hyperparameters of the Gaussian process and what is believed of them before any data."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np

from ..basics.arrays import FloatArray


@dataclass(frozen=True)
class Hyperparameters:
    """Hyperparameters of the Gaussian process.

    Attributes:
        length_scales: Array (d,), one per parameter, in units of the cube's side.
        signal_variance: Prior variance of the function, but for the main effects.
        main_variance: Prior variance of the sum of the main effects.
        noise_variance: Variance of an observation around the function.
    """

    length_scales: FloatArray
    signal_variance: float
    main_variance: float
    noise_variance: float

    @classmethod
    def from_vector(cls, theta: FloatArray) -> Hyperparameters:
        """Read a vector of logarithms (d + 3,)."""
        return cls(np.exp(theta[:-3]), *(math.exp(logarithm) for logarithm in theta[-3:]))


@dataclass(frozen=True)
class Prior:
    """Normal priors on the logarithms of the hyperparameters: mean and standard deviation.

    That of the length scales matters most: short and tight, in any number of dimensions. The last
    one is on the power of the values' transform itself.
    """

    length_scale: tuple[float, float] = (-0.2, 0.7)
    signal: tuple[float, float] = (0.0, 1.0)
    main: tuple[float, float] = (-1.5, 1.5)
    noise: tuple[float, float] = (-5.5, 2.0)
    power: tuple[float, float] = (1.0, 1.0)

    def moments(self, n_params: int) -> tuple[FloatArray, FloatArray]:
        """Means and standard deviations (d + 4,) of the logarithms and of the power."""
        rows = [self.length_scale] * n_params
        rows += [self.signal, self.main, self.noise, self.power]
        means, deviations = np.array(rows).T
        return means, deviations

    def mode(self, n_params: int) -> Hyperparameters:
        """The most probable hyperparameters of ``n_params`` parameters before any data."""
        return Hyperparameters.from_vector(self.moments(n_params)[0][:-1])


_LENGTH_SCALE_BOUNDS = (math.log(0.03), math.log(100.0))
_SIGNAL_BOUNDS = (-4.0, 4.0)
_MAIN_BOUNDS = (-9.0, 3.0)
_NOISE_BOUNDS = (math.log(1e-5), 0.0)
_POWER_BOUNDS = (-3.0, 3.0)


def bounds(n_params: int) -> list[tuple[float, float]]:
    """Bounds of the logarithms and of the power, ``n_params`` + 4 of them."""
    others = [_SIGNAL_BOUNDS, _MAIN_BOUNDS, _NOISE_BOUNDS, _POWER_BOUNDS]
    return [_LENGTH_SCALE_BOUNDS] * n_params + others
