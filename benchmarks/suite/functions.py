"""Classical test functions, each with a minimiser; all have their minimum of zero there.

Formulas: Surjanovic and Bingham, Virtual Library of Simulation Experiments; Jamil and Yang, A
literature survey of benchmark functions (2013). Each minimum holds on the whole of R^d, so that a
function may be shifted, turned and stretched without a lower point coming into view.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import functools

import numpy as np

from ..arrays import FloatArray


@dataclass(frozen=True)
class Function:
    """A function of R^d.

    Attributes:
        value: From a point (d,) to its value, 0 or more.
        minimiser: From the dimension to a point (d,) where the value is 0.
        scale: Width of the customary domain, in the function's own units.
    """

    value: Callable[[FloatArray], float]
    minimiser: Callable[[int], FloatArray]
    scale: float


def _ackley(z: FloatArray) -> float:
    bowl = -20.0 * np.exp(-0.2 * np.sqrt(np.mean(z**2)))
    return float(bowl - np.exp(np.mean(np.cos(2 * np.pi * z))) + 20.0 + np.e)


def _levy(z: FloatArray) -> float:
    w = 1.0 + (z - 1.0) / 4.0
    middle = (w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2)
    last = (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)
    return float(np.sin(np.pi * w[0]) ** 2 + middle.sum() + last)


def _styblinski_tang(z: FloatArray) -> float:
    return float(0.5 * np.sum(z**4 - 16 * z**2 + 5 * z) - _STYBLINSKI_MINIMUM * len(z))


def _griewank(z: FloatArray) -> float:
    ripple = np.prod(np.cos(z / np.sqrt(np.arange(1, len(z) + 1))))
    return float(np.sum(z**2) / 4000 - ripple + 1)


def _rosenbrock(z: FloatArray) -> float:
    return float(np.sum(100 * (z[1:] - z[:-1] ** 2) ** 2 + (1 - z[:-1]) ** 2))


def _dixon_price(z: FloatArray) -> float:
    weights = np.arange(2, len(z) + 1)
    return float((z[0] - 1) ** 2 + np.sum(weights * (2 * z[1:] ** 2 - z[:-1]) ** 2))


def _zakharov(z: FloatArray) -> float:
    weighted = float(np.sum(0.5 * np.arange(1, len(z) + 1) * z))
    return float(np.sum(z**2)) + weighted**2 + weighted**4


def _alpine(z: FloatArray) -> float:
    return float(np.sum(np.abs(z * np.sin(z) + 0.1 * z)))


def _hartmann(z: FloatArray) -> float:
    distances = np.sum(_HARTMANN_RATES * (z - _HARTMANN_CENTRES) ** 2, axis=1)
    return float(_HARTMANN_MAXIMUM - np.sum(_HARTMANN_HEIGHTS * np.exp(-distances)))


def _shekel(z: FloatArray) -> float:
    distances = np.sum((z - _SHEKEL_CENTRES) ** 2, axis=1)
    return float(_SHEKEL_MAXIMUM - np.sum(1.0 / (distances + _SHEKEL_WIDTHS)))


# The root of the derivative of z^4 - 16 z^2 + 5 z that is its minimiser.
_STYBLINSKI_MINIMISER = float(np.roots([4.0, 0.0, -32.0, 5.0]).real.min())
_STYBLINSKI_MINIMUM = 0.5 * float(np.polyval([1, 0, -16, 5, 0], _STYBLINSKI_MINIMISER))

_HARTMANN_HEIGHTS = np.array([1.0, 1.2, 3.0, 3.2])
_HARTMANN_RATES = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_HARTMANN_CENTRES = np.array(
    [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ]
)
_SHEKEL_CENTRES = np.array(
    [
        [4, 1, 8, 6, 3, 2, 5, 8, 6, 7],
        [4, 1, 8, 6, 7, 9, 3, 1, 2, 3.6],
        [4, 1, 8, 6, 3, 2, 5, 8, 6, 7],
        [4, 1, 8, 6, 7, 9, 3, 1, 2, 3.6],
    ]
).T
_SHEKEL_WIDTHS = np.array([1, 2, 2, 4, 4, 6, 3, 7, 5, 5]) / 10
# Both are sums of bells, so their highest points lie between the centres of the bells. These were
# found by Newton's method from the published ones.
_HARTMANN_MINIMISER = np.array(
    [0.2016895110, 0.1500106918, 0.4768739742, 0.2753324305, 0.3116516166, 0.6573005341]
)
_HARTMANN_MAXIMUM = 3.322368011415515
_SHEKEL_MINIMISER = np.array([4.0007468683, 3.9995094801, 4.0007468683, 3.9995094801])
_SHEKEL_MAXIMUM = 10.536443153483525


def _constant(value: float) -> Callable[[int], FloatArray]:
    return functools.partial(_full, value=value)


def _fixed(minimiser: FloatArray) -> Callable[[int], FloatArray]:
    return lambda n_dims: minimiser[:n_dims]


def _full(n_dims: int, value: float) -> FloatArray:
    return np.full(n_dims, value)


def _dixon_price_minimiser(n_dims: int) -> FloatArray:
    powers = 2.0 ** np.arange(1, n_dims + 1)
    minimiser: FloatArray = 2.0 ** (-(powers - 2) / powers)
    return minimiser


ACKLEY = Function(_ackley, _constant(0.0), 12.0)
LEVY = Function(_levy, _constant(1.0), 16.0)
STYBLINSKI_TANG = Function(_styblinski_tang, _constant(_STYBLINSKI_MINIMISER), 8.0)
# A tenth of the customary domain: on the whole of it the ripple is lost in the bowl.
GRIEWANK = Function(_griewank, _constant(0.0), 40.0)
ROSENBROCK = Function(_rosenbrock, _constant(1.0), 3.0)
DIXON_PRICE = Function(_dixon_price, _dixon_price_minimiser, 6.0)
ZAKHAROV = Function(_zakharov, _constant(0.0), 4.0)
ALPINE = Function(_alpine, _constant(0.0), 14.0)
HARTMANN = Function(_hartmann, _fixed(_HARTMANN_MINIMISER), 0.7)
SHEKEL = Function(_shekel, _fixed(_SHEKEL_MINIMISER), 7.0)
