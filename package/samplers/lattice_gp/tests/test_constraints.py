"""Constraints and several objectives, and both at once."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
import math
import os
from pathlib import Path

import numpy as np
import optuna
from optuna.distributions import FloatDistribution
from optuna.trial import create_trial
from optuna.trial import FrozenTrial
from optuna.trial import TrialState
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
lattice_gp = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
)
LatticeGPSampler = lattice_gp.LatticeGPSampler
merit = import_module(f"{lattice_gp.__name__}.values.merit")
bilog = import_module(f"{lattice_gp.__name__}.values.constraint_values").bilog

needs_set_constraint = pytest.mark.skipif(
    not hasattr(optuna.Trial, "set_constraint"), reason="Optuna 4 has no Trial.set_constraint"
)


def within_disc(trial: FrozenTrial) -> Sequence[float]:
    return (math.hypot(trial.params["x"] - 0.2, trial.params["y"] - 0.2) - 0.15,)


def corner(trial: optuna.Trial) -> float:
    """Better the larger both are, which a disc of 7% of the space forbids beyond."""
    return -trial.suggest_float("x", 0.0, 1.0) - trial.suggest_float("y", 0.0, 1.0)


BEST = -0.4 - 0.15 * math.sqrt(2.0)


# Numerics.


def test_order_of_merit_of_one_objective() -> None:
    values = np.array([[3.0], [1.0], [2.0], [0.0]])
    free = np.empty((4, 0))
    np.testing.assert_array_equal(merit.order_of_merit(values, free), [3, 1, 2, 0])
    constraints = np.array([[-1.0], [0.0], [2.0], [1.0]])
    np.testing.assert_array_equal(merit.order_of_merit(values, constraints), [1, 0, 3, 2])


@pytest.mark.parametrize("n", [1, 5, 64, 65, 150])
def test_order_of_merit_of_three_objectives_is_by_how_many_dominate_one(n: int) -> None:
    rng = np.random.default_rng(n)
    values = rng.integers(0, 6, size=(n, 3)).astype(float)
    values[rng.random((n, 3)) < 0.1] = math.inf
    constraints = rng.integers(-2, 1, size=(n, 1)) + (rng.random((n, 1)) < 0.2)
    feasible = [i for i in range(n) if constraints[i, 0] <= 0]
    infeasible = [i for i in range(n) if constraints[i, 0] > 0]
    counts = [
        sum((values[j] <= v).all() and (values[j] < v).any() for j in feasible) for v in values
    ]
    expected = sorted(feasible, key=lambda i: counts[i]) + infeasible
    assert merit.order_of_merit(values, constraints.astype(float)).tolist() == expected


def test_order_of_merit_of_two_objectives() -> None:
    values = np.array([[2.0, 2.0], [1.0, 3.0], [3.0, 3.0], [0.0, 9.0]])
    order = merit.order_of_merit(values, np.empty((4, 0))).tolist()
    assert order == [0, 1, 3, 2]
    infeasible_best = np.array([[1.0], [-1.0], [-1.0], [-1.0]])
    assert merit.order_of_merit(values, infeasible_best).tolist() == [1, 3, 2, 0]


def test_order_of_merit_does_not_depend_on_the_units_of_constraints() -> None:
    rng = np.random.default_rng(0)
    values, constraints = rng.random((30, 1)), rng.random((30, 2)) - 0.2
    order = merit.order_of_merit(values, constraints)
    for units in ([1e6, 1.0], [1.0, 1e6]):
        np.testing.assert_array_equal(merit.order_of_merit(values, constraints * units), order)


def test_constraint_that_was_not_told_is_no_violation() -> None:
    constraints = np.array([[np.nan, -1.0], [np.nan, 1.0], [0.0, np.nan]])
    np.testing.assert_array_equal(merit.is_feasible(constraints), [True, False, True])


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_bilog_keeps_signs_and_order_in_any_unit(scale: float) -> None:
    values = scale * np.array([-1e6, -2.0, -1e-3, 0.0, 1e-3, 2.0, 1e6])
    transformed = bilog(values, len(values))
    assert (np.sign(transformed) == np.sign(values)).all()
    assert (np.diff(transformed) > 0.0).all()
    assert np.abs(transformed).max() < 20.0
    assert not bilog(np.zeros(3), 3).any()


def test_further_values_do_not_change_what_a_fit_has_seen() -> None:
    values = np.array([-1.0, 4.0, 2.0, -30.0])
    before, after = bilog(values[:3], 3), bilog(values, 3)
    np.testing.assert_array_equal(before, after[:3])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("worst", [math.inf, 1e308])
def test_infinite_constraints_keep_their_sign(worst: float) -> None:
    assert np.sign(bilog(np.array([-1.0, -2.0, worst]), 3)).tolist() == [-1, -1, 1]
    assert np.sign(bilog(np.array([1.0, 3.0, -worst]), 3)).tolist() == [1, 1, -1]
    assert np.isfinite(bilog(np.array([worst, -worst]), 2)).all()
    values = np.array([[1.0], [2.0], [5.0], [6.0]])
    constraints = np.array([[0.0], [-1.0], [worst], [worst]])
    assert merit.order_of_merit(values, constraints).tolist() == [0, 1, 2, 3]


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_infinite_violations_are_avoided_as_others_are() -> None:
    def feasible_best(violation: float) -> float:
        def line(trial: FrozenTrial) -> Sequence[float]:
            return (violation if trial.params["x"] + trial.params["y"] > 0.7 else -1.0,)

        study = optuna.create_study(sampler=LatticeGPSampler(seed=0, constraints_func=line))
        study.optimize(corner, n_trials=25)
        return min(t.value for t in study.trials if t.value is not None and line(t)[0] <= 0.0)

    assert feasible_best(math.inf) == feasible_best(1.0) < -0.6


# One objective.


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_optimum_at_the_border_of_a_small_feasible_disc_is_found() -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0, constraints_func=within_disc))
    study.optimize(corner, n_trials=40)
    kept = [t for t in study.trials if t.system_attrs["constraints"][0] <= 0.0]
    assert len(kept) >= 8
    assert min(t.value for t in kept if t.value is not None) < BEST + 0.02


@pytest.mark.slow
@needs_set_constraint
def test_constraints_set_in_the_objective_are_those_of_a_function() -> None:
    def objective(trial: optuna.Trial) -> float:
        value = corner(trial)
        trial.set_constraint(
            "disc", math.hypot(trial.params["x"] - 0.2, trial.params["y"] - 0.2) - 0.15
        )
        return value

    by_name = optuna.create_study(sampler=LatticeGPSampler(seed=1))
    by_name.optimize(objective, n_trials=20)
    by_function = optuna.create_study(
        sampler=LatticeGPSampler(seed=1, constraints_func=within_disc)
    )
    by_function.optimize(corner, n_trials=20)
    assert [t.params for t in by_name.trials] == [t.params for t in by_function.trials]


@needs_set_constraint
def test_infinite_and_missing_constraints_do_not_break_a_study() -> None:
    def objective(trial: optuna.Trial) -> float:
        value = corner(trial)
        if trial.number % 3 == 0:
            trial.set_constraint("a", math.inf if trial.number % 2 else -math.inf)
        if trial.number % 4 == 0:
            trial.set_constraint("b", 1.0)
        return value

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=25)
    assert sum("lattice_gp:prediction" in t.system_attrs for t in study.trials) > 15


def test_constraint_that_no_trial_told_does_not_cost_the_model() -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.add_trial(
        create_trial(
            params={"x": 0.5, "y": 0.5},
            distributions=dict.fromkeys("xy", FloatDistribution(0.0, 1.0)),
            value=0.0,
            system_attrs={"constraints": [math.nan]},
        )
    )
    study.optimize(corner, n_trials=6)
    assert "lattice_gp:prediction" in study.trials[-1].system_attrs


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("reports", [True, False])
def test_constraints_of_pruned_trials_are_learned(reports: bool) -> None:
    def objective(trial: optuna.Trial) -> float:
        value = -trial.suggest_float("x", 0.0, 1.0) + trial.suggest_float("y", 0.0, 1.0) ** 2
        if reports:
            trial.report(value, step=1)
        if trial.params["x"] > 0.3:  # too large for the memory, say
            raise optuna.TrialPruned
        return value

    sampler = LatticeGPSampler(seed=0, constraints_func=lambda trial: (trial.params["x"] - 0.3,))
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=30)
    # Unheard, they looked like the best place to go: 26 to 29 of the 30 were pruned.
    assert sum(trial.state == TrialState.PRUNED for trial in study.trials) < 20
    assert study.best_value < -0.28


def test_constraints_function_that_fails_is_reported_once_and_costs_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(trial: FrozenTrial) -> Sequence[float]:
        raise KeyError("memory")

    optuna.logging.enable_propagation()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0, constraints_func=broken))
    study.optimize(corner, n_trials=12)
    assert all(t.state == TrialState.COMPLETE for t in study.trials)
    # A record may reach the fixture along two ways.
    said = {id(r): r.message for r in caplog.records if "constraints_func failed" in r.message}
    assert len(said) == 1


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_constraints_function_is_given_the_finished_trial() -> None:
    given = []

    def of_outcome(trial: FrozenTrial) -> Sequence[float]:
        given.append(trial)
        assert trial.duration is not None
        return [trial.values[0] - 0.5, trial.duration.total_seconds() - 60.0]

    def objective(trial: optuna.Trial) -> float:
        trial.report(corner(trial), step=0)
        if trial.number % 2:
            raise optuna.TrialPruned
        return corner(trial)

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0, constraints_func=of_outcome))
    study.optimize(objective, n_trials=6)
    assert [(t.state, t.values) for t in given] == [(t.state, t.values) for t in study.trials]
    assert all(len(t.system_attrs["constraints"]) == 2 for t in study.trials)


def test_constraints_function_must_be_a_function() -> None:
    with pytest.raises(TypeError, match="constraints_func is 3 of type int.*function"):
        LatticeGPSampler(constraints_func=3)


# Several objectives.


def schaffer(trial: optuna.Trial) -> tuple[float, float]:
    x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
    return x**2 + y, (x - 1.0) ** 2 + y


def covered(study: optuna.Study, signs: tuple[float, float] = (1.0, 1.0)) -> float:
    """How far the front f2 = (1 - sqrt(f1))**2 is from the trials, at worst over nine points."""
    values = np.array([t.values for t in study.best_trials]) * signs
    x = np.linspace(0.1, 0.9, 9)
    front = np.stack([x**2, (x - 1.0) ** 2], axis=1)
    return float(np.linalg.norm(front[:, None] - values, axis=2).min(axis=1).max())


def test_front_of_two_objectives_is_covered() -> None:
    study = optuna.create_study(directions=["minimize"] * 2, sampler=LatticeGPSampler(seed=0))
    study.optimize(schaffer, n_trials=40)
    assert covered(study) < 0.1
    random = optuna.create_study(
        directions=["minimize"] * 2, sampler=optuna.samplers.RandomSampler(seed=0)
    )
    random.optimize(schaffer, n_trials=40)
    assert covered(study) < 0.5 * covered(random)


@pytest.mark.slow
def test_maximised_objectives_are_negated_minimised_ones() -> None:
    plain = optuna.create_study(directions=["minimize"] * 2, sampler=LatticeGPSampler(seed=0))
    plain.optimize(schaffer, n_trials=25)
    turned = optuna.create_study(
        directions=["minimize", "maximize"], sampler=LatticeGPSampler(seed=0)
    )
    turned.optimize(lambda t: (schaffer(t)[0], -schaffer(t)[1]), n_trials=25)
    assert [t.params for t in turned.trials] == [t.params for t in plain.trials]
    prediction, mirrored = (
        lattice_gp.prediction_of(study.trials[-1]) for study in (plain, turned)
    )
    assert mirrored.means == pytest.approx((prediction.means[0], -prediction.means[1]))
    assert mirrored.interval(0.8, 1) == pytest.approx(
        tuple(-end for end in reversed(prediction.interval(0.8, 1)))
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_several_objectives_under_a_constraint_with_infinite_values() -> None:
    def objective(trial: optuna.Trial) -> tuple[float, float, float]:
        first, second = schaffer(trial)
        return first, math.inf if trial.number % 7 == 5 else second, trial.params["y"]

    def not_the_middle(trial: FrozenTrial) -> Sequence[float]:
        return (0.2 - abs(trial.params["x"] - 0.5),)

    study = optuna.create_study(
        directions=["minimize"] * 3,
        sampler=LatticeGPSampler(seed=0, constraints_func=not_the_middle),
    )
    study.optimize(objective, n_trials=40)
    late = study.trials[15:]
    assert all("lattice_gp:prediction" in t.system_attrs for t in late)
    assert sum(t.system_attrs["constraints"][0] <= 0.0 for t in late) > len(late) / 2


def test_model_of_several_objectives_never_repeats_a_lattice_point() -> None:
    def objective(trial: optuna.Trial) -> tuple[float, float]:
        x, y = trial.suggest_int("x", 0, 4), trial.suggest_int("y", 0, 4)
        return float(x), float((x - 4) ** 2 + y)

    study = optuna.create_study(directions=["minimize"] * 2, sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=25)
    assert len({tuple(sorted(t.params.items())) for t in study.trials}) == 25


@pytest.mark.slow
def test_six_objectives_are_modelled_in_time() -> None:
    def objective(trial: optuna.Trial) -> tuple[float, ...]:
        x = np.array([trial.suggest_float(f"x{i}", 0.0, 1.0) for i in range(5)])
        return tuple(float(((x - 0.1 * j - 0.2) ** 2).sum()) for j in range(6))

    study = optuna.create_study(directions=["minimize"] * 6, sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=40)  # without a limit this takes minutes
    assert sum("lattice_gp:prediction" in t.system_attrs for t in study.trials) >= 35
