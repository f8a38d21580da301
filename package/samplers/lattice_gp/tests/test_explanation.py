"""What the sampler tells of a study: predictions anywhere, and where it would go next."""

from __future__ import annotations

from importlib import import_module
import itertools
import os
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies
import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.trial import create_trial
from optuna.trial import TrialState
import optunahub
import pytest


os.environ["OPTUNAHUB_NO_ANALYTICS"] = "1"
lattice_gp = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
)
LatticeGPSampler = lattice_gp.LatticeGPSampler
SPACE = {
    "depth": IntDistribution(2, 8),
    "width": IntDistribution(128, 512, step=64),
    "rate": FloatDistribution(1e-4, 1e-2, log=True),
}


def loss(params: dict[str, Any]) -> float:
    rate = np.log10(params["rate"] / 1e-3)
    return float(0.1 * (params["depth"] - 5) ** 2 + (params["width"] / 256 - 1) ** 2 + rate**2)


def objective(trial: optuna.Trial) -> float:
    depth = trial.suggest_int("depth", 2, 8)
    width = trial.suggest_int("width", 128, 512, step=64)
    rate = trial.suggest_float("rate", 1e-4, 1e-2, log=True)
    return loss({"depth": depth, "width": width, "rate": rate})


def conditional(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", -1.0, 1.0)
    if trial.suggest_categorical("kind", ["plain", "twisted"]) == "plain":
        return x**2
    return x**2 + (trial.suggest_int("twist", 0, 9) - 6) ** 2 / 10 - 0.1


def explain(study: optuna.Study, n_trials: int | None = None) -> Any:
    """What the study's own sampler believes of it."""
    sampler: Any = study.sampler
    return sampler.explain(study, n_trials)


def finished(n_trials: int, sampler: optuna.samplers.BaseSampler | None = None) -> optuna.Study:
    study = optuna.create_study(sampler=sampler or optuna.samplers.RandomSampler(seed=1))
    study.optimize(objective, n_trials=n_trials)
    return study


def test_predictions_hold_what_was_measured_and_what_was_not() -> None:
    study = finished(40)
    explanation = LatticeGPSampler(seed=0).explain(study)
    assert dict(explanation.distributions) == dict(sorted(SPACE.items()))
    known = explanation.predict([trial.params for trial in study.trials])
    for trial, prediction in zip(study.trials, known):
        assert prediction.mean == pytest.approx(trial.value, abs=0.15)
    new = finished(30, optuna.samplers.RandomSampler(seed=2)).trials
    values = np.array([trial.value for trial in new])
    means = np.array([p.mean for p in explanation.predict([trial.params for trial in new])])
    assert np.corrcoef(values, means)[0, 1] > 0.95


@pytest.mark.parametrize("n_trials", [3, 10, 61])
def test_the_next_suggestions_are_those_of_the_study(n_trials: int) -> None:
    """Start-up, model, and trust region, which only the suggestion knows."""
    study = finished(n_trials, LatticeGPSampler(seed=3))
    told = explain(study).suggest(3)
    assert len(study.trials) == n_trials
    assert told == [study.ask(SPACE).params for _ in range(3)]


def test_before_a_trial_it_expects_what_the_trial_s_storage_holds() -> None:
    study = finished(20, LatticeGPSampler(seed=4))
    for number in (5, 12, 19):
        trial = study.trials[number]
        stored = lattice_gp.prediction_of(trial)
        explained = explain(study, n_trials=number).predict_trial(trial)
        for one, other in (
            (stored.quantiles, explained.quantiles),
            (stored.means, explained.means),
        ):
            np.testing.assert_allclose(one, other, rtol=1e-6)
        assert stored.expected_improvement == pytest.approx(explained.expected_improvement)


def test_nothing_is_written_and_the_sampler_goes_on_as_before() -> None:
    studies = [finished(12, LatticeGPSampler(seed=5)) for _ in range(2)]
    before = studies[0].trials
    explain(studies[0]).suggest(4)
    assert studies[0].trials == before
    for study in studies:
        study.optimize(objective, n_trials=6)
    assert [t.params for t in studies[0].trials] == [t.params for t in studies[1].trials]


def test_parameters_that_do_not_exist_make_no_difference() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(conditional, n_trials=40)
    explanation = LatticeGPSampler(seed=0).explain(study)
    plain = {"x": 0.3, "kind": "plain"}
    one, other = explanation.predict([plain, {**plain, "twist": 9}])
    assert one == other
    assert explanation.existing([plain, {"x": 0.3, "kind": "twisted", "twist": 2}]) == [
        frozenset({"x", "kind"}),
        frozenset({"x", "kind", "twist"}),
    ]
    with pytest.raises(ValueError, match=r"params\[1\] has no value for 'twist'"):
        explanation.predict([plain, {"x": 0.3, "kind": "twisted"}])
    far, near = explanation.predict([{"x": 0.0, "kind": "twisted", "twist": t} for t in (0, 6)])
    assert near.mean < far.mean


def test_values_that_many_points_share_are_translated_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    explanation = LatticeGPSampler(seed=0).explain(finished(12))
    module = import_module(type(explanation).__module__)
    translated = []
    translate = module._internal

    def counted(name: str, value: Any, distribution: Any) -> float:
        translated.append((name, value))
        return float(translate(name, value, distribution))

    monkeypatch.setattr(module, "_internal", counted)
    cells = itertools.product(range(2, 9), range(128, 513, 64))
    params = [{"depth": depth, "width": width, "rate": 1e-3} for depth, width in cells]
    together = explanation.predict(params)
    assert len(translated) == len(set(translated)) == 7 + 7 + 1
    for i in (0, 20, 48):
        assert together[i].means == pytest.approx(explanation.predict([params[i]])[0].means)


@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution")
def test_choices_that_are_equal_or_have_no_hash_are_told_apart() -> None:
    choices: list[Any] = [1, True, "1", [1], [2]]

    def objective(trial: optuna.Trial) -> float:
        return float(trial.suggest_int("level", 0, 4)) + choices.index(
            trial.suggest_categorical("choice", choices)
        )

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=25)
    explanation = LatticeGPSampler(seed=0).explain(study)
    params = [{"level": 2, "choice": choice} for choice in choices]
    alone = [explanation.predict([each])[0].mean for each in params]
    assert [p.mean for p in explanation.predict(params)] == pytest.approx(alone)
    assert len({round(mean, 3) for mean in alone}) >= 4


