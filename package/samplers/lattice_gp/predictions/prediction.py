"""What the sampler expected of the point it suggested."""

from __future__ import annotations

from dataclasses import dataclass
import json
from numbers import Real
from typing import NamedTuple

from optuna.trial import FrozenTrial

from ..basics.checks import check_int
from ..basics.checks import check_trial
from ..trials.records import PREDICTION_KEY
from ..values.warp import WayBack
from .outlook import LEVELS
from .outlook import outlook
from .outlook import ScoreBelief


# A share of an interval is recognised in single precision, too.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Prediction:
    """What a model expected of a trial before it ran.

    Attributes:
        means: Expected value of each objective.
        deviations: Standard deviation of the value that would be reported, noise included.
        quantiles: For each objective, the values below which the outcome was expected with the
            probabilities :data:`LEVELS`.
        noise: For each objective, the standard deviation by which two trials of the best point
            would differ from their mean.
        expected_improvement: On the best observation, as it would be expected to turn out again,
            in units of the objective, noise aside. None for several objectives, and if nothing was
            feasible to improve on.
        log_improvement: Logarithm of the expected improvement of the values, or of the volume that
            they dominate, in units of the model: of the standard deviation of the transformed
            values. None if nothing was feasible to improve on.
        success_probability: That the trial ends with a value; 1 before any trial has failed.
        feasibility: Probability that all constraints are kept; None without constraints.
        seconds: Median of the expected cost, in seconds or the unit of ``cost_aware``; None unless
            the sampler is aware of costs.
    """

    means: tuple[float, ...]
    deviations: tuple[float, ...]
    quantiles: tuple[tuple[float, ...], ...]
    noise: tuple[float, ...]
    expected_improvement: float | None
    log_improvement: float | None
    success_probability: float
    feasibility: float | None
    seconds: float | None

    @property
    def mean(self) -> float:
        """Expected value of the first objective."""
        return self.means[0]

    @property
    def deviation(self) -> float:
        """Standard deviation of the value of the first objective."""
        return self.deviations[0]

    def interval(self, share: float, objective: int = 0) -> tuple[float, float]:
        """The central interval that holds the outcome with a given probability.

        Args:
            share: 0.5, 0.8 or 0.95.
            objective: Which objective's value, 0 for the first.

        Raises:
            TypeError: If ``objective`` is no int.
            ValueError: If ``share`` is anything else, or ``objective`` out of range.
        """
        check_int("objective", objective, minimum=0)
        if objective >= len(self.quantiles):
            raise ValueError(
                f"objective is {objective}, but must be less than {len(self.quantiles)}, the number "
                "of objectives."
            )
        for i, level in enumerate(LEVELS[: len(LEVELS) // 2]):
            if isinstance(share, Real) and abs(1.0 - 2.0 * level - float(share)) < _ROUNDING:
                quantiles = self.quantiles[objective]
                return quantiles[i], quantiles[-1 - i]
        shares = ", ".join(f"{1.0 - 2.0 * level:g}" for level in LEVELS[: len(LEVELS) // 2])
        raise ValueError(f"share is {share!r}, but must be one of {shares}.")


class Expectation(NamedTuple):
    """What a trial's storage keeps of what was expected of it: what a prediction is made of.

    Attributes:
        beliefs: Of each objective.
        log_improvement: As of :class:`Prediction`.
        success_probability: Likewise.
        feasibility: Likewise.
        seconds: Likewise.
    """

    beliefs: tuple[ScoreBelief, ...]
    log_improvement: float | None
    success_probability: float
    feasibility: float | None
    seconds: float | None

    def to_json(self) -> str:
        """As a storage holds it: one string, which costs least to copy with its trial."""
        return json.dumps(self)

    @classmethod
    def from_json(cls, text: str) -> Expectation:
        """What :meth:`to_json` made a string of."""
        beliefs, *others = json.loads(text)
        return cls(tuple(_read_belief(*fields) for fields in beliefs), *others)

    def prediction(self) -> Prediction:
        """The same in the units of the objectives."""
        outlooks = [outlook(belief) for belief in self.beliefs]
        return Prediction(
            means=tuple(its.mean for its in outlooks),
            deviations=tuple(its.deviation for its in outlooks),
            quantiles=tuple(its.quantiles for its in outlooks),
            noise=tuple(its.noise for its in outlooks),
            expected_improvement=outlooks[0].gain,
            log_improvement=self.log_improvement,
            success_probability=self.success_probability,
            feasibility=self.feasibility,
            seconds=self.seconds,
        )


def _read_belief(
    mean: float,
    deviation: float,
    noise: float,
    best: float,
    incumbent: float | None,
    is_maximized: bool,
    way_back: list[float],
) -> ScoreBelief:
    numbers = mean, deviation, noise, best, incumbent
    return ScoreBelief(*numbers, is_maximized, WayBack(*way_back))


def prediction_of(trial: FrozenTrial) -> Prediction | None:
    """What the sampler expected of a trial when it suggested it.

    Args:
        trial: A trial of any study, running or finished, such as one of ``study.trials``.

    Returns:
        None if the model did not suggest it: a start-up or enqueued trial, or another sampler's.

    Raises:
        TypeError: If ``trial`` is no trial such as these, as one that is handed to an objective.
    """
    check_trial(trial)
    text = trial.system_attrs.get(PREDICTION_KEY)
    return None if text is None else Expectation.from_json(text).prediction()
