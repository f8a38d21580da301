"""Pruned trials: what they would have ended at is estimated, and the model is told."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
import math
import os
from pathlib import Path
from typing import Any

from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import numpy as np
import optuna
from optuna.distributions import FloatDistribution
from optuna.pruners import BasePruner
from optuna.pruners import HyperbandPruner
from optuna.pruners import MedianPruner
from optuna.pruners import SuccessiveHalvingPruner
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
curves = import_module(f"{lattice_gp.__name__}.trials.curves")
history = import_module(f"{lattice_gp.__name__}.trials.history")
Model = import_module(f"{lattice_gp.__name__}.acquisition.model").Model
Recipe = import_module(f"{lattice_gp.__name__}.recipe").Recipe
records = import_module(f"{lattice_gp.__name__}.trials.records")
SearchSpace = import_module(f"{lattice_gp.__name__}.space.search_space").SearchSpace

N_STEPS = 9
SPACE = {"x": FloatDistribution(0.0, 1.0), "y": FloatDistribution(0.0, 1.0)}


def curve(*values: float) -> Any:
    return curves.Curve.of(dict(enumerate(values, start=1)))


def sampler(seed: int = 0, **changes: Any) -> Any:
    made = LatticeGPSampler(seed=seed)
    made._recipe = Recipe(**changes)
    made._prepare()
    return made


# Estimates.


def test_a_known_map_is_recovered() -> None:
    rng = np.random.default_rng(0)
    early = rng.uniform(0.0, 4.0, 60)
    finals = 1.0 + 0.5 * early + 0.01 * rng.normal(size=60)
    told = np.where(early < 3.0, finals, math.nan)
    paths = [curve(e, f) if e < 3.0 else curve(e) for e, f in zip(early, finals)]
    estimated = curves.estimate_finals(paths, told)
    assert estimated.values[early < 3.0] == pytest.approx(finals[early < 3.0])
    assert estimated.values[early >= 3.0] == pytest.approx(finals[early >= 3.0], abs=0.1)
    assert (estimated.noise[early < 3.0] == 0.0).all()
    assert (estimated.noise[early >= 3.0] < 0.1).all()


def test_early_values_that_tell_nothing_are_trusted_little() -> None:
    rng = np.random.default_rng(0)
    early, finals = rng.normal(size=60), rng.normal(size=60)
    told = np.where(early < 1.0, finals, math.nan)
    paths = [curve(e, f) if e < 1.0 else curve(e) for e, f in zip(early, finals)]
    estimated = curves.estimate_finals(paths, told)
    assert (estimated.noise[early >= 1.0] > 2.0).all()
    assert estimated.values[early >= 1.0] == pytest.approx(0.0, abs=1.0)


def test_the_earlier_a_trial_was_pruned_the_less_is_known_of_it() -> None:
    rng = np.random.default_rng(1)
    walks = np.cumsum(rng.normal(size=(400, 6)), axis=1)
    lengths = np.array([6] * 300 + [1, 2, 3, 4, 5] * 20)
    paths = [curve(*walk[:n]) for walk, n in zip(walks, lengths)]
    told = np.where(lengths == 6, walks[:, -1], math.nan)
    noise = curves.estimate_finals(paths, told).noise
    means = [noise[lengths == n].mean() for n in (1, 2, 3, 4, 5)]
    assert means == sorted(means, reverse=True)
    assert means[-1] < 0.5 * means[0]


def test_the_farther_from_what_was_seen_the_less_is_known() -> None:
    rng = np.random.default_rng(0)
    early = np.append(rng.uniform(0.0, 1.0, 12), [0.5, 2.5])
    finals = early + 0.3 * rng.normal(size=14)
    told = np.append(finals[:12], [math.nan, math.nan])
    paths = [curve(e, f) for e, f in zip(early[:12], finals)] + [curve(e) for e in early[12:]]
    near, far = curves.estimate_finals(paths, told).noise[12:]
    assert far > 1.3 * near


def test_a_final_value_that_is_hardly_known_teaches_little() -> None:
    rng = np.random.default_rng(0)
    now, finals = rng.normal(size=(2, 40))
    variances = np.full(40, 100.0)
    finals[:20], variances[:20] = now[:20], 0.0
    line = curves._fit_line(now, finals, variances, 1.0)
    alone = curves._fit_line(now[:20], finals[:20], variances[:20], 1.0)
    assert line.at(np.array([1.5]))[0] == pytest.approx(alone.at(np.array([1.5]))[0], abs=0.05)


def test_uncertainty_is_that_of_the_estimates_down_to_the_first_rung() -> None:
    """What is not known of a later rung's trials adds to what they tell an earlier rung."""
    claimed, squares = np.zeros(3), np.zeros(3)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        finals = rng.normal(size=300)
        second = finals + rng.normal(size=300)
        walks = np.stack([second + 0.3 * rng.normal(size=300), second, finals], axis=1)
        lengths = rng.choice([1, 2, 3], 300, p=[0.5, 0.25, 0.25])
        paths = [curve(*walk[:n]) for walk, n in zip(walks, lengths)]
        estimated = curves.estimate_finals(paths, np.where(lengths == 3, finals, math.nan))
        # Noise is the odds of the share of the variance that is not known.
        shares = estimated.noise / (1.0 + estimated.noise)
        variances = shares * estimated.values.var() / (1.0 - shares.mean())
        errors = estimated.values - finals
        for n in (1, 2):
            claimed[n] += variances[lengths == n].mean()
            squares[n] += (errors[lengths == n] ** 2).mean()
    assert squares[1:] == pytest.approx(claimed[1:], rel=0.2)


