"""Earlier studies: related ones help, others do no harm, and none is needed any more once read."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from importlib import import_module
import logging
import math
from pathlib import Path
import pickle
from typing import Any

import numpy as np
import optuna
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.study import Study
from optuna.study import StudyDirection
from optuna.trial import Trial
import optunahub
import pytest


REGISTRY_ROOT = str(Path(__file__).parents[3])
lattice_gp = optunahub.load_local_module("samplers/lattice_gp", registry_root=REGISTRY_ROOT)
kernels = import_module(f"{lattice_gp.__name__}.surrogates.kernels")
Recipe = import_module(f"{lattice_gp.__name__}.recipe").Recipe
SearchSpace = import_module(f"{lattice_gp.__name__}.space.search_space").SearchSpace
Transfer = import_module(f"{lattice_gp.__name__}.earlier.transfer").Transfer
read_prior_studies = import_module(
    f"{lattice_gp.__name__}.earlier.prior_studies"
).read_prior_studies
trend_units = import_module(f"{lattice_gp.__name__}.surrogates.trend_units")

Objective = Callable[[Trial], "float | Sequence[float]"]


@pytest.fixture(autouse=True)
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What the sampler says, which Optuna's logger would keep to itself."""
    optuna.logging.enable_propagation()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield caplog
    optuna.logging.disable_propagation()


def bowl(trial: Trial) -> float:
    """Best at x = 0.8, rate = 1e-3, n = 4: far from the centre."""
    x = trial.suggest_float("x", 0.0, 1.0)
    rate = trial.suggest_float("rate", 1e-4, 1.0, log=True)
    n = trial.suggest_int("n", 2, 16)
    return 10 * (x - 0.8) ** 2 + (math.log10(rate) + 3.0) ** 2 + ((n - 4) / 5) ** 2


def negated(trial: Trial) -> float:
    return -bowl(trial)


def run(
    objective: Objective,
    sampler: Any = None,
    n_trials: int = 30,
    direction: str = "minimize",
    **arguments: Any,
) -> Study:
    """A study, of random trials unless a sampler is given."""
    study = optuna.create_study(
        sampler=sampler or optuna.samplers.RandomSampler(seed=3),
        directions=[StudyDirection[direction.upper()]] * arguments.pop("n_objectives", 1),
        **arguments,
    )
    study.optimize(objective, n_trials=n_trials, catch=(ArithmeticError,))
    return study


def with_prior(prior_studies: Any, seed: int = 0) -> Any:
    return lattice_gp.LatticeGPSampler(seed=seed, prior_studies=prior_studies)


def suggested(study: Study) -> list[dict[str, Any]]:
    return [trial.params for trial in study.trials]


def test_default_and_none_are_the_same() -> None:
    plain = run(bowl, lattice_gp.LatticeGPSampler(seed=0), 8)
    assert suggested(plain) == suggested(run(bowl, with_prior(None), 8))
    assert suggested(plain) == suggested(run(bowl, with_prior([]), 8))


@pytest.mark.parametrize("given", [3, "sqlite:///x.db", [3], [("a", 3)], [("a", "b", "c")], {}])
def test_rejects_what_is_no_study(given: Any) -> None:
    with pytest.raises(TypeError, match=r"prior_studies.* but it must be a sequence of finished"):
        with_prior(given)


def test_names_the_study_that_is_missing() -> None:
    storage = optuna.storages.InMemoryStorage()
    optuna.create_study(storage=storage, study_name="monday")
    with pytest.raises(ValueError, match=r"prior_studies\[0\].*'tuesday'.*\['monday'\]"):
        with_prior([(storage, "tuesday")])


def test_begins_near_the_best_of_a_related_study() -> None:
    source = run(lambda trial: 5.0 + 0.1 * bowl(trial), n_trials=60)
    study = run(bowl, with_prior(source), 6)
    assert study.trials[0].params == source.best_params
    assert study.trials[1].params["x"] == 0.5
    off = run(bowl, lattice_gp.LatticeGPSampler(seed=0), 6)
    assert study.best_value < 0.3 * off.best_value
    assert study.best_value < 10.0 * (source.best_value - 5.0)


