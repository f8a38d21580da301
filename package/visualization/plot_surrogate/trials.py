"""The trials of a study, as plots show them, and the point that slices pass through."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
import sys
from typing import Any
from typing import NamedTuple

import numpy as np
from optuna.study import Study
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from .sampler_package import Explanation
from .scales import describe
from .scales import FloatArray
from .scales import nearest
from .scales import Scale


_MAX_FLOAT = sys.float_info.max


class Limits(NamedTuple):
    """The ends of an axis.

    Attributes:
        low: The lower one.
        high: The upper one.
    """

    low: float
    high: float

    @classmethod
    def around(cls, low: float, high: float) -> Limits:
        """Those that leave a margin around a range, also around a single value."""
        width = high - low if high > low else max(abs(low), 1.0)
        return cls.between(low - 0.08 * width, high + 0.08 * width)

    @classmethod
    def between(cls, low: float, high: float) -> Limits:
        """Those of a range, or of its middle if it is wider than plotly can calculate with."""
        low, high = max(low, -_MAX_FLOAT), min(high, _MAX_FLOAT)
        if high / 2.0 - low / 2.0 < _MAX_FLOAT / 4.0:
            return cls(low, high)
        middle = low / 2.0 + high / 2.0
        return cls(middle - _MAX_FLOAT / 4.0, middle + _MAX_FLOAT / 4.0)

    def clip(self, value: float) -> float:
        """Where a value is drawn: if it lies beyond, just within the end of the axis."""
        inset = 0.025 * (self.high - self.low)
        return float(min(max(value, self.low + inset), self.high - inset))

    def symbol(self, value: float) -> str:
        """A circle, or a triangle that points to a value beyond the axis."""
        if value > self.high:
            return "triangle-up"
        return "triangle-down" if value < self.low else "circle"


@dataclass(frozen=True)
class Told:
    """Trials that told a value of the objective shown.

    Attributes:
        trials: The completed ones, best feasible one first, infeasible ones last.
        pruned: Those that were pruned; some parameters may have been chosen by these only.
        values: Array (n,) of their values; may be infinite.
        n_feasible: How many of them keep all constraints.
        is_maximized: Whether more is better.
    """

    trials: list[FrozenTrial]
    pruned: list[FrozenTrial]
    values: FloatArray
    n_feasible: int
    is_maximized: bool

    @classmethod
    def by(cls, study: Study, objective: int) -> Told:
        """Those of a study.

        Args:
            study: The study.
            objective: Which objective is shown, from 0.

        Raises:
            TypeError: If ``objective`` is no int.
            ValueError: If the study has no such objective.
        """
        check_int("objective", objective)
        if not 0 <= objective < len(study.directions):
            raise ValueError(
                f"objective is {objective}, but must be from 0 to {len(study.directions) - 1}: "
                "objectives are counted from 0."
            )
        is_maximized = study.directions[objective] == StudyDirection.MAXIMIZE
        sign = -1.0 if is_maximized else 1.0
        trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        trials.sort(key=lambda trial: (not is_feasible(trial), sign * trial.values[objective]))
        values = np.array([trial.values[objective] for trial in trials], dtype=float)
        pruned = study.get_trials(deepcopy=False, states=(TrialState.PRUNED,))
        return cls(trials, pruned, values, sum(map(is_feasible, trials)), is_maximized)

    def limits(self, share: float = 0.75) -> Limits:
        """The axis of values: from the best to somewhat beyond a share of the trials.

        Losses of runs that diverged would hide the differences among the others.

        Args:
            share: The better share of the trials that is shown in any case, between 0 and 1.
        """
        finite = self.values[np.isfinite(self.values)]
        if len(finite) == 0:
            return Limits(-1.0, 1.0)
        sign = -1.0 if self.is_maximized else 1.0
        losses = sign * finite
        with np.errstate(over="ignore", invalid="ignore"):
            best, most = float(losses.min()), float(np.quantile(losses, share))
        worst = min(float(losses.max()), most + 1.5 * (most - best))
        ends = sorted([sign * best, sign * worst])
        return Limits.around(ends[0], ends[1])


def is_feasible(trial: FrozenTrial) -> bool:
    """Whether a trial keeps all constraints that it told of."""
    # Optuna 5 has the first, with the values by name; Optuna 4 only the second.
    named: Mapping[str, float] = getattr(trial, "constraints", None) or {}
    values = list(named.values()) or trial.system_attrs.get("constraints") or ()
    return all(value <= 0.0 for value in values)


def reference(
    told: Told,
    explanation: Explanation,
    names: Sequence[str],
    at: Mapping[str, Any] | None,
) -> dict[str, Any] | None:
    """The params of the point that a slice along some parameters passes through.

    The best trial that has them; what it lacks, as it does not exist there, is the best other
    trial's that has it. Pruned trials come last.

    Args:
        told: The study's trials.
        explanation: Knows the parameters.
        names: The parameters along which the slice runs.
        at: Values that are to be taken instead.

    Returns:
        A value for every parameter that is modelled; None if none of these trials has all of
        ``names``.
    """
    known = [_modelled(trial, explanation) for trial in (*told.trials, *told.pruned)]
    best = next((params for params in known if set(names) <= params.keys()), None)
    if best is None:
        return None
    filled = dict(best)
    for params in known:
        filled = {**params, **filled}
    return {**filled, **(at or {})}


def _modelled(trial: FrozenTrial, explanation: Explanation) -> dict[str, Any]:
    return {name: v for name, v in trial.params.items() if name in explanation.distributions}


def choose_names(explanation: Explanation, told: Told, params: Sequence[str] | None) -> list[str]:
    """The parameters to show.

    Args:
        explanation: Knows those that are modelled.
        told: The study's trials.
        params: What was asked for; None for all.

    Raises:
        TypeError: If ``params`` is no sequence of names.
        ValueError: If one is not a parameter of the model, or none is given.
    """
    if params is None:
        return list(explanation.distributions)
    is_one = isinstance(params, str) or not isinstance(params, Iterable)
    names: list[Any] = [params] if is_one else list(params)
    if is_one or not all(isinstance(name, str) for name in names):
        got = params if is_one else names
        raise TypeError(f"params is {got!r}, but must be a sequence of parameter names.")
    for name in names:
        if name not in explanation.distributions:
            is_known = any(name in trial.params for trial in told.trials)
            why = ", which is not modelled, as it has a single value or is of several kinds"
            raise ValueError(
                f"params has {name!r}{why if is_known else ''}, but the parameters are "
                f"{list(explanation.distributions)!r}."
            )
    if not names:
        raise ValueError("params is empty, but must have at least one parameter.")
    return list(dict.fromkeys(names))


def check_at(
    explanation: Explanation, told: Told, at: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Make sure that ``at`` has values of known parameters within their ranges.

    Returns:
        Those of the parameters that are modelled (``study.best_params`` has those of a single
        value too), each the nearest that its parameter can take.

    Raises:
        TypeError: If ``at`` is no dict.
        ValueError: If one is not.
    """
    if at is None:
        return None
    if not isinstance(at, Mapping):
        raise TypeError(f"at is {at!r}, but must be a dict of values by parameter name.")
    chosen = {}
    for name, value in at.items():
        distribution = explanation.distributions.get(name)
        if distribution is None and any((name, value) in t.params.items() for t in told.trials):
            continue
        if distribution is None:
            raise ValueError(
                f"at has a value for {name!r}, but the parameters are "
                f"{list(explanation.distributions)!r}."
            )
        place = Scale.of(name, distribution, 2)
        low, high = place.positions[0], place.positions[-1]
        if not low <= place.place(value) <= high:
            raise ValueError(f"at has {name}={value!r}, which is no value of {distribution}.")
        chosen[name] = nearest(distribution, value)
    return chosen


def check_int(name: str, value: Any) -> None:
    """Refuse what is no int, of Python or NumPy.

    Args:
        name: Of the argument.
        value: What it got.

    Raises:
        TypeError: If it is none.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} is {value!r}, but must be an int.")


def check_text(name: str, value: Any) -> None:
    """Refuse what is no text.

    Args:
        name: Of the argument.
        value: What it got.

    Raises:
        TypeError: If it is none.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}, but must be a text.")


def hover(trial: FrozenTrial) -> str:
    """What is shown of a trial under the mouse."""
    lines = [f"trial {trial.number}"]
    if trial.values is not None:
        lines.append("value: " + ", ".join(f"{v:.6g}" for v in trial.values))
    lines += [describe(trial.params)] if trial.params else []
    if not is_feasible(trial):
        lines.append("breaks a constraint")
    return "<br>".join(lines)
