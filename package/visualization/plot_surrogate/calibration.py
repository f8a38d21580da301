"""What was expected of each trial before it ran, against what it reported."""

from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial
from optuna.trial import TrialState
from scipy.stats import binomtest

from . import style
from .plotly_parts import check_plotly
from .plotly_parts import go
from .plotly_parts import make_subplots
from .sampler_package import choose_sampler
from .sampler_package import explain
from .sampler_package import median
from .sampler_package import Prediction
from .sampler_package import prediction_of
from .trials import check_int
from .trials import check_text
from .trials import Limits
from .trials import Told


# Trials before the first prediction: as many as the sampler's own start-up has.
_N_STARTUP = 4
_SHARES = (0.5, 0.8, 0.95)


@dataclass(frozen=True)
class Forecast:
    """A trial, and what was expected of it before."""

    trial: FrozenTrial
    prediction: Prediction


def plot_calibration(
    study: Study,
    *,
    sampler: BaseSampler | None = None,
    objective: int = 0,
    target_name: str = "Objective Value",
    max_trials: int = 60,
) -> go.Figure:
    """Plot what was expected of trials against what they reported.

    On the left the median expected of each trial before it ran, with its 80% interval, against its
    value: what lies on the diagonal turned out as expected. On the right, the share of trials
    whose value was in the 50%, 80% and 95% intervals, with 95% Wilson intervals of these shares.

    A trial that the sampler itself suggested brings the prediction along. For others a model is
    fitted to the trials before, which takes 20 to 200 ms a trial.

    Args:
        study: With a few completed trials, of any sampler.
        sampler: As of :func:`plot_posterior_slice`.
        objective: Which objective's values, from 0.
        target_name: What they are called.
        max_trials: Of more trials, so many are taken, evenly spread over the study; 2 or more.

    Raises:
        ImportError: If plotly, or the package of the sampler, is not there.
        TypeError: If an argument is of another kind.
        ValueError: If the study has no such objective, ``max_trials`` is less than 2, or nothing
            could be expected of any trial, as too few were completed before.
    """
    check_plotly()
    check_text("target_name", target_name)
    check_int("max_trials", max_trials)
    if max_trials < 2:
        raise ValueError(f"max_trials is {max_trials}, but must be 2 or more.")
    explain(study, sampler)
    told = Told.by(study, objective)
    forecasts = forecast(study, choose_sampler(study, sampler), max_trials)
    if not forecasts:
        raise ValueError(
            f"The study has {len(told.trials)} completed trials, none of which could be predicted: "
            f"calibration needs more than {_N_STARTUP} with finite values."
        )
    figure = make_subplots(
        1, 2, column_widths=[0.62, 0.38], horizontal_spacing=0.12, shared_xaxes=False
    )
    figure.update_layout(height=520, width=980)
    _add_outcomes(figure, forecasts, objective, told.limits(), target_name)
    _add_coverage(figure, forecasts, objective)
    note = f"{len(forecasts)} of {len(told.trials)} completed trials, each predicted before it ran"
    style.finish(figure, "What was expected, and what happened", note)
    return figure


def forecast(study: Study, sampler: BaseSampler, max_trials: int) -> list[Forecast]:
    """What was expected of trials with finite values before they ran.

    Args:
        study: Of any sampler.
        sampler: The ``LatticeGPSampler`` that tells what it would have expected.
        max_trials: At most so many trials, evenly spread.
    """
    trials = [
        trial
        for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if all(math.isfinite(value) for value in trial.values)
    ]
    trials = [t for i, t in enumerate(trials) if i >= _N_STARTUP or prediction_of(t, sampler)]
    if len(trials) > max_trials:
        chosen = np.linspace(0, len(trials) - 1, max_trials).astype(int)
        trials = [trials[i] for i in chosen.tolist()]
    forecasts = []
    for trial in trials:
        prediction = prediction_of(trial, sampler)
        if prediction is None:
            prediction = _prediction_by_those_before(study, sampler, trial)
        if prediction is not None:
            forecasts.append(Forecast(trial, prediction))
    return forecasts


def _prediction_by_those_before(
    study: Study, sampler: BaseSampler, trial: FrozenTrial
) -> Prediction | None:
    try:
        return explain(study, sampler, n_trials=trial.number).predict_trial(trial)
    except ValueError:
        # No trial before it had a parameter to learn from.
        return None


