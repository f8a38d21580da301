"""The part that models constraints and searches where they are met."""

from __future__ import annotations

from collections.abc import Mapping
import math

from optuna.trial import Trial

from ..entrants import botorch
from ..entrants import gp
from ..entrants import ours
from ..entrants import random_search
from ..entrants import tpe
from ..problems import engineering
from ..scales import scaled_task
from ..task import Objective
from ..task import Part
from ..task import Task


# Lowest values in the literature, where there are some; sources are with the formulas.
PUBLISHED: dict[str, float] = {
    "pressure_vessel": 6059.714335,
    "welded_beam": 1.724852,
    "tension_spring": 0.0126652,
    "speed_reducer": 2994.4711,
    "gramacy": 0.5998,
}


def pressure_vessel(trial: Trial) -> float:
    """Cheapest vessel of plates in steps of 1/16 inch; 3 constraints."""
    values, limits = engineering.pressure_vessel(
        0.0625 * trial.suggest_int("shell_sixteenths", 1, 99),
        0.0625 * trial.suggest_int("head_sixteenths", 1, 99),
        trial.suggest_float("radius", 10.0, 200.0),
        trial.suggest_float("length", 10.0, 200.0),
    )
    return _constrained(trial, values[0], limits)


def welded_beam(trial: Trial) -> float:
    """Cheapest welded beam of limited deflection; 5 constraints."""
    (cost, deflection), limits = engineering.welded_beam(
        trial.suggest_float("h", 0.1, 2.0),
        trial.suggest_float("length", 0.1, 10.0),
        trial.suggest_float("t", 0.1, 10.0),
        trial.suggest_float("b", 0.1, 2.0),
    )
    return _constrained(trial, cost, limits | {"deflection": deflection / 0.25 - 1})


def tension_spring(trial: Trial) -> float:
    """Lightest spring, of wire up to 0.2 inches; 4 constraints."""
    values, limits = engineering.tension_spring(
        trial.suggest_float("wire", 0.05, 0.2, log=True),
        trial.suggest_float("coil", 0.25, 1.3),
        trial.suggest_float("turns", 2.0, 15.0),
    )
    return _constrained(trial, values[0], limits)


def speed_reducer(trial: Trial) -> float:
    """Lightest gear box, with a whole number of teeth; 11 constraints."""
    values, limits = engineering.speed_reducer(
        trial.suggest_float("width", 2.6, 3.6),
        trial.suggest_float("module", 0.7, 0.8),
        trial.suggest_int("teeth", 17, 28),
        trial.suggest_float("l1", 7.3, 8.3),
        trial.suggest_float("l2", 7.3, 8.3),
        trial.suggest_float("d1", 2.9, 3.9),
        trial.suggest_float("d2", 5.0, 5.5),
    )
    return _constrained(trial, values[0], limits)


def gardner_waves(trial: Trial) -> float:
    """Waves in the plane, feasible in stripes; wider ones in Gardner et al., ICML 2014."""
    x, y = trial.suggest_float("x", 0.0, 6.0), trial.suggest_float("y", 0.0, 6.0)
    value = math.cos(2 * x) * math.cos(y) + math.sin(x)
    return _constrained(trial, value, {"wave": math.cos(x + y) + 0.5})


def gardner_islands(trial: Trial) -> float:
    """A slope, feasible on small islands; Gardner et al., ICML 2014, second simulation."""
    x, y = trial.suggest_float("x", 0.0, 6.0), trial.suggest_float("y", 0.0, 6.0)
    return _constrained(trial, math.sin(x) + y, {"island": math.sin(x) * math.sin(y) + 0.95})


def gramacy(trial: Trial) -> float:
    """A known slope between two curves; Gramacy et al., Technometrics 58 (2016). Best: 0.5998."""
    x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
    limits = {
        "wave": 1.5 - x - 2 * y - 0.5 * math.sin(2 * math.pi * (x**2 - 2 * y)),
        "circle": x**2 + y**2 - 1.5,
    }
    return _constrained(trial, x + y, limits)


def network_memory(trial: Trial) -> float:
    """Loss of an imitated network on a lattice that must fit into 4 GiB."""
    loss, gibibytes = _network(trial)
    return _constrained(trial, loss, {"memory": math.log2(gibibytes / 4)})


