"""What a pruned trial would have ended at, judged by the learning curves of the others.

Whether a trial is pruned depends on what it reported and on nothing else, so that the trials that
went on tell without bias how the end depends on the value at a step: by regression, step by step.
The steps are those at which trials were pruned, from the last to the first. A trial that got
further but was pruned too counts with what was estimated of it, in so far as it is known (by
linear regression on normal values, this is how incomplete data of such a pattern are imputed:
Little and Rubin, Statistical Analysis with Missing Data, 2002, chapter 7); what is not known of it
adds to what is not known of those that it tells of. With successive halving, where few trials are
complete, all that were promoted tell what a rung says about the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np

from ..basics.arrays import FloatArray
from ..basics.arrays import IntArray
from ..values.scaling import clip_to_finite
from ..values.scaling import scale


# Before any data, the correlation of a value with the final one: the ranks mostly stay.
_PRIOR_CORRELATION = 0.8
# How many trials this belief is worth.
_PRIOR_TRIALS = 3.0
# How many trials the belief is worth that the values spread as much at the end as they do now.
_PRIOR_TRIALS_OF_SPREAD = 1.0
# Values are cut off this many units above the centre of the better half: diverged is diverged.
_MAX_SCORE = 5.0
# Nothing is estimated further away from what was seen, in units of its spread.
_FARTHEST = 1e3
# A chain of extrapolations ends here, and spreads below the inverse are none: no square overflows.
_LARGEST = 1e110
# Far beyond what numbers of one scale have. Of numbers that span hundreds of orders of magnitude,
# squares of squares do not overflow either.
_MAX_STANDARDISED = 1e50
# Optuna takes steps of any size, of which only the order counts here.
_LAST_STEP = int(np.iinfo(np.intp).max)
# Bounds of an estimate's uncertainty, as a share of the variance of all final values.
_MIN_SHARE, _MAX_SHARE = 1e-4, 0.99


@dataclass(frozen=True)
class Curve:
    """Values that a trial reported.

    Attributes:
        steps: Int array (k,), ascending.
        values: Array (k,); may be infinite or NaN.
    """

    steps: IntArray
    values: FloatArray

    @classmethod
    def of(cls, reported: Mapping[int, float]) -> Curve:
        """The curve of values by step."""
        in_order = sorted(reported.items())
        steps = [min(step, _LAST_STEP) for step, _ in in_order]
        values = [value for _, value in in_order]
        return cls(np.array(steps, dtype=np.intp), np.array(values, dtype=float))

    def times(self, sign: float) -> Curve:
        """The same curve, or its negative."""
        return self if sign == 1.0 else Curve(self.steps, sign * self.values)


@dataclass(frozen=True)
class Finals:
    """Final values of trials, of which those of pruned ones are estimates.

    Attributes:
        values: Array (n,), may be infinite where a trial ended so.
        noise: Array (n,): noise variance of the measurement that each is worth, in units of the
            variance of all; 0 where the trial was completed.
    """

    values: FloatArray
    noise: FloatArray


def estimate_finals(curves: Sequence[Curve], values: FloatArray) -> Finals:
    """Estimate the final values of pruned trials.

    Args:
        curves: Of n trials, to be minimised. Those that were pruned have reported at least once.
        values: Array (n,): final values, NaN of trials that were pruned; at least one is not.
    """
    is_pruned = np.isnan(values)
    is_known = ~is_pruned
    means = np.zeros(len(values))
    means[is_known] = _tamed(values[is_known])
    variances = np.zeros(len(values))
    last = np.array([curve.steps[-1] if len(curve.steps) else -1 for curve in curves])
    rungs = np.unique(last[is_pruned])[::-1]
    for rung, now in zip(rungs, _at_steps(curves, rungs).T):
        is_here = ~np.isnan(now) & (~is_pruned | (last >= rung))
        now[is_here] = _tamed(now[is_here])
        ended, teachers = is_here & is_pruned & (last == rung), is_here & is_known
        if teachers.any():
            unit = float(now[is_here].std())
            line = _fit_line(now[teachers], means[teachers], variances[teachers], unit)
            estimates, uncertainties = line.at(now[ended])
            means[ended] = np.clip(estimates, -_LARGEST, _LARGEST)
            variances[ended] = np.minimum(uncertainties, _LARGEST**2)
        else:
            # No trial of a known end has reported so early: this one could end like any.
            means[ended], variances[ended] = means[is_known].mean(), means[is_known].var()
        is_known |= ended
    total = float(means.var() + variances.mean())
    shares = variances / total if total > 0.0 else np.ones(len(values))
    shares = np.clip(shares, _MIN_SHARE, _MAX_SHARE)
    # The variance of an estimate is what is left of that of all. As a measurement it must count
    # for what it adds, nothing where that is nothing: a measurement whose noise is the odds leaves
    # the same variance. It does not leave the same mean, but one that is drawn in by the share
    # once more; to take that back made no significant difference on the tasks for development.
    noise = shares / (1.0 - shares)
    return Finals(np.where(is_pruned, means, values), np.where(is_pruned, noise, 0.0))


def _at_steps(curves: Sequence[Curve], steps: IntArray) -> FloatArray:
    """Values (n, s) last reported until given steps; NaN where none was, infinite for NaN."""
    table = np.full((len(curves), len(steps)), math.nan)
    for row, curve in zip(table, curves):
        places = np.searchsorted(curve.steps, steps, side="right") - 1
        told = places >= 0
        values = curve.values[places[told]]
        # A loss that is no number is as bad as any, to pruners too.
        row[told] = np.where(np.isnan(values), math.inf, values)
    return table


def _tamed(values: FloatArray) -> FloatArray:
    """Values (n,) without infinite ones, and cut off where they are but bad."""
    finite = clip_to_finite(values)
    scaled = scale(finite, True)
    return np.minimum(finite, scaled.centre + _MAX_SCORE * scaled.unit)


@dataclass(frozen=True)
class _Line:
    """Final values as a linear function of present ones, with what is not known of it.

    Attributes:
        now: Mean of the present values.
        final: Mean of the final ones.
        now_unit: Spread of the present values.
        final_unit: Spread of the final ones.
        correlation: Slope in these units.
        residual: Variance around the line, of estimates their own included, in units of the square
            of the final spread.
        n: How many trials the means are of.
        precision: Of the slope.
    """

    now: float
    final: float
    now_unit: float
    final_unit: float
    correlation: float
    residual: float
    n: float
    precision: float

    def at(self, now: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Means and variances of final values given present ones; arrays (m,)."""
        away = np.clip((now - self.now) / self.now_unit, -_FARTHEST, _FARTHEST)
        means = self.final + self.final_unit * self.correlation * away
        doubt = 1.0 + 1.0 / self.n + away**2 / self.precision
        return means, self.final_unit**2 * self.residual * doubt


