"""What the model expects along each parameter."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from optuna.samplers import BaseSampler
from optuna.study import Study

from . import style
from .curves import add_slice
from .curves import Slice
from .plotly_parts import check_plotly
from .plotly_parts import go
from .sampler_package import explain
from .scales import escaped
from .scales import Scale
from .scales import short
from .trials import check_at
from .trials import check_text
from .trials import choose_names
from .trials import hover
from .trials import reference
from .trials import Told


# Values of a continuous or very long range.
N_SHOWN = 81


def plot_posterior_slice(
    study: Study,
    params: Sequence[str] | None = None,
    *,
    sampler: BaseSampler | None = None,
    at: Mapping[str, Any] | None = None,
    objective: int = 0,
    target_name: str = "Objective Value",
) -> go.Figure:
    """Plot the expected value and its uncertainty along each parameter.

    Each panel passes through the best feasible trial that has its parameter: one parameter varies,
    the others stay. The intervals are those of the value that a trial would report, noise
    included. Trials lie where they were measured, not on the slice. Where a parameter does not
    exist beside the others, nothing is drawn.

    Args:
        study: With at least one completed trial, of any sampler.
        params: Which parameters; None shows all.
        sampler: The ``LatticeGPSampler`` whose beliefs are shown. None takes the study's own if it
            is one, else one with its defaults.
        at: Values by name of the point to pass through in place of the best trial's; numbers count
            as the nearest that their parameter can take.
        objective: Which objective's values, from 0.
        target_name: What they are called.

    Raises:
        ImportError: If plotly, or the package of the sampler, is not there.
        TypeError: If an argument is of another kind.
        ValueError: If a parameter, a value or the objective is not the study's, or no trial has
            completed.
    """
    check_plotly()
    check_text("target_name", target_name)
    explanation = explain(study, sampler)
    told = Told.by(study, objective)
    names = choose_names(explanation, told, params)
    at = check_at(explanation, told, at)
    limits = told.limits()
    texts = [hover(trial) for trial in told.trials]
    figure, places = style.panels(len(names))
    for name, place in zip(names, places):
        scale = Scale.of(name, explanation.distributions[name], N_SHOWN)
        base = reference(told, explanation, [name], at)
        if base is not None:
            its = Slice.along(explanation, scale, base)
            add_slice(figure, place, its, objective)
        style.add_trials(figure, place, told, scale, limits, texts)
        style.show_axes(figure, place, scale, {"range": limits}, target_name)
    best = (
        "the best trial" if told.n_feasible else "the best of trials that all break a constraint"
    )
    through = ", ".join(f"{k}={short(v)}" for k, v in at.items()) if at else best
    style.finish(figure, "Expected value along each parameter", f"through {escaped(through)}")
    return figure
