"""What the sampler expects of a trial, and when it says that there is no more to expect."""

from __future__ import annotations

from importlib import import_module
import math
import os
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies
import numpy as np
import optuna
from optuna.trial import create_trial
from optuna.trial import TrialState
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
lattice_gp = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
)
LatticeGPSampler = lattice_gp.LatticeGPSampler
StopCallback = lattice_gp.StopCallback
prediction_of = lattice_gp.prediction_of
acquisition = import_module(f"{lattice_gp.__name__}.acquisition.expected_improvement")
outlook = import_module(f"{lattice_gp.__name__}.predictions.outlook")
PowerFamily = import_module(f"{lattice_gp.__name__}.values.power").PowerFamily
scaling = import_module(f"{lattice_gp.__name__}.values.scaling")
warp = import_module(f"{lattice_gp.__name__}.values.warp")


def bowl(trial: optuna.Trial) -> float:
    x, y = trial.suggest_float("x", -1.0, 1.0), trial.suggest_float("y", -1.0, 1.0)
    return (x - 0.3) ** 2 + (y + 0.2) ** 2


# The way back from scores to values.


@pytest.mark.slow
@given(
    strategies.lists(strategies.floats(-1e3, 1e3), min_size=4, max_size=12, unique=True),
    strategies.floats(-2.0, 3.0),
    strategies.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_scores_lead_back_to_their_values(
    values: list[float], power: float, is_robust: bool
) -> None:
    array = np.array(values)
    on_values = warp.Warp(is_robust, power).on(array)
    scaled = scaling.scale(array, is_robust).scores
    np.testing.assert_array_equal(on_values.scores, PowerFamily(scaled).at(power)[0])
    if np.ptp(array) < 1e-3 or not on_values.scores.any():
        return
    np.testing.assert_allclose(on_values.to_scores(array), on_values.scores, atol=1e-6)
    back = on_values.way_back(on_values.to_scores(array))
    # Robust scaling clips; a strong power folds what is far away into almost one score.
    inside = np.abs(on_values.scores) < 2.0
    is_flat = np.abs(power - 1.0) > 1.0
    if not (is_robust or is_flat):
        np.testing.assert_allclose(back[inside], array[inside], atol=1e-3 * np.ptp(array))


@pytest.mark.parametrize("power", [-2.0, 0.0, 1.0, 2.0, 3.0])
def test_scores_beyond_all_values_come_back_finite_and_in_order(power: float) -> None:
    on_values = warp.Warp(False, power).on(np.array([0.1, 0.2, 0.5, 3.0]))
    back = on_values.way_back(np.linspace(-50.0, 50.0, 200))
    assert np.isfinite(back).all()
    assert (np.diff(back) >= 0.0).all()


@pytest.mark.parametrize("power", [-0.5, 0.3, 1.0, 1.7])
def test_outlook_is_that_of_many_draws(power: float) -> None:
    values = np.array([0.5, 0.7, 1.0, 3.0])
    on_values = warp.Warp(False, power).on(values)
    incumbent, mean, deviation, noise = float(on_values.scores.min()), -0.9, 0.6, 0.2
    rng = np.random.default_rng(0)
    draws = mean + deviation * rng.standard_normal(400_000)
    gains = np.maximum(0.5 - on_values.way_back(draws), 0.0)

    belief = outlook.ScoreBelief(
        mean, deviation, noise, incumbent, incumbent, False, on_values.way_back
    )
    told = outlook.outlook(belief)
    assert told.gain == pytest.approx(gains.mean(), rel=0.02)
    assert told.quantiles[3] == pytest.approx(float(on_values.way_back(np.array(mean))))
    seen = mean + math.hypot(deviation, noise) * 0.9 * rng.standard_t(3, 400_000)
    share = [(on_values.way_back(seen) <= q).mean() for q in told.quantiles]
    np.testing.assert_allclose(share, [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975], atol=0.01)
    # Mean and deviation are those of 21 draws in the middles of as likely parts.
    parts = np.quantile(on_values.way_back(seen), (np.arange(21) + 0.5) / 21)
    assert told.mean == pytest.approx(parts.mean(), abs=0.05 * parts.std())
    assert told.deviation == pytest.approx(parts.std(), rel=0.05)
    mirrored = outlook.outlook(belief._replace(is_maximized=True, incumbent=None))
    assert mirrored.mean == pytest.approx(-told.mean)
    assert mirrored.deviation == pytest.approx(told.deviation)
    assert mirrored.quantiles == pytest.approx([-q for q in reversed(told.quantiles)])
    assert mirrored.gain is None


def test_noise_is_told_in_units_of_the_objective() -> None:
    values = np.array([0.5, 0.7, 1.0, 3.0])
    way_back = warp.Warp(False, 1.0).on(values).way_back
    belief = outlook.ScoreBelief(-0.9, 0.6, 0.2, -1.0, None, False, way_back)
    assert outlook.outlook(belief).noise == pytest.approx(0.2 * values.std())


# Predictions.


def test_every_suggestion_of_the_model_tells_what_it_expects(tmp_path: Path) -> None:
    study = optuna.create_study(
        sampler=LatticeGPSampler(seed=0), storage=f"sqlite:///{tmp_path}/study.db"
    )
    study.optimize(bowl, n_trials=20)
    assert [prediction_of(t) is None for t in study.trials] == [True] * 4 + [False] * 16
    last = prediction_of(study.trials[-1])
    assert last.mean == last.means[0]
    assert last.deviation == last.deviations[0] > 0.0
    assert last.success_probability == 1.0
    assert last.feasibility is None
    assert last.seconds is None
    assert 0.0 <= last.expected_improvement < 0.1
    low, high = last.interval(0.5)
    lower, higher = last.interval(0.95)
    assert lower < low < high < higher
    # JSON makes lists of tuples; they are tuples again.
    assert isinstance(last.quantiles[0], tuple)


@pytest.mark.slow
def test_intervals_hold_the_outcomes() -> None:
    held: dict[float, list[bool]] = {0.5: [], 0.95: []}
    for seed in range(4):
        rng = np.random.default_rng(seed)
        study = optuna.create_study(sampler=LatticeGPSampler(seed=seed))
        study.optimize(lambda t: bowl(t) + 0.1 * rng.standard_normal(), n_trials=30)
        for trial in study.trials[4:]:
            for share, hits in held.items():
                low, high = prediction_of(trial).interval(share)
                hits.append(low <= trial.value <= high)
    assert 0.3 < np.mean(held[0.5]) < 0.7
    assert 0.88 < np.mean(held[0.95])


def test_expectation_of_failures_is_told() -> None:
    def objective(trial: optuna.Trial) -> float:
        value = bowl(trial)
        return math.nan if trial.params["x"] > 0.0 else value

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=25)
    told = [prediction_of(t) for t in study.trials]
    assert all(0.0 < p.success_probability <= 1.0 for p in told if p is not None)
    assert min(p.success_probability for p in told if p is not None) < 0.95


