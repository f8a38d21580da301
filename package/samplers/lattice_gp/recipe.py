"""The ingredients of a suggestion, each of which can be left out to measure what it is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .surrogates import likelihood
from .surrogates.hyperparameters import Prior
from .surrogates.kernels import Correlation
from .surrogates.kernels import MATERN32
from .surrogates.likelihood import Fit


@dataclass(frozen=True)
class Recipe:
    """How the next point is found. The defaults are the sampler; others are for ablations.

    Attributes:
        fit: Finds the model that is most probable given observations.
        prior: Of the model's hyperparameters.
        correlation: How smooth the objective is taken to be.
        scalings: Whether the objective's values are scaled robustly; both lets the data decide.
        has_main_effects: Whether the model has a main effect for each parameter.
        discounts_luck: Whether observations count as they are expected to turn out again where a
            point is to improve on them; else as they were measured.
        tries_edges: Whether candidates with parameters at the ends of their ranges are added.
        refit_growth: By what share the observations must grow until hyperparameters are fitted
            anew; 0 fits them at every trial.
        max_fitted: Number of observations that hyperparameters are fitted on, at most.
        max_observed: Number of observations that the model knows, at most.
        local_from: Number of observations from which on every second trial is chosen in a trust
            region by a model of the observations near it; None never does so.
        max_nearby: Number of observations that this model knows, at most.
        success_weight: Power of the probability of success that multiplies expected improvement,
            once a trial has failed; 0 takes no notice of failures.
        constraint_weight: Power of the probability that constraints are kept, which multiplies it
            too; 0 takes no notice of constraints.
        plain_prior: Prior of the hyperparameters of values that are as they should be: of
            constraints and of the logarithms of costs. It keeps their power at 1.
        models_conditions: Whether the model knows parameters that not all trials have, or whose
            range changes; else they are sampled at random.
        tries_branches: Whether choices on which the existence of parameters depends are tried once
            each before long, whatever the model expects of them.
        models_objectives: Whether several objectives are modelled; else they are searched with a
            low-discrepancy sequence.
        uses_pending: Whether the model knows which points are being evaluated.
        cost_weight: Power of the cost that divides expected improvement, where the sampler is
            aware of costs; 1 makes improvement per second of it.
        cost_halving: Number of observations that halve this power. It must fall: what is cheap and
            can still improve a little would be tried again and again.
        uses_pruned: Whether pruned trials tell of the objective by the values that they reported.
    """

    fit: Callable[..., Fit] = likelihood.fit
    prior: Prior = Prior()
    correlation: Correlation = MATERN32
    scalings: tuple[bool, ...] = (False, True)
    has_main_effects: bool = True
    discounts_luck: bool = True
    tries_edges: bool = True
    refit_growth: float = 0.2
    max_fitted: int = 120
    max_observed: int = 300
    local_from: int | None = 60
    max_nearby: int = 100
    success_weight: float = 3.0
    constraint_weight: float = 1.0
    plain_prior: Prior = Prior(power=(1.0, 0.01))
    models_conditions: bool = True
    tries_branches: bool = True
    models_objectives: bool = True
    uses_pending: bool = True
    cost_weight: float = 1.0
    cost_halving: float = 10.0
    uses_pruned: bool = True