def test_failures_constraints_costs_and_directions_show() -> None:
    def crashing(trial: optuna.Trial) -> float:
        value = objective(trial)
        if trial.params["depth"] > 6:
            raise MemoryError
        trial.set_user_attr("cost", trial.params["width"])
        return -value

    sampler = LatticeGPSampler(
        seed=0, cost_aware="cost", constraints_func=lambda t: [t.params["width"] - 300]
    )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for point in np.random.default_rng(0).random((30, 3)):
        study.enqueue_trial(
            {
                "depth": int(2 + 7 * point[0]),
                "width": int(128 + 64 * int(7 * point[1])),
                "rate": float(10 ** (-4 + 2 * point[2])),
            }
        )
    study.optimize(crashing, n_trials=30, catch=(MemoryError,))
    explanation = sampler.explain(study)
    safe, deep, wide = explanation.predict(
        [
            {"depth": 4, "width": 192, "rate": 1e-3},
            {"depth": 8, "width": 192, "rate": 1e-3},
            {"depth": 4, "width": 512, "rate": 1e-3},
        ]
    )
    assert safe.success_probability > 0.8 > 0.3 > deep.success_probability
    assert safe.feasibility > 0.9 > 0.1 > wide.feasibility
    assert wide.seconds == pytest.approx(512, rel=0.1)
    assert safe.mean > wide.mean


def test_several_objectives() -> None:
    study = optuna.create_study(directions=["minimize", "maximize"])
    study.optimize(lambda t: (objective(t), t.params["depth"]), n_trials=20)
    explanation = LatticeGPSampler(seed=0).explain(study)
    prediction = explanation.predict([{"depth": 7, "width": 256, "rate": 1e-3}])[0]
    assert prediction.means[1] == pytest.approx(7, abs=0.3)
    assert prediction.expected_improvement is None
    assert len(explanation.suggest(2)) == 2


def test_a_trial_that_does_not_fit_is_not_predicted() -> None:
    explanation = LatticeGPSampler(seed=0).explain(finished(10))
    for params in ({"depth": 3}, {"depth": 3, "width": 128, "rate": 1.0}):
        trial = create_trial(
            params=params,
            distributions={name: FloatDistribution(0.0, 1e3) for name in params},
            value=0.0,
        )
        assert explanation.predict_trial(trial) is None
    assert explanation.predict([]) == []


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"depth": 3, "width": 128}, "has no value for 'rate'"),
        ({"depth": 9, "width": 128, "rate": 1e-3}, "'depth' is 9, but must be from 2 to 8"),
        ({"depth": "x", "width": 128, "rate": 1e-3}, "'depth' is 'x', but must be from 2 to 8"),
        ({"depth": 10**400, "width": 128, "rate": 1e-3}, "'depth' is 1000.* from 2 to 8"),
        ({"depth": 3, "width": 128, "rat": 1e-3}, "for 'rat', but the parameters are"),
    ],
)
def test_bad_params_are_named(params: dict[str, Any], message: str) -> None:
    explanation = LatticeGPSampler(seed=0).explain(finished(6))
    with pytest.raises(ValueError, match=message):
        explanation.predict([params])


def test_parameters_of_a_single_value_make_no_difference() -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.suggest_categorical("optimizer", ["adam"])
        return trial.suggest_float("x", 0.0, 1.0) * trial.suggest_int("epochs", 5, 5)

    study = optuna.create_study()
    study.optimize(objective, n_trials=8)
    explanation = LatticeGPSampler(seed=0).explain(study)
    params = study.best_params
    assert explanation.predict([params]) == explanation.predict([{"x": params["x"]}])
    assert explanation.existing([params]) == [frozenset({"x"})]
    with pytest.raises(ValueError, match="'epochs' is 6, but must be from 5 to 5"):
        explanation.predict([{**params, "epochs": 6}])
    with pytest.raises(ValueError, match="'optimizer' is 'sgd', but must be one of"):
        explanation.predict([{**params, "optimizer": "sgd"}])


