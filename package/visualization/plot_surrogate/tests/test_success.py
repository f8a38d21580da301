"""The probability that a trial succeeds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution
import optunahub
import pytest


pytest.importorskip("plotly")

ROOT = str(Path(__file__).parents[3])
plots = optunahub.load_local_module("visualization/plot_surrogate", registry_root=ROOT)

Objective = Callable[[optuna.Trial], float]
StudyOf = Callable[..., optuna.Study]
Studies = dict[str, Callable[[], optuna.Study]]
Traces = Callable[[Any, str], list[Any]]


def test_success_probability_falls_where_trials_failed(
    study_of: StudyOf, crashing: Objective, studies: Studies, traces: Traces
) -> None:
    study = study_of(crashing, 40)
    figure = plots.plot_success_probability(study, ["depth"])
    curve = traces(figure, "ends with a value")[0]
    assert list(curve.x) == [2, 3, 4, 5, 6, 7, 8]
    assert curve.y[6] < 0.4 < 0.8 < curve.y[1]
    failed = traces(figure, "failed")[0]
    assert sorted(failed.x) == sorted(
        t.params["depth"] for t in study.trials if t.state == optuna.trial.TrialState.FAIL
    )
    assert not traces(figure, "keeps all constraints")
    kept = traces(
        plots.plot_success_probability(studies["constraints"](), ["units"]),
        "keeps all constraints",
    )
    assert kept[0].y[0] > 0.9 > 0.1 > kept[0].y[-1]


def test_only_what_has_an_order_is_joined(
    study_of: StudyOf, conditional: Objective, traces: Traces
) -> None:
    figure = plots.plot_success_probability(study_of(conditional, 30), ["kind", "twist", "x"])
    modes = [its.mode for its in traces(figure, "ends with a value")]
    assert modes == ["markers", "lines+markers", "lines"]


def test_a_failed_trial_may_have_had_another_kind_of_parameter(
    study_of: StudyOf, smooth: Objective, traces: Traces
) -> None:
    study = study_of(smooth, 6)
    study.add_trial(
        optuna.create_trial(
            state=optuna.trial.TrialState.FAIL,
            params={"depth": "deep"},
            distributions={"depth": CategoricalDistribution(["deep", "flat"])},
        )
    )
    failed = traces(plots.plot_success_probability(study, ["depth"]), "failed")[0]
    assert np.isnan(failed.x).tolist() == [True]
