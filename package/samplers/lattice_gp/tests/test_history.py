"""What trials tell, as arrays: above all, which points are not worth a second trial."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
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
history = import_module(f"{lattice_gp.__name__}.trials.history")
records = import_module(f"{lattice_gp.__name__}.trials.records")
search_space = import_module(f"{lattice_gp.__name__}.space.search_space")

SPACE = search_space.SearchSpace({"x": FloatDistribution(0, 10), "y": FloatDistribution(0, 10)})
OTHERS: dict[str, BaseDistribution] = {
    "x": FloatDistribution(0, 10),
    "y": FloatDistribution(0, 10),
    "data": CategoricalDistribution(["old", "new"]),
}


def trial(state: TrialState = TrialState.COMPLETE, **params: Any) -> FrozenTrial:
    return create_trial(
        state=state,
        value=1.0 if state == TrialState.COMPLETE else None,
        params=params,
        distributions={name: OTHERS[name] for name in params},
    )


def suggested(frozen: FrozenTrial, **suggestion: float) -> FrozenTrial:
    """The trial, of which this was suggested."""
    frozen.system_attrs = {records.SUGGESTION_KEY: suggestion}
    return frozen


def spent(trials: Sequence[FrozenTrial]) -> list[list[float]]:
    """The points that are not worth another trial, in tenths of the space."""
    for number, frozen in enumerate(trials):
        frozen.number = number
    read = records.RecordReader().read(trials)
    points = history.spent_points(SPACE, read)
    np.testing.assert_array_equal(points, history.read_history(SPACE, read, [False]).spent)
    tenths: list[list[float]] = (10 * points).tolist()
    return tenths


def test_points_of_the_latest_data_are_spent_and_of_other_data_are_not() -> None:
    assert spent(
        [
            trial(x=1, y=1, data="old"),
            trial(x=2, y=2, data="new"),
            # It may have ended before it chose everything.
            trial(TrialState.FAIL, x=3, y=3),
            trial(TrialState.FAIL, x=4, y=4, data="old"),
            # It has a result, so that there was nothing else to choose.
            trial(x=5, y=5),
            trial(TrialState.PRUNED, x=6, y=6, data="new"),
        ]
    ) == [[2, 2], [3, 3], [6, 6]]


def test_trials_that_lack_a_parameter_are_nowhere() -> None:
    assert spent([trial(x=1, y=1), trial(x=2), trial(TrialState.FAIL, y=3)]) == [[1, 1]]


@pytest.mark.parametrize("state", [TrialState.COMPLETE, TrialState.FAIL])
def test_suggestion_that_a_trial_could_not_take_is_spent_with_its_point(state: TrialState) -> None:
    """Of a parameter whose range ended before the suggested value."""
    assert spent([suggested(trial(state, x=1, y=2), x=1.0, y=9.0)]) == [[1, 2], [1, 9]]


def test_suggestion_that_was_taken_or_lies_outside_is_not_spent_beside_the_point() -> None:
    assert spent(
        [
            suggested(trial(x=1, y=2), x=1.0, y=2.0),
            suggested(trial(x=3, y=4), x=3.0, y=11.0),
            suggested(trial(x=5, y=6), x=0.0),
        ]
    ) == [[1, 2], [3, 4], [5, 6]]


def test_what_some_trials_did_not_tell_is_missing_there_alone() -> None:
    table = history.table_of([{"a": 1.0}, {}, {"b": 2.0, "a": 3.0}])
    np.testing.assert_array_equal(table, [[1.0, np.nan], [np.nan, np.nan], [3.0, 2.0]])
    assert history.table_of([{}, {}]).shape == (2, 0)


def test_constraints_are_those_by_name_or_else_those_by_number() -> None:
    def constraints(**attributes: Any) -> dict[str, float]:
        ended = SimpleNamespace(state=TrialState.COMPLETE, system_attrs={}, **attributes)
        ended.system_attrs[records.CONSTRAINTS_KEY] = (-1.0, 2.0)
        return dict(records.read_constraints(ended))

    # Optuna 5 has both, of constraints set one by one.
    named = {"memory": -1.0, "time": 2.0}
    assert constraints(constraints=named) == named
    assert constraints(constraints={}) == constraints() == {"0": -1.0, "1": 2.0}