def _fit_line(now: FloatArray, finals: FloatArray, variances: FloatArray, unit: float) -> _Line:
    """Regress final values on present ones.

    Both are standardised; slope and residuals have a conjugate prior that is worth a few trials.

    Args:
        now: Array (t,): present values of the trials to learn from, one or more.
        finals: Array (t,): their final values.
        variances: Array (t,): uncertainty of these.
        unit: Spread of the present values of all trials that got so far.
    """
    # A final value counts in so far as it is known.
    spread = float(finals.var())
    weights = spread / (spread + variances) if spread > 0.0 else np.ones(len(now))
    n = float(weights.sum())
    now_mean, final_mean = float(weights @ now) / n, float(weights @ finals) / n
    x, y = now - now_mean, finals - final_mean
    x_deviation = math.sqrt(float(weights @ x**2) / n)
    y_deviation = math.sqrt(float(weights @ y**2) / n)
    now_unit = unit if unit > 1.0 / _LARGEST else 1.0
    final_unit = max(now_unit, y_deviation)
    if min(x_deviation, y_deviation) > 1.0 / _LARGEST:
        # Of few trials the deviations are no good.
        trust = max(n - 1.0, 0.0) / (max(n - 1.0, 0.0) + _PRIOR_TRIALS_OF_SPREAD)
        now_unit = now_unit ** (1.0 - trust) * x_deviation**trust
        final_unit = now_unit * (y_deviation / x_deviation) ** trust
    x = np.clip(x / now_unit, -_MAX_STANDARDISED, _MAX_STANDARDISED)
    y = np.clip(y / final_unit, -_MAX_STANDARDISED, _MAX_STANDARDISED)
    precision = float(weights @ x**2) + _PRIOR_TRIALS
    correlation = (float(weights @ (x * y)) + _PRIOR_TRIALS * _PRIOR_CORRELATION) / precision
    # What is not known of a final value does not show in how far its estimate lies from the line.
    doubts = np.minimum(np.sqrt(variances) / final_unit, _MAX_STANDARDISED)
    squares = float(weights @ ((y - correlation * x) ** 2 + doubts**2))
    squares += _PRIOR_TRIALS * (correlation - _PRIOR_CORRELATION) ** 2
    squares += _PRIOR_TRIALS * (1.0 - _PRIOR_CORRELATION**2)
    residual = squares / (n + _PRIOR_TRIALS)
    return _Line(now_mean, final_mean, now_unit, final_unit, correlation, residual, n, precision)