def test_what_is_believed_before_there_is_data_counts_as_trials_would() -> None:
    rng = np.random.default_rng(0)
    now = rng.normal(size=10)
    # The order is turned round, against the belief.
    finals = 0.2 * rng.normal(size=10) - now
    line = curves._fit_line(now, finals, np.zeros(10), 1.0)
    x, y = (now - line.now) / line.now_unit, (finals - line.final) / line.final_unit
    # Three trials of a correlation of 0.8.
    x, y = (
        np.append(x, math.sqrt(3.0) * np.array([1.0, 0.0])),
        np.append(y, math.sqrt(3.0) * np.array([0.8, 0.6])),
    )
    assert line.correlation == pytest.approx(x @ y / (x @ x))
    assert line.residual == pytest.approx(((y - line.correlation * x) ** 2).sum() / 13)


def test_rungs_are_chained() -> None:
    """One trial of three goes on; the values of a rung tell of the next, hardly any of the end."""
    rng = np.random.default_rng(2)
    quality = rng.normal(size=81)
    lengths = np.ones(81, dtype=int)
    lengths[np.argsort(quality)[:27]] = 2
    lengths[np.argsort(quality)[:9]] = 3
    lengths[np.argsort(quality)[:1]] = 4
    levels = np.array([8.0, 4.0, 2.0, 1.0])
    paths = [curve(*(levels[:n] * (3.0 + q))) for q, n in zip(quality, lengths)]
    told = np.where(lengths == 4, 3.0 + quality, math.nan)
    estimated = curves.estimate_finals(paths, told).values
    assert np.corrcoef(estimated, 3.0 + quality)[0, 1] > 0.95


def test_the_order_at_a_step_is_believed_before_there_is_data() -> None:
    paths = [curve(1.0, 0.5), curve(2.0), curve(3.0)]
    estimated = curves.estimate_finals(paths, np.array([0.5, math.nan, math.nan]))
    assert estimated.values[0] < estimated.values[1] < estimated.values[2]


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e300])
def test_a_diverged_trial_is_a_bad_one_and_spoils_no_other(bad: float) -> None:
    rng = np.random.default_rng(0)
    early = rng.uniform(0.0, 1.0, 20)
    paths = [curve(e, 0.5 * e) if e < 0.7 else curve(e) for e in early]
    told = np.where(early < 0.7, 0.5 * early, math.nan)
    estimated = curves.estimate_finals([*paths, curve(bad)], np.append(told, math.nan))
    assert estimated.values[-1] >= estimated.values[:-1].max()
    assert estimated.values[:-1] == pytest.approx(0.5 * early, abs=0.1)


def test_steps_may_be_irregular() -> None:
    full = [curves.Curve.of({10: 2.0 + i, 35: 1.0 + i, 90: float(i)}) for i in range(6)]
    others = [curves.Curve.of({20: 2.0 + i}) for i in range(3)]
    told = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, math.nan, math.nan, math.nan])
    estimated = curves.estimate_finals([*full, *others], told).values
    assert estimated[6:] == pytest.approx([0.0, 1.0, 2.0], abs=0.7)