def network_in_large_memory(trial: Trial) -> float:
    """The same network in memory that is never short."""
    loss, gibibytes = _network(trial)
    return _constrained(trial, loss, {"memory": gibibytes / 4096 - 1})


def service_latency(trial: Trial) -> float:
    """Cost of an imitated service on a lattice, with limits on latency and on errors."""
    replicas = trial.suggest_int("replicas", 1, 16)
    threads = trial.suggest_int("threads", 1, 32, log=True)
    cache = trial.suggest_int("cache_mib", 64, 4096, log=True)
    timeout = trial.suggest_float("timeout", 0.05, 2.0, log=True)
    batch = trial.suggest_int("batch", 1, 64, log=True)
    hit_rate = 1 - math.exp(-math.log2(cache / 32) / 3)
    work = 40 * (1 - hit_rate) * (0.3 + 0.7 / math.sqrt(batch)) + 2
    # Threads share the core's caches: more of them are not so much faster.
    load = work / (replicas * threads**0.6)
    latency = 0.02 * work / threads**0.2 + 0.004 * batch + 0.5 * load**2 / (1 + load)
    errors = math.exp(-timeout / (0.3 * latency + 0.02)) + 0.01 * load
    cost = replicas * (1 + 0.05 * threads + cache / 1500) + 0.5 * timeout
    limits = {"latency": math.log(latency / 0.5), "errors": math.log(errors / 0.02)}
    return _constrained(trial, cost, limits)


def slack_branin(trial: Trial) -> float:
    """Branin's function with a constraint that no point comes near to."""
    x, y = trial.suggest_float("x", -5.0, 10.0), trial.suggest_float("y", 0.0, 15.0)
    bend = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    value = bend**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10
    return _constrained(trial, value, {"slack": x + y - 40})


def _network(trial: Trial) -> tuple[float, float]:
    """Loss and memory in GiB."""
    depth = trial.suggest_int("depth", 2, 24, step=2)
    width = trial.suggest_int("width", 64, 1024, step=64)
    batch = trial.suggest_int("batch_size", 8, 256, log=True)
    context = trial.suggest_int("context", 128, 2048, step=128)
    rate = math.log10(trial.suggest_float("learning_rate", 1e-5, 1e-2, log=True))
    weights = 12 * depth * width**2
    activations = batch * context * depth * (16 * width + context) * 0.1
    gibibytes = (16 * weights + 4 * activations) / 2**30 + 0.3
    capacity = math.log10(weights)
    loss = 1.5 + 0.25 * (8.6 - capacity) ** 2 + 40 / context
    loss += 0.02 * (math.log2(width / depth) - 5.5) ** 2 + 0.02 * (math.log2(batch) - 6.5) ** 2
    # Wider networks want smaller steps.
    loss += 0.15 * (rate + 3.2 + 0.5 * math.log10(width / 256)) ** 2
    return loss, gibibytes


def _constrained(trial: Trial, value: float, limits: Mapping[str, float]) -> float:
    for name, limit in limits.items():
        trial.set_constraint(name, limit)
    return value


def _task(
    name: str, objective: Objective, n_trials: int, *, is_dev: bool = False, offers: bool = True
) -> Task:
    return scaled_task(name, objective, n_trials, is_dev=is_dev, offers=offers, constrained=True)


# Optuna's samplers read the constraints of finished trials from the study, where
# ``Trial.set_constraint`` puts them: they need no argument.
PART = Part(
    name="constraints",
    description="learning where constraints are met; only feasible trials count",
    unit="trials",
    tasks=(
        _task("gardner_waves", gardner_waves, 40, is_dev=True),
        _task("pressure_vessel", pressure_vessel, 40, is_dev=True),
        _task("network_memory", network_memory, 40, is_dev=True),
        _task("slack_branin", slack_branin, 40, is_dev=True, offers=False),
        _task("gardner_islands", gardner_islands, 40),
        _task("gramacy", gramacy, 40),
        _task("welded_beam", welded_beam, 60),
        _task("tension_spring", tension_spring, 40),
        _task("speed_reducer", speed_reducer, 40),
        _task("service_latency", service_latency, 40),
        _task("network_in_large_memory", network_in_large_memory, 40, offers=False),
    ),
    entrants=(
        ours("on", {}),
        ours("off", {"constraint_weight": 0.0}),
        tpe(),
        gp(),
        botorch(),
        random_search(),
    ),
)