def test_steps_so_many_that_their_rounding_shows_are_suggested() -> None:
    def fine(trial: optuna.Trial) -> float:
        return abs(trial.suggest_float("x", 0.0, 1e6, step=1e-5) - 3e5)

    study = optuna.create_study(sampler=LatticeGPSampler(seed=0))
    study.optimize(fine, n_trials=12)
    suggested = LatticeGPSampler(seed=0).explain(study).suggest(3)
    assert len({params["x"] for params in suggested}) == 3


def test_a_bad_choice_is_named() -> None:
    study = optuna.create_study()
    study.optimize(conditional, n_trials=8)
    with pytest.raises(ValueError, match=r"'kind' is 'odd', but must be one of \('plain'"):
        LatticeGPSampler(seed=0).explain(study).predict([{"x": 0.0, "kind": "odd"}])


def test_parameters_of_several_kinds_alone_are_named() -> None:
    study = optuna.create_study()
    for is_log in (False, True):
        space: dict[str, BaseDistribution] = {"x": FloatDistribution(0.1, 10.0, log=is_log)}
        study.add_trial(create_trial(value=1.0, params={"x": 1.0}, distributions=space))
    with pytest.raises(ValueError, match=r"other than those of several kinds \(x\): there is"):
        LatticeGPSampler(seed=0).explain(study)


def test_what_cannot_be_explained_says_so() -> None:
    sampler = LatticeGPSampler(seed=0)
    empty = optuna.create_study()
    with pytest.raises(ValueError, match="None of the study's 0 trials has completed"):
        sampler.explain(empty)
    empty.optimize(lambda trial: trial.suggest_int("only", 3, 3), n_trials=3)
    with pytest.raises(ValueError, match="None of the study's 3 trials has completed"):
        sampler.explain(empty)
    empty.add_trial(create_trial(state=TrialState.FAIL, params={}, distributions={}))
    with pytest.raises(ValueError, match="None of the study's 4 trials has completed"):
        sampler.explain(empty)
    with pytest.raises(TypeError, match="study is 3, but must be an optuna.Study"):
        sampler.explain(3)
    with pytest.raises(TypeError, match="n_trials is 'x'"):
        sampler.explain(empty, n_trials="x")
    with pytest.raises(ValueError, match="n_trials is -1, but must be 0 or more"):
        sampler.explain(empty, n_trials=-1)
    optuna.delete_study(study_name=empty.study_name, storage=empty._storage)
    with pytest.raises(ValueError, match="study is the study '.*', but its storage does not hold"):
        sampler.explain(empty)
    explanation = sampler.explain(finished(5))
    with pytest.raises(ValueError, match="n is 0, but must be 1 or more"):
        explanation.suggest(0)
    with pytest.raises(TypeError, match="n is '2' of type str, but must be an int"):
        explanation.suggest("2")
    for single in ({"x": 0.5}, {}, "x"):
        with pytest.raises(TypeError, match=r"params is .* of type (dict|str).*sequence of dicts"):
            explanation.predict(single)
    with pytest.raises(TypeError, match="params holds 'x' of type str.*a sequence of dicts"):
        explanation.predict(["x"])
    with pytest.raises(TypeError, match="params is 3 of type int.*a sequence of dicts"):
        explanation.predict(3)
    with pytest.raises(TypeError, match="trial is None, but must be"):
        explanation.predict_trial(None)


@given(
    strategies.lists(
        strategies.sampled_from(
            [
                IntDistribution(0, 1),
                IntDistribution(1, 1000, log=True),
                IntDistribution(-5, 15, step=5),
                FloatDistribution(-1.0, 1.0),
                FloatDistribution(0.0, 1.0, step=0.25),
                FloatDistribution(1e-5, 1e5, log=True),
                CategoricalDistribution([None, True, "a"]),
            ]
        ),
        min_size=1,
        max_size=4,
    ),
    strategies.integers(1, 12),
    strategies.integers(0, 2**31),
)
@settings(max_examples=25, deadline=None)
def test_any_space_can_be_explained(distributions: list[Any], n_trials: int, seed: int) -> None:
    space = {f"p{i}": distribution for i, distribution in enumerate(distributions)}
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    rng = np.random.default_rng(seed)
    for _ in range(n_trials):
        study.tell(study.ask(space), float(rng.normal()))
    explanation = LatticeGPSampler(seed=seed).explain(study)
    params = explanation.suggest(3)
    for prediction in explanation.predict(params):
        numbers = [prediction.mean, prediction.deviation, *prediction.quantiles[0]]
        assert np.isfinite(numbers).all()
        assert list(prediction.quantiles[0]) == sorted(prediction.quantiles[0])
