"""Parameters whose ranges differ between trials: one range that holds them all, or none."""

from __future__ import annotations

from importlib import import_module
import os
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.trial import create_trial
from optuna.trial import FrozenTrial
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
lattice_gp = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
)
LatticeGPSampler = lattice_gp.LatticeGPSampler
records = import_module(f"{lattice_gp.__name__}.trials.records")
unions = import_module(f"{lattice_gp.__name__}.trials.unions")

Y = FloatDistribution(0.0, 1.0)


def numbered(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    for number, trial in enumerate(trials):
        trial.number = number
    return trials


def test_union_of_ranges() -> None:
    def union(*distributions: Any) -> Any:
        values = [d.choices[0] if hasattr(d, "choices") else d.low for d in distributions]
        trials = [
            create_trial(params={"x": value, "y": 1}, distributions={"x": d, "y": ONE}, value=0.0)
            for value, d in zip(values, distributions)
        ]
        return unions.known_distributions(records.RecordReader().read(numbered(trials)))["x"]

    ONE = IntDistribution(1, 5)
    assert union(IntDistribution(1, 4), IntDistribution(3, 9)) == IntDistribution(1, 9)
    assert union(IntDistribution(0, 4, step=4), IntDistribution(6, 12, step=6)) == IntDistribution(
        0, 12, step=2
    )
    wide = union(FloatDistribution(0.1, 1.0, log=True), FloatDistribution(0.01, 0.5, log=True))
    assert wide == FloatDistribution(0.01, 1.0, log=True)
    stepped = union(FloatDistribution(0.0, 1.0, step=0.25), FloatDistribution(0.5, 2.0, step=0.25))
    assert stepped == FloatDistribution(0.0, 2.0, step=0.25)
    # Their distance counts, not where they lie.
    far = union(FloatDistribution(0.1, 0.6, step=0.25), FloatDistribution(0.35, 1.1, step=0.25))
    assert far == FloatDistribution(0.1, 1.1, step=0.25)
    uneven = union(FloatDistribution(0.0, 1.0, step=0.25), FloatDistribution(0.1, 1.1, step=0.25))
    assert uneven == FloatDistribution(0.0, 1.1)


def test_union_of_ranges_of_one_step_that_begin_between_each_other_s_values() -> None:
    distributions = [IntDistribution(0, 8, step=4), IntDistribution(2, 10, step=4)]
    trials = [
        create_trial(params={"x": d.low}, distributions={"x": d}, value=0.0) for d in distributions
    ]
    known = unions.known_distributions(records.RecordReader().read(numbered(trials)))
    assert known == {"x": IntDistribution(0, 10, step=2)}


def test_parameter_of_two_kinds_is_left_out() -> None:
    distributions = [IntDistribution(1, 5), CategoricalDistribution([1, 2])]
    trials = [
        create_trial(params={"x": 1, "y": 0.5}, distributions={"x": d, "y": Y}, value=0.0)
        for d in distributions
    ]
    known = unions.known_distributions(records.RecordReader().read(numbered(trials)))
    assert list(known) == ["y"]


def test_parameter_of_two_kinds_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """As where trials of studies with other choices were added."""
    optuna.logging.enable_propagation()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    for choices in ([1, 2], [1, 2, 3]):
        earlier = {"x": CategoricalDistribution(choices), "y": Y, "z": IntDistribution(1, 1)}
        params = {"x": 1, "y": 0.5, "z": 1}
        study.add_trial(create_trial(params=params, distributions=earlier, value=0.0))
    study.optimize(
        lambda t: t.suggest_categorical("x", [1, 2, 3]) + t.suggest_float("y", 0.0, 1.0), 8
    )
    # A record may reach the fixture along two ways.
    said = {id(r): r.message for r in caplog.records if "of several kinds" in r.message}
    assert [message[:13] for message in said.values()] == ["Parameter 'x'"]
