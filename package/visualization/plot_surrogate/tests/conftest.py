from __future__ import annotations

from collections.abc import Callable
import math
import os
from pathlib import Path
from typing import Any

import optuna
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
REGISTRY_ROOT = str(Path(__file__).parents[3])
Objective = Callable[[optuna.Trial], float]


def pytest_configure(config: pytest.Config) -> None:
    """Make the package's marker known also where its folder is copied to."""
    config.addinivalue_line("markers", "slow: takes seconds")


def _smooth(trial: optuna.Trial) -> float:
    depth = trial.suggest_int("depth", 2, 8)
    units = trial.suggest_int("units", 128, 512, step=64)
    rate = trial.suggest_float("rate", 1e-4, 1e-2, log=True)
    return 0.1 * (depth - 5) ** 2 + (units / 256 - 1) ** 2 + math.log10(rate / 1e-3) ** 2


def _conditional(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", -1.0, 1.0)
    kind = trial.suggest_categorical("kind", ["plain", "twisted", "bent"])
    if kind == "plain":
        return x**2
    if kind == "twisted":
        return x**2 + (trial.suggest_int("twist", 0, 9) - 6) ** 2 / 10 - 0.1
    return x**2 + trial.suggest_float("bend", 0.1, 10.0, log=True) / 10


def _crashing(trial: optuna.Trial) -> float:
    value = _smooth(trial)
    if trial.params["depth"] > 6:
        raise MemoryError
    return value


def _study_of(
    objective: Callable[[optuna.Trial], Any],
    n_trials: int,
    sampler: optuna.samplers.BaseSampler | None = None,
    **options: Any,
) -> optuna.Study:
    sampler = sampler or optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(sampler=sampler, **options)
    study.optimize(objective, n_trials=n_trials, catch=(MemoryError,))
    return study


def _pruned_and_diverged() -> optuna.Study:
    def objective(trial: optuna.Trial) -> float:
        value = _smooth(trial)
        trial.report(value, 0)
        if trial.number % 5 == 1:
            raise optuna.TrialPruned
        return math.inf if trial.number % 5 == 2 else 10.0 ** (4 * value) * (-1) ** trial.number

    return _study_of(objective, 20)


def _sampler(**options: Any) -> optuna.samplers.BaseSampler:
    package = optunahub.load_local_module("samplers/lattice_gp", registry_root=REGISTRY_ROOT)
    sampler: optuna.samplers.BaseSampler = package.LatticeGPSampler(seed=1, **options)
    return sampler


STUDIES: dict[str, Callable[[], optuna.Study]] = {
    "five": lambda: _study_of(_smooth, 5),
    "conditional": lambda: _study_of(_conditional, 40),
    "crashing": lambda: _study_of(_crashing, 25),
    "own": lambda: _study_of(_smooth, 15, _sampler()),
    "maximised": lambda: _study_of(lambda t: -_smooth(t), 15, direction="maximize"),
    "two objectives": lambda: _study_of(
        lambda t: (_smooth(t), t.params["depth"]), 12, directions=["minimize", "maximize"]
    ),
    "constraints": lambda: _study_of(
        _smooth, 15, _sampler(constraints_func=lambda t: [t.params["units"] - 300])
    ),
    "pruned and diverged": _pruned_and_diverged,
}


@pytest.fixture(scope="session")
def smooth() -> Objective:
    """A smooth valley over an integer, a lattice and a range."""
    return _smooth


@pytest.fixture(scope="session")
def conditional() -> Objective:
    """An objective whose parameters depend on a choice."""
    return _conditional


@pytest.fixture(scope="session")
def crashing() -> Objective:
    """The smooth one, but deep trials fail."""
    return _crashing


@pytest.fixture(scope="session")
def study_of() -> Callable[..., optuna.Study]:
    """Makes a study of some trials of an objective, with random search unless told otherwise."""
    return _study_of


@pytest.fixture(scope="session")
def traces() -> Callable[[Any, str], list[Any]]:
    """The traces of a figure that have a name."""
    return lambda figure, name: list(figure.select_traces({"name": name}))


@pytest.fixture(scope="session")
def studies() -> dict[str, Callable[[], optuna.Study]]:
    """Makers of studies of many kinds, by their names."""
    return STUDIES


@pytest.fixture(
    params=[
        n if n in ("five", "conditional") else pytest.param(n, marks=pytest.mark.slow)
        for n in STUDIES
    ]
)
def any_study(request: pytest.FixtureRequest) -> optuna.Study:
    """A study of every kind in turn."""
    return STUDIES[request.param]()