@pytest.mark.parametrize("seed", range(3))
def test_runs_that_diverged_do_not_hide_what_the_others_of_a_study_tell(seed: int) -> None:
    def diverging(trial: Trial) -> float:
        value = bowl(trial)
        return value if trial.params["x"] >= 0.3 else 1e6 * (1.0 + value)

    source = run(diverging, optuna.samplers.RandomSampler(seed=seed), n_trials=60)
    study = run(bowl, with_prior(source, seed), 6)
    # After the best of the earlier study and the centre; most random points are above 5.
    assert max(trial.values[0] for trial in study.trials[2:]) < 3.0


@pytest.mark.slow
def test_recovers_from_a_negated_study() -> None:
    source = run(negated, n_trials=60)
    best = [run(bowl, with_prior(source, seed), 12).best_value for seed in range(3)]
    off = [run(bowl, lattice_gp.LatticeGPSampler(seed=s), 12).best_value for s in range(3)]
    assert np.mean(best) < 1.5 * np.mean(off) + 0.05


def test_directions_may_differ() -> None:
    source = run(negated, n_trials=60, direction="maximize")
    study = run(bowl, with_prior(source), 5)
    same = run(bowl, with_prior(run(bowl, n_trials=60)), 5)
    assert suggested(study) == suggested(same)


def test_is_ignored_without_a_common_name(logged: pytest.LogCaptureFixture) -> None:
    source = run(lambda trial: trial.suggest_float("other", 0.0, 1.0), study_name="stranger")
    study = run(bowl, with_prior(source), 8)
    assert suggested(study) == suggested(run(bowl, lattice_gp.LatticeGPSampler(seed=0), 8))
    said = [r.message for r in logged.records if r.levelno >= logging.WARNING]
    assert len(said) == 1
    assert "'stranger' is left out: none of its parameters" in said[0]


@pytest.mark.parametrize("n_trials", [0, 1])
def test_is_ignored_with_too_few_trials(n_trials: int, logged: pytest.LogCaptureFixture) -> None:
    study = run(bowl, with_prior(run(bowl, n_trials=n_trials)), 6)
    assert suggested(study) == suggested(run(bowl, lattice_gp.LatticeGPSampler(seed=0), 6))
    assert f"its number of completed trials is {n_trials}" in logged.text


def test_is_ignored_if_it_is_constant(logged: pytest.LogCaptureFixture) -> None:
    run(bowl, with_prior(run(lambda trial: 0.0 * bowl(trial))), 6)
    assert "its values do not depend on the parameters" in logged.text


def test_several_objectives() -> None:
    def two(trial: Trial) -> tuple[float, float]:
        return bowl(trial), abs(trial.params["x"] - 0.3)

    source = run(two, n_objectives=2)
    study = run(two, with_prior(source), 8, n_objectives=2)
    assert len(study.best_trials) >= 2
    assert source.trials[0].params.keys() == study.trials[0].params.keys()


def test_other_number_of_objectives_is_left_out(logged: pytest.LogCaptureFixture) -> None:
    source = run(lambda trial: (bowl(trial), 1.0), n_objectives=2)
    study = run(bowl, with_prior(source), 6)
    assert suggested(study) == suggested(run(bowl, lattice_gp.LatticeGPSampler(seed=0), 6))
    assert logged.text.count("its number of objectives is 2, not 1") == 1


def test_a_related_study_counts_beside_others() -> None:
    def other(trial: Trial) -> float:
        return trial.suggest_float("x", 0.0, 1.0) * 3.0

    studies = [run(other, study_name="b"), run(bowl, n_trials=60, study_name="a")]
    off = run(bowl, lattice_gp.LatticeGPSampler(seed=0), 8)
    assert run(bowl, with_prior(studies), 8).best_value < off.best_value


def test_failures_conditions_and_infinite_values(logged: pytest.LogCaptureFixture) -> None:
    def messy(trial: Trial) -> float:
        kind = trial.suggest_categorical("kind", ["a", "b", None])
        if kind == "a":
            return bowl(trial)
        if trial.number % 3 == 0:
            raise ArithmeticError
        return math.inf if trial.number % 5 == 0 else 2.0 + trial.suggest_float("x", 0.0, 2.0)

    source = run(messy, n_trials=60)
    run(messy, with_prior(source), 10)
    run(bowl, with_prior(source), 6)
    assert not [r for r in logged.records if "lattice_gp" in r.name and r.levelno > logging.INFO]


