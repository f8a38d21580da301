"""Whatever goes wrong, and whatever the space is, there is a suggestion."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
import math
import os
from pathlib import Path
from typing import Any

from hypothesis import example
from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies
import numpy as np
import optuna
from optuna.trial import TrialState
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
REGISTRY_ROOT = str(Path(__file__).parents[3])
lattice_gp = optunahub.load_local_module("samplers/lattice_gp", registry_root=REGISTRY_ROOT)
LatticeGPSampler = lattice_gp.LatticeGPSampler
Objective = Callable[[optuna.Trial], float]
model = import_module(f"{lattice_gp.__name__}.acquisition.model")
SearchSpace = import_module(f"{lattice_gp.__name__}.space.search_space").SearchSpace


def test_nan_and_exceptions_do_not_stop_it(perceiver_like: Objective) -> None:
    def objective(trial: optuna.Trial) -> float:
        value = perceiver_like(trial)
        if trial.number % 2:
            return float("nan")
        return value

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=20)
    assert len({tuple(t.params.values()) for t in study.trials}) == 20


def test_model_failure_falls_back_and_says_so_once(
    small_lattice: Objective,
    monkeypatch: pytest.MonkeyPatch,
    warnings_logged: Callable[[], list[str]],
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise np.linalg.LinAlgError("not positive definite")

    monkeypatch.setattr(model.Model, "view", broken)
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(small_lattice, n_trials=24)
    assert len({tuple(sorted(t.params.items())) for t in study.trials}) == 24
    assert sum("model failed" in message for message in warnings_logged()) == 1


@strategies.composite
def distributions(draw: strategies.DrawFn) -> optuna.distributions.BaseDistribution:
    kind = draw(
        strategies.sampled_from(["int", "log int", "float", "step", "log", "choice", "list"])
    )
    if kind == "choice":
        choices: list[bool | int | float | str | None] = ["a", 1, None, 2.5, False, "b"]
        n = draw(strategies.integers(1, len(choices)))
        return optuna.distributions.CategoricalDistribution(choices[:n])
    if kind == "list":
        numbers = strategies.integers(-5, 5) | strategies.floats(-1e300, 1e300)
        listed = draw(strategies.lists(numbers, min_size=1, max_size=6))
        return optuna.distributions.CategoricalDistribution(listed)
    low = draw(strategies.integers(1, 50))
    high = low + draw(strategies.integers(0, 300))
    if kind == "int":
        step = draw(strategies.integers(1, max(1, high - low)))
        high = low + (high - low) // step * step
        return optuna.distributions.IntDistribution(low - 60, high - 60, step=step)
    if kind == "log int":
        return optuna.distributions.IntDistribution(low, high, log=True)
    if kind == "step":
        return optuna.distributions.FloatDistribution(low / 10, high / 10, step=0.1)
    scale = draw(strategies.sampled_from([1e-6, 1.0, 1e6]))
    return optuna.distributions.FloatDistribution(low * scale, high * scale, log=kind == "log")


def test_a_space_that_cannot_be_handled_is_sampled_at_random(
    small_lattice: Objective,
    monkeypatch: pytest.MonkeyPatch,
    warnings_logged: Callable[[], list[str]],
) -> None:
    def broken(*_: object) -> None:
        raise OverflowError("int too large")

    monkeypatch.setattr(import_module(f"{lattice_gp.__name__}.advisor"), "startup_point", broken)
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0, n_startup_trials=9))
    study.optimize(small_lattice, n_trials=6)
    assert len(study.trials) == 6
    assert sum("No joint suggestion" in message for message in warnings_logged()) == 1


class _FlakyStorage(optuna.storages.InMemoryStorage):
    """Fails to read the trials, or to write an attribute of Optuna's samplers, now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.reads_fail: Callable[[], bool] = bool
        self.writes_fail: Callable[[], bool] = bool

    def get_all_trials(self, study_id: int, deepcopy: bool = True, states: Any = None) -> Any:
        if states is None and self.reads_fail():  # others are Optuna's own
            raise OSError("the database is away")
        return super().get_all_trials(study_id, deepcopy, states)

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        if self.writes_fail():
            raise OSError("the database is full")
        super().set_trial_system_attr(trial_id, key, value)


@pytest.mark.parametrize("which", ["reads_fail", "writes_fail"])
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_errors_of_the_storage_do_not_end_the_study(
    perceiver_like: Objective, which: str, share: float, warnings_logged: Callable[[], list[str]]
) -> None:
    rng = np.random.default_rng(0)

    def objective(trial: optuna.Trial) -> float:
        if trial.number == 7:
            raise MemoryError
        return perceiver_like(trial)

    storage = _FlakyStorage()
    sampler = LatticeGPSampler(seed=0, constraints_func=lambda t: [t.params["depth"] - 6])
    study = optuna.create_study(storage=storage, sampler=sampler)
    setattr(storage, which, lambda: rng.random() < share)
    study.optimize(objective, n_trials=20, catch=(MemoryError,))
    setattr(storage, which, bool)
    states = [trial.state for trial in study.trials]
    assert states.count(TrialState.COMPLETE) == 19
    said = [message for message in warnings_logged() if "the database is" in message]
    assert 1 <= len(said) == len(set(said))


def test_many_wide_ranges(warnings_logged: Callable[[], list[str]]) -> None:
    def objective(trial: optuna.Trial) -> float:
        ints = [trial.suggest_int(f"i{k}", 0, 2**40) for k in range(30)]
        large = trial.suggest_int("large", 2 * 10**14, 2 * 10**14 + 10, log=True)
        return float(np.mean(ints)) + large + trial.suggest_float("x", -1e307, 1e307, step=1e306)

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=12)
    assert not warnings_logged()


@pytest.mark.slow
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(
    space={"a": optuna.distributions.FloatDistribution(1e-6, 3.4e-5, log=True)},
    values=[0.0, math.inf, 0.0, 0.0, math.inf, 0.0, 0.0, 0.0, math.inf, math.inf, math.inf, 0.0],
)
@given(
    space=strategies.dictionaries(
        strategies.sampled_from("abcde"), distributions(), min_size=1, max_size=5
    ),
    values=strategies.lists(
        strategies.floats(-1e6, 1e6) | strategies.just(math.inf), min_size=12, max_size=12
    ),
)
def test_random_spaces(
    space: dict[str, optuna.distributions.BaseDistribution],
    values: list[float],
    warnings_logged: Callable[[], list[str]],
) -> None:
    """Every suggestion is legal, and new while there is anything new."""
    size = math.prod(SearchSpace({"x": d}).size for d in space.values() if not d.single())
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    for value in values:
        trial = study.ask(space)
        for name, distribution in space.items():
            assert distribution._contains(distribution.to_internal_repr(trial.params[name]))
        study.tell(trial, value)
    points = {tuple(sorted((k, str(v)) for k, v in t.params.items())) for t in study.trials}
    assert len(points) == min(len(values), size)
    assert not warnings_logged()
