"""The wrapped test functions of both suites: which function, and what is done to it."""

from __future__ import annotations

from . import functions
from .functions import Function
from .wrappers import Shape
from .wrappers import Wrapped


_WRAPPED: dict[str, tuple[Function, Shape]] = {
    # Development suite.
    "ackley_rotated_d10": (functions.ACKLEY, Shape(10, instance=1, rotated=True)),
    "griewank_idle_d8": (functions.GRIEWANK, Shape(8, instance=2, n_idle=3, first_kind=1)),
    "levy_noisy_d6": (functions.LEVY, Shape(6, instance=3, noise=3.0, first_kind=2)),
    "levy_idle_d20": (functions.LEVY, Shape(20, instance=4, n_idle=14, n_edges=2, noise=3.0)),
    "rosenbrock_cliff_d4": (
        functions.ROSENBROCK,
        Shape(4, instance=5, cliff=300.0, first_kind=3),
    ),
    "styblinski_corner_d5": (
        functions.STYBLINSKI_TANG,
        Shape(5, instance=6, n_edges=4, tail=60.0, first_kind=4),
    ),
    "ackley_noisy_d4": (functions.ACKLEY, Shape(4, instance=21, noise=0.5, first_kind=1)),
    "levy_cliff_d5": (functions.LEVY, Shape(5, instance=22, cliff=40.0, first_kind=2)),
    "rosenbrock_noisy_d7": (
        functions.ROSENBROCK,
        Shape(7, instance=23, n_edges=2, noise=2.0),
    ),
    "styblinski_rotated_d6": (
        functions.STYBLINSKI_TANG,
        Shape(6, instance=24, rotated=True, first_kind=3),
    ),
    "griewank_edge_d5": (functions.GRIEWANK, Shape(5, instance=25, n_edges=3, first_kind=4)),
    "ackley_idle_d12": (functions.ACKLEY, Shape(12, instance=26, n_idle=6, first_kind=5)),
    # Report suite.
    "alpine_noisy_d12": (functions.ALPINE, Shape(12, instance=11, noise=0.7, first_kind=1)),
    "dixon_price_edge_d7": (
        functions.DIXON_PRICE,
        Shape(7, instance=12, n_edges=3, cliff=2000.0),
    ),
    "hartmann_noisy_d6": (functions.HARTMANN, Shape(6, instance=13, noise=0.05, first_kind=5)),
    "hartmann_idle_d20": (functions.HARTMANN, Shape(20, instance=14, n_idle=14, first_kind=3)),
    "shekel_d4": (functions.SHEKEL, Shape(4, instance=15, first_kind=7)),
    "zakharov_rotated_d10": (
        functions.ZAKHAROV,
        Shape(10, instance=16, n_edges=3, rotated=True, first_kind=6),
    ),
    # Suites of crashes.
    "levy_crash_d4": (functions.LEVY, Shape(4, instance=31, crash_share=0.5)),
    "rosenbrock_crash_d5": (
        functions.ROSENBROCK,
        Shape(5, instance=32, first_kind=2, crash_share=0.5),
    ),
    "ackley_crash_d6": (functions.ACKLEY, Shape(6, instance=33, first_kind=1, crash_share=0.6)),
    "griewank_crash_d8": (
        functions.GRIEWANK,
        Shape(8, instance=34, first_kind=3, crash_share=0.7),
    ),
    "styblinski_random_crash_d4": (
        functions.STYBLINSKI_TANG,
        Shape(4, instance=35, first_kind=5, crash_chance=0.15),
    ),
    "alpine_crash_d4": (functions.ALPINE, Shape(4, instance=41, first_kind=4, crash_share=0.4)),
    "zakharov_crash_d5": (
        functions.ZAKHAROV,
        Shape(5, instance=42, first_kind=6, crash_share=0.6),
    ),
    "hartmann_crash_d6": (functions.HARTMANN, Shape(6, instance=43, crash_share=0.5)),
    "dixon_price_crash_d8": (
        functions.DIXON_PRICE,
        Shape(8, instance=44, first_kind=2, crash_share=0.7),
    ),
    "shekel_random_crash_d4": (
        functions.SHEKEL,
        Shape(4, instance=45, first_kind=3, crash_chance=0.15),
    ),
}


def build(name: str, seed: int) -> Wrapped:
    """Make one of the wrapped functions, with a seed for its noise."""
    function, shape = _WRAPPED[name]
    return Wrapped(function, shape, seed)