@pytest.mark.slow
def test_pickles_and_does_not_see_later_changes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    source = run(bowl, n_trials=8, storage=url, study_name="earlier")
    sampler = with_prior([(url, "earlier")])
    copy = pickle.loads(pickle.dumps(sampler))
    before = suggested(run(bowl, sampler, 6))
    source.optimize(bowl, n_trials=2)
    optuna.delete_study(study_name="earlier", storage=url)
    assert suggested(run(bowl, copy, 6)) == before
    in_memory = run(bowl, n_trials=8)
    assert suggested(run(bowl, with_prior([in_memory]), 6)) == before


def test_resumed_study_goes_on_as_it_would_have() -> None:
    source = run(bowl)
    whole = run(bowl, with_prior(source), 8)
    halves = run(bowl, with_prior(source), 4)
    halves.sampler = with_prior(source)
    halves.optimize(bowl, n_trials=4)
    assert suggested(halves) == suggested(whole)


def test_workers_at_the_same_time_start_at_different_points() -> None:
    study = optuna.create_study(sampler=with_prior(run(bowl)))
    study.tell(study.ask(), state=optuna.trial.TrialState.FAIL)
    distributions = {"x": FloatDistribution(0.0, 1.0), "n": IntDistribution(2, 16)}
    trials = [study.ask(distributions) for _ in range(6)]
    assert len({tuple(trial.params.values()) for trial in trials}) == 6


def test_begins_with_each_study_s_best_then_each_second() -> None:
    space = SearchSpace({"x": FloatDistribution(0.0, 1.0)})
    studies = []
    for shift in (0.0, 0.05):
        study = optuna.create_study()
        for x in (0.3, 0.1, 0.2, 0.9):
            study.add_trial(
                optuna.create_trial(
                    value=abs(x + shift - 0.15),
                    params={"x": x + shift},
                    distributions={"x": FloatDistribution(0.0, 1.0)},
                )
            )
        studies.append(study)
    transfer = Transfer(read_prior_studies(studies), Recipe())
    starts = transfer.starts(space, 1)[:, 0]
    bests = [sorted((t.value, t.params["x"]) for t in study.trials) for study in studies]
    expected = [x for pair in zip(*bests) for _, x in pair]
    np.testing.assert_allclose(starts, expected[: len(starts)])
    assert len(starts) >= 4


def test_begins_with_the_best_that_kept_the_constraints() -> None:
    def objective(trial: Trial) -> float:
        x = trial.suggest_int("x", 0, 20)
        return float(x)

    def constraints(trial: optuna.trial.FrozenTrial) -> list[float]:
        return [10.0 - trial.params["x"]]

    earlier = optuna.create_study(
        sampler=lattice_gp.LatticeGPSampler(seed=0, constraints_func=constraints)
    )
    for x in (3, 15, 12, 7):
        earlier.enqueue_trial({"x": x})
    earlier.optimize(objective, n_trials=4)
    sampler = lattice_gp.LatticeGPSampler(seed=1, prior_studies=earlier)
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=1)
    assert study.trials[0].params == {"x": 12}


def test_study_that_is_gone_is_named() -> None:
    earlier = optuna.create_study(study_name="gone")
    optuna.delete_study(study_name="gone", storage=earlier._storage)
    with pytest.raises(ValueError, match=r"prior_studies\[0\] is the study 'gone'"):
        lattice_gp.LatticeGPSampler(prior_studies=[earlier])
    with pytest.raises(
        ValueError, match=r"prior_studies\[0\].*'nothing://', which cannot be read"
    ):
        lattice_gp.LatticeGPSampler(prior_studies=[("nothing://", "gone")])


def test_earlier_studies_count_less_and_less_beside_the_study_s_own_trials() -> None:
    def size(n: int) -> float:
        """Spread over n trials of what is left of a trend."""
        points = np.zeros((n, 1))
        trend = np.resize([0.0, 1.0, 2.0, 3.0, 4.0], (n, 1))
        inputs = kernels.Inputs(points, np.arange(1), points[:, :0], trend)
        units = trend_units.TrendUnits.of(slice(0, 1), inputs)
        return float(units(inputs).trends.std())

    assert size(5) == pytest.approx(1.0)
    assert [size(n) for n in (10, 20, 40)] == pytest.approx([1 / 4, 1 / 16, 1 / 64])
