"""The trials that the sampler would make next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
import optunahub
import pytest


pytest.importorskip("plotly")

ROOT = str(Path(__file__).parents[3])
lattice_gp = optunahub.load_local_module("samplers/lattice_gp", registry_root=ROOT)
plots = optunahub.load_local_module("visualization/plot_surrogate", registry_root=ROOT)

Objective = Callable[[optuna.Trial], float]
StudyOf = Callable[..., optuna.Study]
Traces = Callable[[Any, str], list[Any]]


def test_next_trials_are_what_the_study_would_get(
    study_of: StudyOf, smooth: Objective, traces: Traces
) -> None:
    study = study_of(smooth, 12, lattice_gp.LatticeGPSampler(seed=3))
    plain = optuna.create_study()
    plain.add_trials(study.trials)
    figure = plots.plot_next_trials(study, ["rate"], n_trials=3)
    shown = traces(figure, "next trials")[0]
    space = {
        "depth": IntDistribution(2, 8),
        "units": IntDistribution(128, 512, step=64),
        "rate": FloatDistribution(1e-4, 1e-2, log=True),
    }
    assert list(shown.x) == [study.ask(space).params["rate"] for _ in range(3)]
    assert list(shown.text) == ["1", "2", "3"]
    explanation = lattice_gp.LatticeGPSampler(seed=3).explain(plain)
    predictions = explanation.predict(explanation.suggest(3))
    low, high = figure.layout.yaxis.range
    for i, prediction in enumerate(predictions):
        ends = shown.y[i] - shown.error_y.arrayminus[i], shown.y[i] + shown.error_y.array[i]
        assert ends == pytest.approx(prediction.interval(0.8))
        lower, upper = prediction.interval(0.5)
        assert low <= lower and upper <= high


def test_the_next_trial_alone(study_of: StudyOf, smooth: Objective, traces: Traces) -> None:
    figure = plots.plot_next_trials(study_of(smooth, 8), ["depth"], n_trials=1)
    assert len(traces(figure, "next trials")[0].x) == 1
    assert figure.layout.title.text.startswith("Where the next trial would go<br>")
