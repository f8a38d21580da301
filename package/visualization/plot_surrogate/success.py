"""Where trials are expected to succeed, and to keep the constraints."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import TrialState

from . import style
from .curves import Slice
from .plotly_parts import check_plotly
from .plotly_parts import go
from .sampler_package import explain
from .scales import escaped
from .scales import Scale
from .slices import N_SHOWN
from .trials import check_at
from .trials import choose_names
from .trials import hover
from .trials import is_feasible
from .trials import reference
from .trials import Told


# Heights at which trials of each outcome are drawn.
_SUCCEEDED, _BROKE, _FAILED = 1.08, -0.08, -0.16
_AXIS = {"range": [-0.22, 1.14], "tickvals": [0.0, 0.25, 0.5, 0.75, 1.0], "tickformat": ".0%"}


def plot_success_probability(
    study: Study,
    params: Sequence[str] | None = None,
    *,
    sampler: BaseSampler | None = None,
    at: Mapping[str, Any] | None = None,
) -> go.Figure:
    """Plot the probability that a trial ends with a value, along each parameter.

    With constraints, also the probability that all are kept. Each panel passes through the best
    feasible trial, as those of :func:`plot_posterior_slice`. Above and below lie the trials by how
    they ended.

    Args:
        study: With at least one completed trial, of any sampler.
        params: Which parameters; None shows all.
        sampler: As of :func:`plot_posterior_slice`.
        at: Likewise.

    Raises:
        ImportError: If plotly, or the package of the sampler, is not there.
        TypeError: If an argument is of another kind.
        ValueError: If a parameter or a value is not the study's, or no trial has completed.
    """
    check_plotly()
    explanation = explain(study, sampler)
    told = Told.by(study, 0)
    names = choose_names(explanation, told, params)
    at = check_at(explanation, told, at)
    figure, places = style.panels(len(names))
    for name, place in zip(names, places):
        scale = Scale.of(name, explanation.distributions[name], N_SHOWN)
        base = reference(told, explanation, [name], at)
        if base is not None:
            _add_curves(figure, place, Slice.along(explanation, scale, base))
        _add_outcomes(figure, place, study, scale)
        style.show_axes(figure, place, scale, _AXIS, "Probability")
    n_failed = len(study.get_trials(deepcopy=False, states=(TrialState.FAIL,)))
    note = f"{n_failed} of {len(study.trials)} trials failed, {told.n_feasible} are feasible"
    style.finish(figure, "Probability of success along each parameter", note)
    return figure


def _add_curves(figure: go.Figure, place: tuple[int, int], its: Slice) -> None:
    if its.is_empty:
        style.add_note(figure, place, style.NOT_THERE)
    curves = {
        "ends with a value": (
            style.MEAN,
            [p.success_probability if p else np.nan for p in its.predictions],
        )
    }
    if any(p is not None and p.feasibility is not None for p in its.predictions):
        curves["keeps all constraints"] = (
            style.INFEASIBLE,
            [
                np.nan if p is None or p.feasibility is None else p.feasibility
                for p in its.predictions
            ],
        )
    mode = "markers" if its.scale.is_categorical else "lines"
    if its.scale.is_lattice and mode == "lines":
        mode = "lines+markers"
    for name, (colour, probabilities) in curves.items():
        figure.add_trace(
            go.Scatter(
                x=its.scale.positions,
                y=probabilities,
                mode=mode,
                line={"color": colour, "width": 2},
                marker={"color": colour, "size": 6},
                name=name,
                legendgroup=name,
                hovertemplate=f"{escaped(its.scale.name)}: %{{x}}<br>{name}: %{{y:.1%}}<extra></extra>",
            ),
            row=place[0],
            col=place[1],
        )


def _add_outcomes(figure: go.Figure, place: tuple[int, int], study: Study, scale: Scale) -> None:
    trials = [t for t in study.get_trials(deepcopy=False) if scale.name in t.params]
    completed = [t for t in trials if t.state == TrialState.COMPLETE]
    outcomes = (
        ("succeeded", [t for t in completed if is_feasible(t)], _SUCCEEDED, style.TRIAL, "circle"),
        (
            "broke a constraint",
            [t for t in completed if not is_feasible(t)],
            _BROKE,
            style.INFEASIBLE,
            "diamond",
        ),
        (
            "failed",
            [t for t in trials if t.state == TrialState.FAIL],
            _FAILED,
            style.FAILED,
            "x",
        ),
    )
    for name, chosen, height, colour, symbol in outcomes:
        if not chosen:
            continue
        figure.add_trace(
            go.Scatter(
                x=scale.places([trial.params[scale.name] for trial in chosen]),
                y=[height] * len(chosen),
                mode="markers",
                marker={"color": colour, "size": 7, "symbol": symbol},
                text=[hover(trial) for trial in chosen],
                hoverinfo="text",
                name=name,
                legendgroup=name,
                cliponaxis=False,
            ),
            row=place[0],
            col=place[1],
        )
