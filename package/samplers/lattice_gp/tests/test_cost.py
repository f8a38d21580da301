"""Trials that differ in cost: improvement is weighed against seconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
import logging
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.samplers import PartialFixedSampler
from optuna.trial import create_trial
from optuna.trial import FrozenTrial
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
lattice_gp = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
)
LatticeGPSampler = lattice_gp.LatticeGPSampler
CostSource = import_module(f"{lattice_gp.__name__}.trials.cost_source").CostSource
history = import_module(f"{lattice_gp.__name__}.trials.history")
Model = import_module(f"{lattice_gp.__name__}.acquisition.model").Model
Recipe = import_module(f"{lattice_gp.__name__}.recipe").Recipe
records = import_module(f"{lattice_gp.__name__}.trials.records")
SearchSpace = import_module(f"{lattice_gp.__name__}.space.search_space").SearchSpace

Params = dict[str, Any]
SPACE: dict[str, BaseDistribution] = {
    "depth": IntDistribution(1, 8),
    "rate": FloatDistribution(1e-4, 1e-1, log=True),
    "kind": CategoricalDistribution(["a", "b"]),
}


def _cost(params: Params) -> float:
    """Seconds, from 3 to 24."""
    return 3.0 * float(params["depth"])


def _loss(params: Params) -> float:
    return float((params["depth"] / 8 - 0.6) ** 2 + (math.log10(params["rate"]) + 2.8) ** 2 / 9)


def _study(cost_aware: Any, **arguments: Any) -> optuna.Study:
    return optuna.create_study(
        sampler=LatticeGPSampler(seed=3, cost_aware=cost_aware), **arguments
    )


def _run(
    study: optuna.Study,
    n_trials: int,
    loss: Callable[[Params], Any] = _loss,
    cost: Callable[[Params], Any] = _cost,
    space: dict[str, BaseDistribution] = SPACE,
) -> list[Params]:
    for _ in range(n_trials):
        trial = study.ask(space)
        trial.set_user_attr("seconds", cost(trial.params))
        study.tell(trial, loss(trial.params))
    return [trial.params for trial in study.get_trials(deepcopy=False)]


def _past(n_trials: int) -> list[FrozenTrial]:
    """Finished trials that lasted, and say, what they cost."""
    rng = np.random.default_rng(0)
    trials = []
    for _ in range(n_trials):
        params = {
            "depth": int(rng.integers(1, 9)),
            "rate": float(10 ** rng.uniform(-4, -1)),
            "kind": str(rng.choice(["a", "b"])),
        }
        trial = create_trial(params=params, distributions=SPACE, value=_loss(params))
        trials.append(_lasting(trial, _cost(params)))
    return trials


def _lasting(trial: FrozenTrial, seconds: float) -> FrozenTrial:
    assert trial.datetime_start is not None
    trial.datetime_complete = trial.datetime_start + timedelta(seconds=seconds)
    trial.user_attrs["seconds"] = seconds
    return trial


@pytest.fixture(autouse=True)
def warnings_logged(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Warnings of the sampler; a fallback would otherwise hide a broken model."""
    optuna.logging.enable_propagation()
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def messages() -> list[str]:
        # Once each: the log may reach the fixture on more than one way.
        return list(
            {id(r): r.message for r in caplog.records if r.levelno >= logging.WARNING}.values()
        )

    return messages


# The argument.


@pytest.mark.parametrize("cost_aware", [3, 1.5, ["seconds"], {}, object(), b"seconds"])
def test_what_no_cost_can_be_read_from_is_refused(cost_aware: Any) -> None:
    with pytest.raises(TypeError, match="cost_aware is .* of type .* None .*True.*str.*callable"):
        LatticeGPSampler(cost_aware=cost_aware)


def test_an_attribute_needs_a_name() -> None:
    with pytest.raises(ValueError, match="cost_aware is ''"):
        LatticeGPSampler(cost_aware="")


