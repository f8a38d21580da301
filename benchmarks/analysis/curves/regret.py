"""Normalised regret: how far a study still is from the best, on a scale that problems share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray
from ...suite import references
from ..numerics import resampling
from ..numerics.losses import normalised_regret
from ..studies.mean_curves import MeanCurve
from ..studies.mean_curves import N_RESAMPLES
from .curve_set import CurveSet
from .curve_set import Key


@dataclass(frozen=True)
class Scale:
    """Between which values a problem's regret is measured.

    Attributes:
        best: The best value known.
        median: Median over random points.
        note: Where they are from, if not from the suite's references.
    """

    best: float
    median: float
    note: str = ""


def find_scales(curve_set: CurveSet) -> dict[str, Scale]:
    """Scales of the problems: the suite's references, else what the studies have found."""
    known = references.load()
    scales = {}
    for problem in curve_set.problems:
        if problem in known and problem not in curve_set.facts.unlike_suite:
            scales[problem] = Scale(known[problem].best_known, known[problem].random_median)
            continue
        curves = [curve for key, curve in curve_set.curves.items() if key[0] == problem]
        found = np.concatenate([curve.values for curve in curves])
        # Files from before infinite values counted as failures may hold some.
        found = found[np.isfinite(found)]
        best = float(found.min()) if len(found) else 0.0
        if problem in curve_set.facts.random_medians:
            median, n_values = curve_set.facts.random_medians[problem]
            by = f"the median of {n_values} trials of random"
        else:
            firsts = np.array([curve.values[0] for curve in curves if len(curve.values)])
            firsts = firsts[np.isfinite(firsts)]
            median = float(np.median(firsts)) if len(firsts) else best
            by = "the median of the first values of all samplers"
        scales[problem] = Scale(best, median, f"the best value seen and {by}")
    return scales


def regret_curve(curve_set: CurveSet, key: Key, scale: Scale, n_trials: int) -> FloatArray:
    """Normalised regret of one study after each trial.

    Args:
        curve_set: The studies.
        key: Which of them.
        scale: What the problem's regret is measured between.
        n_trials: How far to go.

    Returns:
        Shape (n_trials,); NaN after the study's last trial.
    """
    curve = curve_set.curves[key]
    trials = np.arange(1, n_trials + 1)
    regret = normalised_regret(curve.at(trials), scale.best, scale.median)
    return np.where(trials <= curve.n_trials, regret, np.nan)


def regret_by_trial(
    curve_set: CurveSet, scales: Mapping[str, Scale], sampler: str, n_trials: int
) -> MeanCurve:
    """Mean normalised regret of a sampler after each trial, over its longest studies.

    Args:
        curve_set: The studies.
        scales: What regret is measured between, by problem.
        sampler: Its name.
        n_trials: How far to go at most.

    Returns:
        Means over seeds, then problems, with bootstrap intervals over seeds within problems.
    """
    keys = [key for key in curve_set.curves if key[1] == sampler]
    horizon = min(n_trials, max(curve_set.curves[key].n_trials for key in keys))
    groups = []
    for problem in curve_set.problems:
        rows = [
            regret_curve(curve_set, key, scales[problem], horizon)
            for key in keys
            if key[0] == problem and curve_set.curves[key].n_trials >= horizon
        ]
        if rows:
            groups.append(np.array(rows))
    mean = resampling.mean_of_groups(groups)
    lower, upper = resampling.interval(resampling.resampled_means(groups, N_RESAMPLES))
    return MeanCurve(np.arange(1.0, horizon + 1), mean, lower, upper)