def test_steps_may_be_of_any_size() -> None:
    def estimated(last: int) -> Any:
        full = [curves.Curve.of({1: 2.0 + i, last: float(i)}) for i in range(6)]
        told = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, math.nan])
        return curves.estimate_finals([*full, curves.Curve.of({1: 2.5})], told).values

    assert np.array_equal(estimated(10**30), estimated(2))


def test_nothing_is_known_where_no_other_trial_reported() -> None:
    late = [curves.Curve.of({9: float(i)}) for i in range(5)]
    told = np.array([0.0, 1.0, 2.0, 3.0, 4.0, math.nan])
    estimated = curves.estimate_finals([*late, curves.Curve.of({1: 7.0})], told)
    assert estimated.values[-1] == pytest.approx(2.0)
    assert estimated.noise[-1] > 5.0


values = st.floats(allow_nan=True, allow_infinity=True)


@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.integers(0, 20), values, min_size=1, max_size=5),
            st.one_of(st.just(math.nan), st.floats(allow_nan=False)),
        ),
        max_size=12,
    ),
    st.floats(allow_nan=False),
    st.dictionaries(st.integers(0, 20), values, max_size=5),
)
@example(
    [({0: 0.0}, math.nan), ({0: 0.0, 2: 8e68}, math.nan), ({0: 6e-87, 1: 0.0}, math.nan)],
    0.0,
    {1: 0.0},
)
@settings(max_examples=100, deadline=None)
def test_estimates_are_finite_whatever_was_reported(
    trials: list[tuple[dict[int, float], float]], final: float, reported: dict[int, float]
) -> None:
    paths = [curves.Curve.of(r) for r, _ in trials] + [curves.Curve.of(reported)]
    told = np.array([value for _, value in trials] + [final])
    estimated = curves.estimate_finals(paths, told)
    assert np.isfinite(estimated.values[np.isnan(told)]).all()
    assert np.isfinite(estimated.noise).all()
    assert (estimated.noise[np.isnan(told)] > 0.0).all()
    assert (estimated.noise < 100.0).all()


# Studies.


def report(trial: optuna.Trial, values: list[float]) -> float:
    for step, value in enumerate(values, start=1):
        trial.report(value, step)
        if step < len(values) and trial.should_prune():
            raise optuna.TrialPruned
    return values[-1]


def decay(trial: optuna.Trial, sign: float = 1.0) -> float:
    x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
    final = (x - 0.7) ** 2 + (y - 0.3) ** 2
    return report(
        trial, [sign * (final + 1.0 / step - 1.0 / N_STEPS) for step in range(1, N_STEPS + 1)]
    )


def diverging(trial: optuna.Trial) -> float:
    x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
    final = (x - 0.7) ** 2 + (y - 0.3) ** 2
    early = math.nan if x > 0.8 else math.inf if y > 0.8 else final
    return report(trial, [early] * (N_STEPS - 1) + [final])


PRUNERS: list[Callable[[], BasePruner]] = [
    lambda: MedianPruner(n_startup_trials=3),
    lambda: SuccessiveHalvingPruner(min_resource=1, reduction_factor=3),
    lambda: HyperbandPruner(min_resource=1, max_resource=N_STEPS, reduction_factor=3),
]