def coverage(
    forecasts: list[Forecast], share: float, objective: int
) -> tuple[int, float, float, float]:
    """How many values were within their central intervals of a share.

    Returns:
        The number, its share of all, and the ends of the 95% interval of that share (Wilson,
        Probable Inference, the Law of Succession, and Statistical Inference, 1927).
    """
    n = len(forecasts)
    hits = 0
    for its in forecasts:
        low, high = its.prediction.interval(share, objective)
        hits += low <= its.trial.values[objective] <= high
    rate = hits / n
    ends = binomtest(hits, n).proportion_ci(method="wilson")
    return hits, rate, ends.low, ends.high


def _add_outcomes(
    figure: go.Figure,
    forecasts: list[Forecast],
    objective: int,
    limits: Limits,
    target_name: str,
) -> None:
    medians = [median(its.prediction, objective) for its in forecasts]
    values = [its.trial.values[objective] for its in forecasts]
    ends = [its.prediction.interval(0.8, objective) for its in forecasts]
    shown = [limits.clip(middle) for middle in medians]
    figure.add_trace(
        go.Scatter(
            x=limits,
            y=limits,
            mode="lines",
            line={"color": style.TRIAL, "width": 1, "dash": "dash"},
            name="as expected",
            hoverinfo="skip",
        ),
        row=1,
        col=1,
    )
    figure.add_trace(
        go.Scatter(
            x=shown,
            y=[limits.clip(value) for value in values],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [max(0.0, high - x) for x, (_, high) in zip(shown, ends)],
                "arrayminus": [max(0.0, x - low) for x, (low, _) in zip(shown, ends)],
                "color": style.BAND_NARROW,
                "thickness": 1.5,
                "width": 0,
            },
            mode="markers",
            marker={
                "size": 8,
                "color": [its.trial.number for its in forecasts],
                "colorscale": "Viridis",
                "symbol": [_symbol(m, value, limits) for m, value in zip(medians, values)],
                "line": {"color": style.OUTLINE, "width": 0.5},
            },
            text=[_describe(its, objective) for its in forecasts],
            hoverinfo="text",
            name="trials, early ones dark, with 80% intervals",
            cliponaxis=False,
        ),
        row=1,
        col=1,
    )
    figure.update_xaxes(title_text=f"Expected {target_name}", range=limits, row=1, col=1)
    figure.update_yaxes(title_text=f"Reported {target_name}", range=limits, row=1, col=1)


def _add_coverage(figure: go.Figure, forecasts: list[Forecast], objective: int) -> None:
    told = [coverage(forecasts, share, objective) for share in _SHARES]
    figure.add_trace(
        go.Scatter(
            x=[0.0, 1.0],
            y=[0.0, 1.0],
            mode="lines",
            line={"color": style.TRIAL, "width": 1, "dash": "dash"},
            hoverinfo="skip",
            showlegend=False,
        ),
        row=1,
        col=2,
    )
    figure.add_trace(
        go.Scatter(
            x=_SHARES,
            y=[rate for _, rate, _, _ in told],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [high - rate for _, rate, _, high in told],
                "arrayminus": [rate - low for _, rate, low, _ in told],
                "color": style.MEAN,
            },
            mode="markers",
            marker={"size": 10, "color": style.MEAN},
            text=[
                f"{hits} of {len(forecasts)} in the {share:.0%} interval: {rate:.0%}"
                for share, (hits, rate, _, _) in zip(_SHARES, told)
            ],
            hoverinfo="text",
            name="share within intervals",
        ),
        row=1,
        col=2,
    )
    ticks = {"tickvals": _SHARES, "tickformat": ".0%", "tickangle": 0}
    figure.update_xaxes(title_text="Interval", range=[0.4, 1.03], **ticks, row=1, col=2)
    figure.update_yaxes(
        title_text="Share of trials within", range=[0.0, 1.03], tickformat=".0%", row=1, col=2
    )


def _symbol(expected: float, value: float, limits: Limits) -> str:
    """A circle, or a triangle that points beyond the axes."""
    if limits.symbol(value) != "circle":
        return limits.symbol(value)
    sideways = {"triangle-up": "triangle-right", "triangle-down": "triangle-left"}
    return sideways.get(limits.symbol(expected), "circle")


def _describe(its: Forecast, objective: int) -> str:
    low, high = its.prediction.interval(0.8, objective)
    return (
        f"trial {its.trial.number}<br>expected: {median(its.prediction, objective):.5g} "
        f"(80%: {low:.5g} to {high:.5g})<br>reported: {its.trial.values[objective]:.5g}"
    )
