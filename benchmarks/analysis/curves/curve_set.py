"""What each study had found after so many trials, in a form small enough to be committed.

The value of a study's incumbent (the best trial by the value that the sampler was told) without
noise, where the problem tells it, else as observed. It changes a few times a study, and only the
changes are kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ...arrays import FloatArray
from ...contenders.registry import in_order
from ...contenders.seeding import OWN


# As a file has values and seconds.
VALUE_FORMAT, SECONDS_FORMAT = "{:.10g}", "{:.6g}"

# Problem, sampler and seed of a study.
Key = tuple[str, str, int]


@dataclass(frozen=True)
class Curve:
    """The incumbent of one study.

    Attributes:
        trials: After which trials, counted from 1 and ascending, it changed; shape (n_changes,).
        values: What it is since then, signed so that lower is better; same shape.
        n_trials: Until when it is known: trials of the study; the budget, if it had nothing left
            to suggest before.
        seconds: How long after the start of the study each of these trials ended: seconds of
            objective and sampler, shape (n_changes,); None if that is not known.
        total_seconds: The same of the study's last trial; NaN if it is not known.
    """

    trials: npt.NDArray[np.int64]
    values: FloatArray
    n_trials: int
    seconds: FloatArray | None = None
    total_seconds: float = math.nan

    def at(self, trials: npt.NDArray[np.int64]) -> FloatArray:
        """Value of the incumbent after so many trials, counted from 1.

        Returns:
            Same shape; NaN where there is none yet, and after ``n_trials``.
        """
        index = np.searchsorted(self.trials, trials, side="right") - 1
        known = (index >= 0) & (trials <= self.n_trials)
        return np.where(known, np.append(self.values, np.nan)[index], np.nan)

    def seconds_at(self, trial: int) -> float:
        """Seconds until a trial, counted from 1, had ended.

        Known of the trials that changed the incumbent and of the last one; between these, trials
        are taken to be equally long.

        Returns:
            NaN if it is not known, or after ``n_trials``.
        """
        if self.seconds is None or trial > self.n_trials:
            return math.nan
        known = [0.0, *self.trials, self.n_trials], [0.0, *self.seconds, self.total_seconds]
        return float(np.interp(trial, *known))


@dataclass
class Facts:
    """How the studies were made, by what distinguishes them.

    Attributes:
        n_params: Number of parameters of each problem.
        random_medians: Median value, without noise where it is known, of random search's trials on
            each problem, and the number of those trials.
        ask_seconds: Seconds that each sampler took to suggest and to learn, and the number of
            suggestions.
        settings: Commands, versions and numbers of threads, each once, with the samplers that were
            run so.
        unlike_suite: Problems for which the suites' references do not hold, though one of the
            suites' problems has the name: the Perceiver of another size, say.
        unfinished: Samplers of which no study has all of its trials: those that fail, or were only
            just begun.
    """

    n_params: dict[str, int] = field(default_factory=dict)
    random_medians: dict[str, tuple[float, int]] = field(default_factory=dict)
    ask_seconds: dict[str, tuple[float, int]] = field(default_factory=dict)
    settings: list[dict[str, Any]] = field(default_factory=list)
    unlike_suite: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)


@dataclass
class CurveSet:
    """Curves of many studies.

    Attributes:
        curves: By problem, sampler and seed.
        facts: How they were made.
    """

    curves: dict[Key, Curve]
    facts: Facts

    @property
    def problems(self) -> list[str]:
        """Names of the problems, in the order in which they come."""
        return list(dict.fromkeys(problem for problem, _, _ in self.curves))

    @property
    def samplers(self) -> list[str]:
        """Names of the samplers, those of the registry first."""
        return in_order(sampler for _, sampler, _ in self.curves)

    @property
    def common_budget(self) -> int:
        """Number of trials that every sampler has in its longest study.

        Those that have finished none do not count, unless all are such: one that fails would take
        away what there is to say of the others.
        """
        longest: dict[str, int] = {}
        for (_, sampler, _), curve in self.curves.items():
            longest[sampler] = max(longest.get(sampler, 0), curve.n_trials)
        finished = [n for sampler, n in longest.items() if sampler not in self.facts.unfinished]
        return min(finished or longest.values())

    @property
    def has_own_seeds(self) -> bool:
        """Whether the seeds of the samplers are independent from problem to problem."""
        return all(how.get("sampler_seeds") == OWN for how in self.facts.settings)

    def only(self, problems: Iterable[str], samplers: Iterable[str]) -> CurveSet:
        """Those of some problems and samplers."""
        wanted = set(problems), set(samplers)
        chosen = {k: c for k, c in self.curves.items() if k[0] in wanted[0] and k[1] in wanted[1]}
        return CurveSet(chosen, self.facts)
