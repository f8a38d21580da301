"""Problems of two and three objectives, all to be minimised, as formulas."""

from __future__ import annotations

import math

import numpy as np
from optuna.trial import Trial

from ...arrays import FloatArray
from . import engineering


# Points along a front that is known; a hypervolume of so many is exact to three digits or more.
_N_DENSE = 2000


def branin_currin(trial: Trial) -> tuple[float, float]:
    """Branin's function against Currin's, in two dimensions.

    Belakaria, Deshwal and Doppa, Max-value Entropy Search for Multi-Objective Bayesian
    Optimization, NeurIPS 2019; in the form of BoTorch, where the hypervolume up to (18, 6) is at
    most 59.36.
    """
    a, b = trial.suggest_float("a", 0.0, 1.0), trial.suggest_float("b", 0.0, 1.0)
    x, y = 15 * a - 5, 15 * b
    bend = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    branin = bend**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10
    damped = 1 - math.exp(-1 / (2 * b)) if b > 0 else 1.0
    top = 2300 * a**3 + 1900 * a**2 + 2092 * a + 60
    return branin, damped * top / (100 * a**3 + 500 * a**2 + 4 * a + 20)


def zdt1(trial: Trial) -> tuple[float, float]:
    """A convex front in 4 dimensions; Zitzler, Deb and Thiele, Evolutionary Computation 8."""
    x, distance = _zdt(trial, 4)
    return x, distance * (1 - math.sqrt(x / distance))


def zdt2(trial: Trial) -> tuple[float, float]:
    """A concave front in 5 dimensions; Zitzler, Deb and Thiele, Evolutionary Computation 8."""
    x, distance = _zdt(trial, 5)
    return x, distance * (1 - (x / distance) ** 2)


def zdt3(trial: Trial) -> tuple[float, float]:
    """A front in five pieces in 6 dimensions; Zitzler, Deb and Thiele, Evol. Computation 8."""
    x, distance = _zdt(trial, 6)
    share = x / distance
    return x, distance * (1 - math.sqrt(share) - share * math.sin(10 * math.pi * x))


def _zdt(trial: Trial, n_dims: int) -> tuple[float, float]:
    """The first parameter, and 1 or more for how far the others are from the front."""
    first, *others = (trial.suggest_float(f"x{i}", 0.0, 1.0) for i in range(n_dims))
    return first, 1 + 9 * sum(others) / len(others)


def zdt1_front() -> FloatArray:
    """Points of its front, shape (n_points, 2)."""
    x = np.linspace(0, 1, _N_DENSE)
    return np.column_stack([x, 1 - np.sqrt(x)])


def zdt2_front() -> FloatArray:
    """Points of its front, shape (n_points, 2)."""
    x = np.linspace(0, 1, _N_DENSE)
    return np.column_stack([x, 1 - x**2])


def zdt3_front() -> FloatArray:
    """Points of its front, and dominated ones between its pieces, shape (n_points, 2)."""
    x = np.linspace(0, 1, 10 * _N_DENSE)
    return np.column_stack([x, 1 - np.sqrt(x) - x * np.sin(10 * math.pi * x)])


def dtlz2(trial: Trial) -> tuple[float, float, float]:
    """An eighth of a sphere in 5 dimensions; Deb, Thiele, Laumanns and Zitzler, CEC 2002."""
    a, b, *others = (trial.suggest_float(f"x{i}", 0.0, 1.0) for i in range(5))
    radius = 1 + sum((x - 0.5) ** 2 for x in others)
    a, b = a * math.pi / 2, b * math.pi / 2
    return (
        radius * math.cos(a) * math.cos(b),
        radius * math.cos(a) * math.sin(b),
        radius * math.sin(a),
    )


def dtlz2_front() -> FloatArray:
    """Points of its front, shape (n_points, 3)."""
    a, b = (0.5 * math.pi * grid.ravel() for grid in np.meshgrid(*[np.linspace(0, 1, 45)] * 2))
    return np.column_stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)])