@pytest.mark.parametrize(
    "value", [None, 0, -1.0, math.nan, math.inf, "long", [1.0], 10**400], ids=str
)
def test_what_is_no_positive_number_is_no_cost(value: Any) -> None:
    trial = _past(1)[0]
    trial.user_attrs["seconds"] = value
    assert math.isnan(CostSource("seconds").measure(trial))


def test_a_trial_that_was_added_without_lasting_has_no_cost() -> None:
    trial = _past(1)[0]
    assert CostSource(True).measure(trial) == pytest.approx(_cost(trial.params))
    trial.datetime_complete = trial.datetime_start
    assert math.isnan(CostSource(True).measure(trial))
    trial.datetime_complete = None
    assert math.isnan(CostSource(True).measure(trial))


# What it changes.


@pytest.mark.parametrize(
    "cost_aware", [True, "seconds", _cost], ids=["duration", "attribute", "function"]
)
def test_costs_are_read_and_predicted(cost_aware: Any) -> None:
    study = _study(cost_aware)
    study.add_trials(_past(20))
    trial = study.ask(SPACE)
    prediction = lattice_gp.prediction_of(study.get_trials(deepcopy=False)[-1])
    assert prediction.seconds == pytest.approx(_cost(trial.params), rel=0.2)


@pytest.mark.parametrize("cost_aware", ["seconds", "no such attribute", lambda params: 7.0])
def test_equal_or_unknown_costs_change_nothing(cost_aware: Any) -> None:
    expected = _run(_study(None), 14)
    assert _run(_study(cost_aware), 14, cost=lambda params: 7.0) == expected


def _steep(params: Params) -> float:
    return float(4 ** params["depth"])


@pytest.mark.parametrize("cost_aware", ["seconds", _steep], ids=["attribute", "function"])
def test_of_equally_promising_regions_the_cheap_one_is_tried_first(cost_aware: Any) -> None:
    # Symmetric about the middle of the depths: shallow is as good as deep.
    def loss(params: Params) -> float:
        return float(params["x"] - ((params["depth"] - 4.5) / 3.5) ** 2)

    def depths(cost_aware: Any) -> list[int]:
        space = {"depth": IntDistribution(1, 8), "x": FloatDistribution(0.0, 1.0)}
        study = optuna.create_study(sampler=LatticeGPSampler(seed=0, cost_aware=cost_aware))
        params = _run(study, 14, loss, _steep, space)
        return [p["depth"] for p in params[4:]]

    n_shallow, n_without = (sum(d <= 4 for d in depths(source)) for source in (cost_aware, None))
    assert n_shallow >= 7
    assert n_shallow > n_without


def _told(n_trials: int) -> tuple[Any, Any]:
    """A space, and what as many past trials tell of it."""
    study = optuna.create_study()
    study.add_trials(_past(n_trials))
    space, read = SearchSpace(SPACE), records.RecordReader().read(study.trials)
    return space, history.read_history(space, read, [False], CostSource("seconds").measure)


@pytest.mark.parametrize("n_trials, power", [(10, 1 / 2), (30, 1 / 4)])
def test_the_longer_the_study_the_less_costs_count(n_trials: int, power: float) -> None:
    space, told = _told(n_trials)
    shallow, deep = ({"depth": depth, "rate": 1e-2, "kind": 0} for depth in (1, 8))
    points = np.stack([space.to_coordinates(params) for params in (shallow, deep)])
    model = Model(Recipe())
    aware, unaware = (
        model.view(space, told, function).acquisition(points) for function in (_cost, lambda p: 1)
    )
    advantage = (aware - unaware)[0] - (aware - unaware)[1]
    assert advantage == pytest.approx(power * math.log(8.0))


def test_of_more_costs_than_a_model_can_see_it_sees_the_latest() -> None:
    space, told = _told(60)
    view = Model(Recipe(max_fitted=20, max_observed=20)).view(space, told)
    seen = view.beliefs.costs._surrogate.chosen
    assert len(seen) == 20 and set(range(50, 60)) <= set(seen.tolist())


