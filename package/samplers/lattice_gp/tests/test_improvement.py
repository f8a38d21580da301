"""What the next trial is to improve on: the best as it is expected to be, not its luck."""

from __future__ import annotations

from importlib import import_module
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import FloatDistribution
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
lattice_gp = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
)
improvement = import_module(f"{lattice_gp.__name__}.acquisition.improvement")
recipe = import_module(f"{lattice_gp.__name__}.recipe")
space_module = import_module(f"{lattice_gp.__name__}.space.search_space")
observations_module = import_module(f"{lattice_gp.__name__}.surrogates.observations")
surrogate_module = import_module(f"{lattice_gp.__name__}.surrogates.surrogate")

SPACE = space_module.SearchSpace({"x": FloatDistribution(0.0, 1.0)})
POINTS = np.linspace(0.0, 1.0, 21)[:, None]
SURROGATES = surrogate_module.Surrogates(recipe.Recipe())


def surrogate_of(values: np.ndarray, pending: np.ndarray = POINTS[:0]) -> Any:
    """The model of values (21,) observed at :data:`POINTS`."""
    inputs = SURROGATES.inputs(SPACE, POINTS)
    observations = observations_module.Observations(inputs, np.argsort(values), is_local=False)
    return SURROGATES.of(observations, values, SURROGATES.inputs(SPACE, pending), is_plain=False)


def improvement_on(
    surrogate: Any, is_feasible: np.ndarray | None = None, is_believed: np.ndarray | None = None
) -> Any:
    if is_feasible is None:
        is_feasible = np.ones(len(POINTS), dtype=bool)
    if is_believed is None:
        is_believed = np.ones(len(surrogate.believed), dtype=bool)
    return improvement.Improvement([surrogate], is_feasible, is_believed)


def noisy() -> np.ndarray:
    """A valley at 0.5, with noise and one measurement of much luck near it."""
    values = 4.0 * (POINTS[:, 0] - 0.5) ** 2
    values += 0.1 * np.random.default_rng(0).standard_normal(len(values))
    values[12] = -0.6
    return values


def test_a_lucky_measurement_is_not_what_is_to_be_beaten() -> None:
    surrogate = surrogate_of(noisy())
    incumbent = improvement_on(surrogate).incumbent
    assert incumbent == surrogate.counted.min()
    assert incumbent > surrogate.warp.scores.min() + 0.3


def test_without_noise_the_best_value_is_to_be_beaten() -> None:
    surrogate = surrogate_of(4.0 * (POINTS[:, 0] - 0.52) ** 2)
    assert improvement_on(surrogate).incumbent == pytest.approx(
        surrogate.warp.scores.min(), abs=0.02
    )


def test_only_feasible_observations_are_to_be_beaten() -> None:
    surrogate = surrogate_of(noisy())
    is_feasible = POINTS[:, 0] < 0.3
    incumbent = improvement_on(surrogate, is_feasible).incumbent
    assert incumbent == surrogate.counted[is_feasible].min() > surrogate.counted.min()


def test_what_a_running_trial_is_believed_to_reach_is_to_be_beaten_too() -> None:
    values = noisy()
    inputs = SURROGATES.inputs(SPACE, POINTS)
    running = np.array([[0.47], [0.53]])
    surrogate = surrogate_of(values, running)
    is_feasible, is_believed = POINTS[:, 0] > 0.9, np.ones(2, dtype=bool)
    with_both = improvement_on(surrogate, is_feasible, is_believed)(inputs)
    with_none = improvement_on(surrogate, is_feasible, ~is_believed)(inputs)
    assert (with_both <= with_none).all()
    assert (with_both < with_none).any()


def test_what_a_part_of_the_space_will_hardly_miss_is_to_be_beaten_there() -> None:
    surrogate = surrogate_of(noisy())
    part = SURROGATES.inputs(SPACE, np.array([[0.1]]))
    everything = np.ones(len(POINTS), dtype=bool)
    beaten = improvement.Improvement([surrogate], everything, everything[:0], part)
    deviation = surrogate.predict(part)[1]
    # On its mean, a normal outcome improves by 0.4 deviations on average.
    assert math.exp(beaten(part)[0]) > float(deviation[0])
    assert improvement_on(surrogate)(part)[0] < beaten(part)[0]


def test_the_more_objectives_the_less_the_ends_of_the_front_are_worth() -> None:
    def share(n_objectives: int) -> float:
        """How far beyond a front's worst the reference point lies, as a share of its range."""
        front = np.concatenate([np.eye(n_objectives), np.full((1, n_objectives), 0.3)])
        shares = (improvement._reference(4.0 * front, 4.0 * front) - 4.0) / 4.0
        assert shares == pytest.approx(shares[0])
        return float(shares[0])

    two = share(2)
    assert 0.0 < two < 1.0
    assert [share(3), share(4)] == pytest.approx([two**2, two**3])


def true_loss(params: dict[str, Any]) -> float:
    """A valley at 5 layers, 256 units and a rate of 3e-3; about 1.7 at the worst ends."""
    layers, units = (params["layers"] - 5) / 3, params["units"] / 256 - 1
    loss: float = 0.3 * layers**2 + 0.3 * units**2
    return loss + 0.5 * math.log10(params["rate"] / 3e-3) ** 2


@pytest.mark.parametrize("seed", range(3))
def test_noise_does_not_drive_later_trials_where_nothing_is_known(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def objective(trial: optuna.Trial) -> float:
        trial.suggest_int("layers", 2, 8)
        trial.suggest_int("units", 128, 512, step=64)
        trial.suggest_float("rate", 1e-4, 1e-1, log=True)
        return true_loss(trial.params) + 0.1 * float(rng.standard_normal())

    study = optuna.create_study(sampler=lattice_gp.LatticeGPSampler(seed=seed))
    study.optimize(objective, n_trials=40)
    # Random points lose 0.6. While the luckiest value was to be beaten, this was 0.15 to 0.4.
    assert np.mean([true_loss(t.params) for t in study.trials[15:]]) < 0.13
