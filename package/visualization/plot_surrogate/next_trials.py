"""Where the next trials would go, and what is expected of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optuna.samplers import BaseSampler
from optuna.study import Study

from . import style
from .plotly_parts import check_plotly
from .plotly_parts import go
from .sampler_package import explain
from .sampler_package import median
from .sampler_package import Prediction
from .scales import describe
from .scales import Scale
from .slices import N_SHOWN
from .trials import check_int
from .trials import check_text
from .trials import choose_names
from .trials import hover
from .trials import Limits
from .trials import Told


def plot_next_trials(
    study: Study,
    params: Sequence[str] | None = None,
    *,
    n_trials: int = 5,
    sampler: BaseSampler | None = None,
    objective: int = 0,
    target_name: str = "Objective Value",
) -> go.Figure:
    """Plot the next suggestions among the trials so far, each with what is expected of it.

    They are those that ``n_trials`` workers would get if all asked now; none of them is started.
    The bars are 80% intervals of the value that a trial would report.

    Args:
        study: With at least one completed trial, of any sampler.
        params: Which parameters; None shows all.
        n_trials: How many suggestions, 1 or more.
        sampler: As of :func:`plot_posterior_slice`.
        objective: Which objective's values, from 0.
        target_name: What they are called.

    Raises:
        ImportError: If plotly, or the package of the sampler, is not there.
        TypeError: If an argument is of another kind.
        ValueError: If a parameter or the objective is not the study's, ``n_trials`` is less than
            1, or no trial has completed.
    """
    check_plotly()
    check_text("target_name", target_name)
    check_int("n_trials", n_trials)
    if n_trials < 1:
        raise ValueError(f"n_trials is {n_trials}, but must be 1 or more.")
    explanation = explain(study, sampler)
    told = Told.by(study, objective)
    names = choose_names(explanation, told, params)
    suggested = explanation.suggest(n_trials)
    predictions = explanation.predict(suggested)
    limits = _limits(told, predictions, objective)
    texts = [hover(trial) for trial in told.trials]
    figure, places = style.panels(len(names))
    for name, place in zip(names, places):
        scale = Scale.of(name, explanation.distributions[name], N_SHOWN)
        style.add_trials(figure, place, told, scale, limits, texts)
        _add_suggestions(figure, place, scale, suggested, predictions, objective)
        style.show_axes(figure, place, scale, {"range": limits}, target_name)
    note = "in the order of the numbers, with 80% intervals; hover for all they are expected to be"
    which = "next trial" if n_trials == 1 else f"next {n_trials} trials"
    style.finish(figure, f"Where the {which} would go", note)
    return figure


def _limits(told: Told, predictions: list[Prediction], objective: int) -> Limits:
    """Those of the better half of the trials, and of what is expected of the next ones."""
    ends = [end for p in predictions for end in p.interval(0.5, objective)]
    low, high = told.limits(0.5)
    return Limits.between(min(low, *ends), max(high, *ends))


def _add_suggestions(
    figure: go.Figure,
    place: tuple[int, int],
    scale: Scale,
    suggested: list[dict[str, Any]],
    predictions: list[Prediction],
    objective: int,
) -> None:
    chosen = [i for i, params in enumerate(suggested) if scale.name in params]
    medians = [median(predictions[i], objective) for i in chosen]
    ends = [predictions[i].interval(0.8, objective) for i in chosen]
    figure.add_trace(
        go.Scatter(
            x=[scale.beside(suggested[i][scale.name], i, len(suggested)) for i in chosen],
            y=medians,
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [high - middle for middle, (_, high) in zip(medians, ends)],
                "arrayminus": [middle - low for middle, (low, _) in zip(medians, ends)],
                "color": style.NEXT,
                "thickness": 1.5,
                "width": 4,
            },
            mode="markers+text",
            text=[str(i + 1) for i in chosen],
            textposition="middle right",
            textfont={"color": style.NEXT},
            marker={
                "symbol": "diamond",
                "size": 10,
                "color": style.NEXT,
                "line": {"color": style.OUTLINE, "width": 1},
            },
            hovertext=[_describe(i + 1, suggested[i], predictions[i], objective) for i in chosen],
            hoverinfo="text",
            name="next trials",
            legendgroup="next trials",
            cliponaxis=False,
        ),
        row=place[0],
        col=place[1],
    )


def _describe(number: int, params: dict[str, Any], prediction: Prediction, objective: int) -> str:
    low, high = prediction.interval(0.8, objective)
    lines = [
        f"next trial {number}",
        describe(params),
        f"expected: {median(prediction, objective):.5g} (80%: {low:.5g} to {high:.5g})",
        f"ends with a value: {prediction.success_probability:.0%}",
    ]
    if prediction.expected_improvement is not None:
        lines.append(f"expected improvement: {prediction.expected_improvement:.3g}")
    if prediction.feasibility is not None:
        lines.append(f"keeps all constraints: {prediction.feasibility:.0%}")
    if prediction.seconds is not None:
        lines.append(f"cost: {prediction.seconds:.4g}")
    return "<br>".join(lines)