def test_unknown_interval() -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(bowl, n_trials=6)
    with pytest.raises(ValueError, match="share is 0.9, but must be one of 0.95, 0.8, 0.5"):
        prediction_of(study.trials[-1]).interval(0.9)
    prediction = prediction_of(study.trials[-1])
    assert prediction.interval(np.float32(0.8)) == prediction.interval(0.8)


def test_objectives_that_a_prediction_lacks_and_what_is_no_trial_are_named() -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(bowl, n_trials=6)
    prediction = prediction_of(study.trials[-1])
    with pytest.raises(ValueError, match="objective is 1, but must be less than 1"):
        prediction.interval(0.5, objective=1)
    with pytest.raises(ValueError, match="objective is -1, but must be 0 or more"):
        prediction.interval(0.5, objective=-1)
    with pytest.raises(TypeError, match="objective is '0' of type str, but must be an int"):
        prediction.interval(0.5, objective="0")
    for other in (None, study, study.ask()):
        with pytest.raises(
            TypeError, match=r"trial is .*, but must be an optuna.trial.FrozenTrial"
        ):
            prediction_of(other)


def test_trials_with_values_fixed_in_advance_have_none() -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(bowl, n_trials=6)
    study.enqueue_trial({"x": 0.1})
    study.optimize(bowl, n_trials=2)
    assert study.trials[6].params["x"] == 0.1
    assert [prediction_of(t) is None for t in study.trials[5:]] == [False, True, False]


def test_trial_that_is_tried_again_does_not_have_that_of_its_first_attempt() -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(bowl, n_trials=6)
    first = study.ask()
    first.suggest_float("x", -1.0, 1.0)  # and then its process is killed
    attributes = study.trials[-1].system_attrs
    assert prediction_of(study.trials[-1]) is not None
    # What RetryFailedTrialCallback does.
    attributes = {**attributes, "fixed_params": first.params, "failed_trial": first.number}
    study.add_trial(create_trial(state=TrialState.WAITING, system_attrs=attributes))
    study.optimize(bowl, n_trials=1)
    assert prediction_of(study.trials[-1]) is None


def test_trials_of_other_samplers_have_none() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(bowl, n_trials=1)
    assert prediction_of(study.trials[0]) is None


# Stopping.


def n_trials_until_stopped(callback: Any, objective: Any = bowl, n_trials: int = 60) -> int:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=n_trials, callbacks=[callback])
    return len(study.trials)


@pytest.mark.slow
def test_study_stops_when_little_is_left_to_gain() -> None:
    coarse, fine = (n_trials_until_stopped(StopCallback(t)) for t in (0.05, 1e-5))
    assert 7 <= coarse <= fine < 60
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(bowl, n_trials=60, callbacks=[StopCallback(1e-3)])
    assert study.best_value < 0.01