def rocket_injector(trial: Trial) -> tuple[float, ...]:
    """Two temperatures of a rocket's injector and its length of combustion; 4 parameters."""
    return tuple(
        engineering.rocket_injector(
            trial.suggest_float("angle", 0.0, 1.0),
            trial.suggest_float("hydrogen_area", 0.0, 1.0),
            trial.suggest_float("oxygen_area", 0.0, 1.0),
            trial.suggest_float("tip", 0.0, 1.0),
        )
    )


def crash_safety(trial: Trial) -> tuple[float, ...]:
    """Mass, acceleration and intrusion of a car in a crash, of five thicknesses."""
    return tuple(
        engineering.crash_safety(*(trial.suggest_float(f"x{i}", 1.0, 3.0) for i in range(1, 6)))
    )


def beam_cost_deflection(trial: Trial) -> tuple[float, ...]:
    """Cost of a welded beam against its deflection; 4 constraints."""
    values, limits = engineering.welded_beam(
        trial.suggest_float("h", 0.125, 5.0),
        trial.suggest_float("length", 0.1, 10.0),
        trial.suggest_float("t", 0.1, 10.0),
        trial.suggest_float("b", 0.125, 5.0),
    )
    for name, limit in limits.items():
        trial.set_constraint(name, limit)
    return tuple(values)


def accuracy_cost(trial: Trial) -> tuple[float, float]:
    """Loss of an imitated network on a lattice against the logarithm of its cost."""
    loss, cost, _ = _tuned(trial)
    return loss, cost


def accuracy_cost_memory(trial: Trial) -> tuple[float, float, float]:
    """Loss, cost and memory of an imitated network on a lattice."""
    return _tuned(trial)


def _tuned(trial: Trial) -> tuple[float, float, float]:
    """Loss, logarithm of the cost of training, logarithm of the memory."""
    depth = trial.suggest_int("depth", 1, 12)
    width = trial.suggest_int("width", 32, 512, step=32)
    steps = trial.suggest_int("steps", 200, 4000, step=200)
    rate = math.log10(trial.suggest_float("learning_rate", 1e-5, 1e-1, log=True))
    dropout = trial.suggest_float("dropout", 0.0, 0.5, step=0.05)
    weights = depth * width**2
    capacity = math.log10(weights)
    # The best rate is lower for deeper networks, the best dropout higher for larger ones.
    misfit = 0.04 * (rate + 2.3 + 0.08 * depth) ** 2
    misfit += 0.5 * (dropout - 0.1 * max(0.0, capacity - 4)) ** 2
    loss = 0.05 + 1.2 * 10 ** (-0.35 * (capacity - 2.5)) + 40 / steps**0.9 + misfit
    loss += 0.01 * (math.log2(width / depth) - 5) ** 2
    # Wide layers need less memory for the same cost than deep stacks do.
    return loss, math.log10(weights * steps / 1e6), math.log10(weights + 300 * depth * width)


def diverging_cost_latency(trial: Trial) -> tuple[float, float, float]:
    """Loss of an imitated network that may diverge, against its cost and its latency."""
    depth = trial.suggest_int("depth", 2, 8)
    width = trial.suggest_int("width", 64, 512, step=64)
    rate = trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True)
    decay = trial.suggest_float("weight_decay", 1e-6, 1e-1, log=True)
    best_rate = -3 - 0.1 * (depth - 4)
    loss = 0.3 + 3 / (depth * math.sqrt(width)) + 0.1 * (math.log10(rate) - best_rate) ** 2
    loss += 0.02 * (math.log10(decay) + 3.5) ** 2
    # Beyond some rate, the lower the larger the network, up to a million times the loss.
    excess = rate * depth * math.sqrt(width) - 0.5
    loss *= 10 ** (3 * min(max(excess, 0.0), 2.0))
    return loss, depth * width**2 / 1e6, depth * (20 + width / 32)


def plain_levy(trial: Trial) -> float:
    """One objective: Levy's function in 4 dimensions."""
    w = [1 + trial.suggest_float(f"x{i}", -9.0, 11.0) / 4 for i in range(4)]
    value = math.sin(math.pi * w[0]) ** 2
    for here in w[:-1]:
        value += (here - 1) ** 2 * (1 + 10 * math.sin(math.pi * here + 1) ** 2)
    return value + (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)
