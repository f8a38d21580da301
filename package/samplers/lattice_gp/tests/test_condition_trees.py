"""The trees that say when a parameter exists, grown from what trials had."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import optunahub
import pytest


PACKAGE = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
).__name__
conditions = import_module(f"{PACKAGE}.space.conditions")
Conditions = conditions.Conditions


@pytest.mark.parametrize("seed", range(20))
def test_impurity_is_the_mean_variance_of_existence_among_equal_answers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 8))
    answers, is_present = rng.random((6, n)) < rng.random((6, 1)), rng.random(n) < 0.5
    answers[0], answers[1] = True, False
    expected = [
        sum(is_present[row == answer].var() * (row == answer).sum() for answer in np.unique(row))
        / n
        for row in answers
    ]
    np.testing.assert_allclose(conditions._impurities(answers, is_present), expected, atol=1e-15)


def test_number_is_asked_for_the_threshold_that_tells_most() -> None:
    depths = np.array([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])
    # The second parameter exists from a depth of 0.25 on.
    second = np.where(depths < 0.2, np.nan, 0.3)
    tree = Conditions(
        np.stack([depths, second], axis=1), np.arange(2), np.zeros(2, bool), np.full(2, np.inf)
    )
    asked = np.stack([np.array([0.17, 0.18, 0.9]), np.full(3, 0.3)], axis=1)
    # Half-way between the last trial without it and the first one with it.
    np.testing.assert_array_equal(tree.active(asked)[:, 1], [False, True, True])
    assert tree.parents == [0]


def test_the_choice_is_held_responsible_where_a_number_would_explain_as_much() -> None:
    order, is_categorical = np.arange(3), np.array([False, True, False])
    coordinates = np.array([[0.1, 0.0, np.nan], [0.2, 0.0, np.nan], [0.8, 1.0, 0.5]])
    tree = Conditions(coordinates, order, is_categorical, np.array([np.inf, 2.0, np.inf]))
    active = tree.active(np.array([[0.9, 0.0, 0.5], [0.1, 1.0, 0.5]]))
    np.testing.assert_array_equal(active[:, 2], [False, True])


def test_objective_that_changed_follows_its_latest_trials() -> None:
    order, is_categorical, n_values = np.arange(2), np.zeros(2, bool), np.full(2, np.inf)
    column = np.full(6, 0.5)
    added = np.stack([column, [np.nan] * 3 + [0.1, 0.2, 0.3]], axis=1)
    removed = np.stack([column, [0.1, 0.2, 0.3] + [np.nan] * 3], axis=1)
    point = np.array([[0.5, 0.5]])
    assert Conditions(added, order, is_categorical, n_values).active(point)[0, 1]
    assert not Conditions(removed, order, is_categorical, n_values).active(point)[0, 1]
