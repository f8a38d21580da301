"""Plots of what the Lattice GP sampler believes of a study, whichever sampler ran it."""

from __future__ import annotations

from .calibration import plot_calibration
from .next_trials import plot_next_trials
from .pairs import plot_posterior_pairs
from .slices import plot_posterior_slice
from .success import plot_success_probability


__all__ = [
    "plot_calibration",
    "plot_next_trials",
    "plot_posterior_pairs",
    "plot_posterior_slice",
    "plot_success_probability",
]
