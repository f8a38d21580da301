"""Which observations a model sees, and in which order of merit."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import optunahub


PACKAGE = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
).__name__
kernels = import_module(f"{PACKAGE}.surrogates.kernels")
Observations = import_module(f"{PACKAGE}.surrogates.observations").Observations

FEATURES = np.array([[0.9, 0.9], [0.1, 0.5], [0.2, 0.1], [0.2, 0.2], [0.3, 0.1]])
BEST_FIRST = np.array([2, 0, 1, 3, 4])


def inputs(features: np.ndarray) -> Any:
    return kernels.Inputs(features, np.arange(2), features[:, :0], features[:, :0])


def observed(is_local: bool = False) -> Any:
    return Observations(inputs(FEATURES), BEST_FIRST, is_local)


def seen(is_local: bool, limit: int) -> list[int]:
    chosen: list[int] = observed(is_local).choose(limit, limit).tolist()
    return chosen


def test_model_of_the_space_sees_the_best_and_an_even_share_of_the_others() -> None:
    assert seen(is_local=False, limit=5) == [0, 1, 2, 3, 4]
    # The best two, and of the others the best and the worst.
    assert seen(is_local=False, limit=4) == [0, 1, 2, 4]


def test_model_of_a_neighbourhood_sees_what_is_nearest_to_the_best() -> None:
    assert seen(is_local=True, limit=5) == [0, 1, 2, 3, 4]
    assert seen(is_local=True, limit=3) == [2, 3, 4]


def test_parts_keep_the_order_of_merit() -> None:
    first = observed().until(3)
    np.testing.assert_array_equal(first.inputs.features, FEATURES[:3])
    assert first.order.tolist() == [2, 0, 1]
    some = observed().only(np.array([0, 2, 4]))
    np.testing.assert_array_equal(some.inputs.features, FEATURES[[0, 2, 4]])
    assert some.order.tolist() == [1, 0, 2]
    more = observed().followed_by(inputs(np.full((2, 2), 0.5)))
    np.testing.assert_array_equal(more.inputs.features[5:], np.full((2, 2), 0.5))
    assert more.order.tolist() == [2, 0, 1, 3, 4, 5, 6]