@pytest.mark.parametrize("pruner", PRUNERS, ids=["median", "halving", "hyperband"])
@pytest.mark.parametrize("objective", [decay, diverging])
def test_studies_with_pruners_run(
    pruner: Callable[[], BasePruner],
    objective: Callable[[optuna.Trial], float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    study = optuna.create_study(sampler=sampler(), pruner=pruner())
    optuna.logging.enable_propagation()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study.optimize(objective, n_trials=25)
    optuna.logging.disable_propagation()
    assert "model failed" not in caplog.text
    assert study.best_value < 0.05
    assert any(trial.state == TrialState.PRUNED for trial in study.trials)


@pytest.mark.slow
def test_a_half_that_is_pruned_at_once_is_left() -> None:
    def objective(trial: optuna.Trial) -> float:
        x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
        # All that completes says that less is better; there, trials are pruned.
        final = x + (y - 0.5) ** 2
        return report(trial, [5.0, final] if x < 0.5 else [final, final])

    def n_in_bad_half(**changes: Any) -> int:
        count = 0
        for seed in range(2):
            study = optuna.create_study(sampler=sampler(seed, **changes), pruner=_Verdict())
            study.optimize(objective, n_trials=25)
            count += sum(trial.params["x"] < 0.5 for trial in study.trials)
        return count

    with_pruned, without = n_in_bad_half(), n_in_bad_half(uses_pruned=False)
    assert with_pruned < 20
    assert with_pruned < 0.5 * without


class _Verdict(BasePruner):
    """Prunes what is bad."""

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        return trial.intermediate_values[trial.last_step or 0] > 4.0


def test_without_pruned_trials_nothing_changes() -> None:
    def params(**changes: Any) -> list[dict[str, Any]]:
        study = optuna.create_study(sampler=sampler(**changes), pruner=optuna.pruners.NopPruner())
        study.optimize(decay, n_trials=15)
        return [trial.params for trial in study.trials]

    assert params() == params(uses_pruned=False)


def test_curves_are_not_read_without_pruned_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(reported: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(curves.Curve, "of", refuse)
    study = optuna.create_study(sampler=sampler(), pruner=optuna.pruners.NopPruner())
    study.optimize(decay, n_trials=8)


@pytest.mark.slow
def test_maximising_is_minimising_the_negative() -> None:
    def params(direction: optuna.study.StudyDirection, sign: float) -> list[dict[str, Any]]:
        study = optuna.create_study(
            direction=direction, sampler=sampler(), pruner=MedianPruner(n_startup_trials=3)
        )
        study.optimize(lambda trial: decay(trial, sign), n_trials=20)
        assert any(trial.state == TrialState.PRUNED for trial in study.trials)
        return [trial.params for trial in study.trials]

    directions = optuna.study.StudyDirection
    assert params(directions.MINIMIZE, 1.0) == params(directions.MAXIMIZE, -1.0)


def test_a_trial_pruned_without_a_report_tells_nothing() -> None:
    def expected_of_next(last: FrozenTrial, **changes: Any) -> dict[str, Any]:
        study = optuna.create_study(sampler=sampler(**changes))
        points = [(0.5, 0.5), (0.2, 0.3), (0.8, 0.6), (0.3, 0.9), (0.9, 0.1)]
        for x, y in points:
            study.add_trial(_trial(x, y, value=(x - 0.7) ** 2 + (y - 0.3) ** 2))
        study.add_trial(last)
        study.ask(dict(SPACE))
        expected: dict[str, Any] = study.trials[-1].system_attrs["lattice_gp:prediction"]
        return expected

    blank = _trial(0.7, 0.31, state=TrialState.PRUNED)
    told = _trial(0.7, 0.31, state=TrialState.PRUNED, intermediate_values={1: 9.0})
    assert expected_of_next(blank) == expected_of_next(blank, uses_pruned=False)
    assert expected_of_next(told) != expected_of_next(told, uses_pruned=False)


def _trial(x: float, y: float, **arguments: Any) -> FrozenTrial:
    return create_trial(params={"x": x, "y": y}, distributions=dict(SPACE), **arguments)


def test_only_pruned_trials_are_no_start() -> None:
    """The incumbent is a complete trial: as long as there is none, the design goes on."""
    study = optuna.create_study(sampler=sampler())
    for x in np.linspace(0.1, 0.9, 6).tolist():
        study.add_trial(_trial(x, x, state=TrialState.PRUNED, intermediate_values={1: x}))
    study.ask(dict(SPACE))
    assert "lattice_gp:prediction" not in study.trials[-1].system_attrs


def test_the_value_to_improve_on_is_never_that_of_a_pruned_trial() -> None:
    study = optuna.create_study()
    for x in np.linspace(0.2, 0.9, 8).tolist():
        study.add_trial(_trial(x, 0.5, value=x, intermediate_values={1: 1.0 + x}))
    # By its early value, it would have been the best by far.
    pruned = _trial(0.1, 0.5, state=TrialState.PRUNED, intermediate_values={1: 0.5})
    study.add_trial(pruned)
    told = history.read_history(
        SearchSpace(SPACE), records.RecordReader().read(study.trials), [False], uses_pruned=True
    )
    beliefs = Model(Recipe()).view(SearchSpace(SPACE), told).beliefs
    (surrogate,) = beliefs.objectives
    incumbent = surrogate.counted[told.is_complete].min()
    assert beliefs.improvement.incumbent == incumbent > surrogate.counted.min()
