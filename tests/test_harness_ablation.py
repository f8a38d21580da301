"""Ablations: the sampler with one ingredient left out."""

from __future__ import annotations

from typing import Any

import optuna
import pytest

from benchmarks.ablation import ABLATIONS
from benchmarks.cli import _with_ablations
from benchmarks.contender import Setup
from benchmarks.contenders import get_contender
from benchmarks.contenders import OURS
from benchmarks.toy_problems import Quadratic


def suggestions(name: str, n_trials: int) -> list[dict[str, Any]]:
    problem = Quadratic()
    setup = Setup(seed=0, space=problem.search_space, n_trials=n_trials)
    study = optuna.create_study(sampler=get_contender(name).build(setup))
    study.optimize(problem, n_trials=n_trials)
    return [trial.params for trial in study.trials]


@pytest.fixture(scope="module")
def default() -> list[dict[str, Any]]:
    return suggestions(OURS, 70)


@pytest.mark.parametrize("name", [n for n in ABLATIONS if not n.endswith("full_model")])
def test_variant_runs_and_differs_from_the_default(
    name: str, default: list[dict[str, Any]]
) -> None:
    assert suggestions(name, 70) != default


def test_names_are_expanded_once() -> None:
    wanted = _with_ablations([OURS, "ablations", next(iter(ABLATIONS))])
    assert wanted == [OURS, *ABLATIONS]