def test_study_of_noise_stops_by_itself() -> None:
    def noisy(trial: optuna.Trial) -> float:
        rng = np.random.default_rng(trial.number)
        return bowl(trial) + 0.3 * float(rng.standard_normal())

    assert n_trials_until_stopped(StopCallback(), noisy) < 60


def test_study_without_noise_is_not_stopped_while_it_improves() -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(bowl, n_trials=60, callbacks=[StopCallback()])
    assert study.best_value < 1e-4


def test_maximised_study_stops_likewise() -> None:
    study = optuna.create_study(direction="maximize", sampler=LatticeGPSampler(seed=0))
    study.optimize(lambda t: -bowl(t), n_trials=60, callbacks=[StopCallback(1e-3)])
    assert len(study.trials) == n_trials_until_stopped(StopCallback(1e-3))


def test_start_up_trials_promise_nothing() -> None:
    assert n_trials_until_stopped(StopCallback(1e9, patience=1)) == 5


def test_interrupted_trials_do_not_count() -> None:
    def interrupted(trial: optuna.Trial) -> float:
        bowl(trial)
        raise KeyboardInterrupt

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(bowl, n_trials=5)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            study.optimize(interrupted, n_trials=1)
    study.optimize(bowl, n_trials=10, callbacks=[StopCallback(1e9)])
    n_complete = sum(trial.state == TrialState.COMPLETE for trial in study.trials)
    assert n_complete == n_trials_until_stopped(StopCallback(1e9))


def test_trials_that_other_workers_began_later_do_not_stop_a_study(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(bowl, n_trials=8)
    stopped_after: list[int] = []
    for number in (3, 4):
        # The first is a start-up trial: the later ones of the model promise nothing of it.
        monkeypatch.setattr(study, "stop", lambda: stopped_after.append(number))
        StopCallback(1e9, patience=1)(study, study.trials[number])
    assert stopped_after == [4]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"threshold": "1"}, TypeError, "threshold is '1' of type str"),
        ({"threshold": 0.0}, ValueError, "threshold is 0.0, but must be positive"),
        ({"threshold": math.nan}, ValueError, "threshold is nan"),
        ({"patience": 1.5}, TypeError, "patience is 1.5 of type float"),
        ({"patience": 0}, ValueError, "patience is 0, but must be 1 or more"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        StopCallback(**arguments)


def test_several_objectives_have_no_one_threshold() -> None:
    study = optuna.create_study(directions=["minimize"] * 2, sampler=LatticeGPSampler(seed=0))
    with pytest.raises(ValueError, match="2 objectives"):
        study.optimize(lambda t: (bowl(t), 1.0), n_trials=3, callbacks=[StopCallback()])


@pytest.mark.parametrize(
    ("mean", "deviation", "expected"),
    [(0.0, 1.0, 0.3989), (-1.0, 0.01, 1.0), (-5.0, 1.0, 5.0), (-20.0, 1.0, 20.0)],
)
def test_gain_is_told_however_far_the_incumbent_lies_above(
    mean: float, deviation: float, expected: float
) -> None:
    """As that of a feasible incumbent among better points that are not."""
    as_they_are = warp.WayBack(1.0, 0.0, 1.0, 0.0, 1.0)
    belief = outlook.ScoreBelief(mean, deviation, 0.01, 0.0, 0.0, False, as_they_are)
    assert outlook.outlook(belief).gain == pytest.approx(expected, rel=5e-3)


@pytest.mark.parametrize("incumbent", [-3.0, -1.5, -0.7, 0.3, 2.0])
def test_gain_without_a_transform_is_expected_improvement(incumbent: float) -> None:
    as_they_are = warp.WayBack(1.0, 0.0, 1.0, 0.0, 1.0)
    belief = outlook.ScoreBelief(0.3, 0.5, 0.01, -1.0, incumbent, False, as_they_are)
    logarithms = acquisition.log_expected_improvement(np.array([0.3]), np.array([0.5]), incumbent)
    expected = math.exp(logarithms[0])
    assert outlook.outlook(belief).gain == pytest.approx(expected, rel=1e-6, abs=0.0)


def test_predictions_are_told_whatever_the_user_wants_of_floating_point() -> None:
    belief = outlook.ScoreBelief(
        100.0, 1.0, 0.01, 0.0, 0.0, False, warp.WayBack(1.0, 0.0, 1.0, 0.0, 1.0)
    )
    with np.errstate(all="raise"):
        assert outlook.outlook(belief).gain == 0.0


def test_numbers_of_numpy_are_numbers() -> None:
    StopCallback(threshold=np.float32(0.5), patience=np.int64(2))
    with pytest.raises(TypeError, match="patience is 2.5 of type float, but must be an int"):
        StopCallback(patience=2.5)
