"""Numbers among choices, as batch sizes: their order counts, those of other choices does not."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
import math
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import IntDistribution
from optuna.trial import Trial
import optunahub
import pytest


lattice_gp = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
)
Recipe = import_module(f"{lattice_gp.__name__}.recipe").Recipe
SearchSpace = import_module(f"{lattice_gp.__name__}.space.search_space").SearchSpace
Surrogates = import_module(f"{lattice_gp.__name__}.surrogates.surrogate").Surrogates

LISTS: dict[str, list[Any]] = {
    "batch": [16, 32, 64, 128, 256, 512],
    "rate": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2],
    "dropout": [0, 0.1, 0.2, 0.3, 0.5],
    "width": [96, 128, 192, 256, 384, 512, 768],
}
BEST = {"batch": 32, "rate": 3e-3, "dropout": 0.1, "width": 384}


def loss(params: dict[str, Any]) -> float:
    """A bowl over the places of the four lists, tilted by a product of two."""
    away = [
        (LISTS[name].index(params[name]) - LISTS[name].index(best)) / len(LISTS[name])
        for name, best in BEST.items()
    ]
    return sum(distance**2 for distance in away) + away[0] * away[1]


def study_of(
    lists: dict[str, list[Any]],
    read: Callable[[str, Any], Any] = lambda _, choice: choice,
    seed: int = 0,
    n_trials: int = 20,
) -> optuna.Study:
    """A study of these choices, which stand for the numbers that ``read`` makes of them."""

    def objective(trial: Trial) -> float:
        chosen = {name: trial.suggest_categorical(name, its) for name, its in lists.items()}
        return loss({name: read(name, choice) for name, choice in chosen.items()})

    study = optuna.create_study(sampler=lattice_gp.LatticeGPSampler(seed=seed))
    study.optimize(objective, n_trials=n_trials)
    return study


def params_of(study: optuna.Study) -> list[dict[str, Any]]:
    return [trial.params for trial in study.trials]


def test_search_begins_in_the_middle_of_a_list() -> None:
    first = study_of(LISTS, n_trials=1).trials[0]
    assert first.params == {"batch": 64, "rate": 1e-3, "dropout": 0.2, "width": 256}


@pytest.mark.parametrize("key", [lambda number: -number, str], ids=["descending", "by name"])
def test_how_a_list_is_sorted_does_not_matter(key: Callable[[Any], Any]) -> None:
    others = {name: sorted(choices, key=key) for name, choices in LISTS.items()}
    assert params_of(study_of(others)) == params_of(study_of(LISTS))


def test_order_of_numbers_is_learned_from() -> None:
    names = {name: [str(choice) for choice in choices] for name, choices in LISTS.items()}
    as_numbers, as_names = [
        sum(study_of(lists, read, seed).best_value for seed in range(5))
        for lists, read in (
            (LISTS, lambda _, choice: choice),
            (names, lambda name, choice: LISTS[name][names[name].index(choice)]),
        )
    ]
    assert as_numbers < 0.2 * as_names


def test_order_of_numbers_beside_none_is_learned_from() -> None:
    with_none: dict[str, list[Any]] = {name: [None, *its[1:]] for name, its in LISTS.items()}
    texts: dict[str, list[Any]] = {name: [str(c) for c in its] for name, its in with_none.items()}
    as_numbers, as_names = [
        sum(
            study_of(lists, lambda name, its: LISTS[name][lists[name].index(its)], seed).best_value
            for seed in range(5)
        )
        for lists in (with_none, texts)
    ]
    assert as_numbers < 0.5 * as_names


def test_numbers_without_a_meaning_are_searched_too() -> None:
    # Each stands for the one so many places further on, in a circle.
    def scrambled(name: str, choice: Any) -> Any:
        choices = LISTS[name]
        return choices[(3 * choices.index(choice) + 2) % len(choices)]

    lists = {name: choices[:5] for name, choices in LISTS.items()}
    random_values = [
        loss({name: lists[name][(k // 5**i) % 5] for i, name in enumerate(lists)})
        for k in range(5**4)
    ]
    best = [study_of(lists, scrambled, seed, n_trials=40).best_value for seed in range(3)]
    # Among the best of a hundred, where forty at random find one of forty.
    assert sum(best) / 3 < sorted(random_values)[len(random_values) // 100]


def test_places_of_a_list_are_names() -> None:
    numbers = {name: list(range(len(choices))) for name, choices in LISTS.items()}
    names = {name: [f"the {place}." for place in its] for name, its in numbers.items()}
    by_number = study_of(numbers, lambda name, place: LISTS[name][place])
    by_name = study_of(names, lambda name, its: LISTS[name][names[name].index(its)])
    translated = [
        {name: names[name][place] for name, place in params.items()}
        for params in params_of(by_number)
    ]
    assert translated == params_of(by_name)


def test_main_effects_of_names_know_no_order() -> None:
    space = SearchSpace({"kind": CategoricalDistribution("abcd")})
    points = space.coordinates_of(0)[:, None]
    effects = Surrogates(Recipe()).inputs(space, points).effects
    assert effects @ effects.T == pytest.approx(np.eye(4))


def test_a_sampler_of_two_studies_tells_a_list_from_an_int() -> None:
    def suggestion(sampler: Any, distribution: BaseDistribution, values: list[int]) -> Any:
        study = optuna.create_study(sampler=sampler)
        for value, outcome in zip(values, (3.0, 0.0, 5.0, 1.0)):
            study.add_trial(
                optuna.trial.create_trial(
                    params={"n": value}, distributions={"n": distribution}, value=outcome
                )
            )
        study.ask({"n": distribution})
        return lattice_gp.prediction_of(study.trials[-1])

    listed, values = CategoricalDistribution([8, 16, 32, 64, 128]), [8, 16, 32, 128]
    both = lattice_gp.LatticeGPSampler(seed=0)
    suggestion(both, IntDistribution(1, 5), [1, 2, 3, 5])
    alone = lattice_gp.LatticeGPSampler(seed=0)
    assert suggestion(both, listed, values) == suggestion(alone, listed, values)


def test_no_point_of_a_finite_space_is_repeated() -> None:
    few = {name: LISTS[name][:3] for name in ("batch", "rate", "dropout")}

    def objective(trial: Trial) -> float:
        return math.prod(float(trial.suggest_categorical(name, its)) for name, its in few.items())

    study = optuna.create_study(sampler=lattice_gp.LatticeGPSampler(seed=1))
    study.optimize(objective, n_trials=27)
    assert len({tuple(params.values()) for params in params_of(study)}) == 27


def test_layers_that_exist_up_to_a_listed_number_are_found(
    warnings_logged: Callable[[], list[str]],
) -> None:
    def objective(trial: Trial) -> float:
        n_layers = trial.suggest_categorical("n_layers", [1, 2, 4, 8])
        widths = [trial.suggest_int(f"width_{i}", 1, 8) for i in range(n_layers)]
        return (n_layers - 4) ** 2 + sum((width - 6) ** 2 for width in widths) / n_layers

    study = optuna.create_study(sampler=lattice_gp.LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=40)
    assert study.best_params["n_layers"] == 4 and study.best_value < 1.0
    assert not warnings_logged()


def test_lists_beside_parameters_that_come_and_go_are_modelled(
    warnings_logged: Callable[[], list[str]],
) -> None:
    def objective(trial: Trial) -> float:
        batch = trial.suggest_categorical("batch", [16, 32, 64, None])
        high = 4 if batch is None else 8
        value = 0.1 * trial.suggest_int("depth", 1, high)
        if trial.suggest_categorical("kind", ["plain", "deep"]) == "deep":
            value += trial.suggest_categorical("dropout", [0.1, 0.2, 0.5])
        return value

    study = optuna.create_study(sampler=lattice_gp.LatticeGPSampler(seed=0))
    study.optimize(objective, n_trials=25)
    assert study.best_value == pytest.approx(0.1)
    assert not warnings_logged()