@pytest.mark.parametrize("seed", range(3))
def test_a_region_that_is_clearly_best_is_found_however_expensive(seed: int) -> None:
    # Best where it costs a hundred times as much as anywhere near the other end.
    def loss(params: Params) -> float:
        return 1.0 - float(params["depth"]) / 8 + (math.log10(params["rate"]) + 2.5) ** 2 / 9

    study = optuna.create_study(sampler=LatticeGPSampler(seed=seed, cost_aware="seconds"))
    _run(study, 25, loss, lambda params: math.exp(0.66 * params["depth"]))
    assert study.best_params["depth"] == 8
    assert study.best_value < 0.05


def test_maximising_is_minimising_the_negative() -> None:
    minimised = _run(_study("seconds"), 12)
    study = _study("seconds", direction="maximize")
    assert _run(study, 12, lambda params: -_loss(params)) == minimised


def test_a_new_sampler_for_every_trial_suggests_the_same() -> None:
    expected = _run(_study("seconds"), 10)
    study = _study("seconds")
    for _ in range(10):
        study.sampler = LatticeGPSampler(seed=3, cost_aware="seconds")
        params = _run(study, 1)
    assert params == expected


def _raises(params: Params) -> float:
    raise KeyError(f"no price of {params}")


@pytest.mark.parametrize("function", [_raises, lambda p: -p["rate"], lambda p: math.nan])
def test_a_function_that_fails_is_told_of_once_and_left_out(
    function: Any, warnings_logged: Callable[[], list[str]]
) -> None:
    expected = _run(_study(None), 10)
    assert _run(_study(function), 10) == expected
    assert len([message for message in warnings_logged() if "cost_aware" in message]) == 1


def test_a_function_is_told_parameters_that_are_not_chosen(
    warnings_logged: Callable[[], list[str]],
) -> None:
    def objective(trial: optuna.Trial) -> float:
        loss = float(trial.suggest_int("epochs", 5, 5)) + trial.suggest_float("x", 0.0, 1.0)
        return loss + trial.suggest_int("depth", 1, 8)

    def cost(params: Params) -> float:
        return float(params["epochs"] * params["depth"])

    study = _study(cost)
    study.optimize(objective, n_trials=6)
    # What another sampler fixes is not chosen here either.
    study.sampler = PartialFixedSampler({"depth": 2}, study.sampler)
    study.optimize(objective, n_trials=3)
    assert not warnings_logged()
    trial = study.trials[-1]
    prediction = lattice_gp.prediction_of(trial)
    assert prediction is not None
    assert prediction.seconds == pytest.approx(10.0)


@pytest.mark.parametrize(
    "cost_aware", [True, "seconds", _cost], ids=["duration", "attribute", "function"]
)
def test_constraints_and_several_objectives_go_with_it(
    cost_aware: Any, warnings_logged: Callable[[], list[str]]
) -> None:
    constrained = _study(cost_aware)
    several = _study(cost_aware, directions=["minimize", "maximize"])
    for trial in _past(8):
        arguments: Any = dict(params=trial.params, distributions=SPACE)
        loss, seconds = _loss(trial.params), _cost(trial.params)
        # No trial of the first study is feasible.
        told = create_trial(value=loss, system_attrs={"constraints": [1.0 + loss]}, **arguments)
        constrained.add_trial(_lasting(told, seconds))
        told = create_trial(values=[loss, trial.params["rate"]], **arguments)
        several.add_trial(_lasting(told, seconds))
    for study in (constrained, several):
        study.ask(SPACE)
        prediction = lattice_gp.prediction_of(study.get_trials(deepcopy=False)[-1])
        assert prediction.seconds > 0.0
    assert not warnings_logged()


def test_attribute_that_no_trial_has_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("seconds", 3.0)
        return trial.suggest_float("x", 0.0, 1.0)

    optuna.logging.enable_propagation()
    try:
        study = optuna.create_study(sampler=LatticeGPSampler(seed=0, cost_aware="second"))
        study.optimize(objective, n_trials=8)
    finally:
        optuna.logging.disable_propagation()
    said = [r.message for r in caplog.records if "cost_aware is 'second'" in r.message]
    assert len(said) == 1
    assert "none of the 3 completed trials" in said[0]
