"""What each study had found after so many trials, in a form small enough to be committed.

The value of a study's incumbent (the best trial by the value that the sampler was told) without
noise, where the problem tells it, else as observed. It changes a few times a study, and only the
changes are kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..contenders.registry import in_order
from ..contenders.seeding import OWN
from ..contenders.seeding import SHARED
from ..errors import UsageError
from ..storage import store
from ..suite import references
from . import statistics
from .results import Run
from .run_arrays import run_arrays


# As a file has them.
VALUE_FORMAT, SECONDS_FORMAT = "{:.10g}", "{:.6g}"

Key = tuple[str, str, int]


@dataclass(frozen=True)
class Curve:
    """The incumbent of one study.

    Attributes:
        trials: After which trials, counted from 1 and ascending, it changed; shape (n_changes,).
        values: What it is since then, signed so that lower is better; same shape.
        n_trials: Until when it is known: trials of the study.
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


def from_runs(runs: Sequence[Run]) -> CurveSet:
    """Curves of stored studies that have a trial.

    A sampler that has nothing left to suggest, such as a grid, keeps what it has found up to the
    longest budget on its problem.
    """
    longest: dict[str, int] = {}
    for run in runs:
        longest[run.problem] = max(longest.get(run.problem, 0), run.planned)
    curves, facts = {}, Facts()
    random_values: dict[str, list[float]] = {}
    for run in runs:
        if not run.trials:
            continue
        arrays = run_arrays(run)
        noise_free = arrays.noise_free
        index = statistics.incumbents(arrays.losses)
        changes = np.flatnonzero(np.diff(index, prepend=-1))
        n_trials = longest[run.problem] if run.is_exhausted else len(run.trials)
        key = (run.problem, run.sampler, run.seed)
        # As a file has them, or a comparison from a file would differ in the last digits.
        rounded = np.array(
            [float(VALUE_FORMAT.format(value)) for value in noise_free[index[changes]]]
        )
        ended = arrays.ended
        if ended is not None:
            ended = np.array([float(SECONDS_FORMAT.format(value)) for value in ended])
        curves[key] = Curve(
            changes + 1,
            rounded,
            n_trials,
            None if ended is None else ended[changes],
            math.nan if ended is None else float(ended[-1]),
        )
        _note(run, facts)
        if run.sampler == "random":
            random_values.setdefault(run.problem, []).extend(noise_free[np.isfinite(noise_free)])
    for problem, values in random_values.items():
        if values:
            facts.random_medians[problem] = (float(np.median(values)), len(values))
    finished = {run.sampler for run in runs if run.complete}
    begun = dict.fromkeys(sampler for _, sampler, _ in curves)
    facts.unfinished = [sampler for sampler in begun if sampler not in finished]
    return CurveSet(curves, facts)


def _note(run: Run, facts: Facts) -> None:
    facts.n_params[run.problem] = len(run.settings.get("space", {}))
    chosen = run.settings.get("problem", {})
    is_unlike = run.problem in references.load() and not references.hold_for(chosen)
    if is_unlike and run.problem not in facts.unlike_suite:
        facts.unlike_suite.append(run.problem)
    attrs = [trial.user_attrs for trial in run.trials]
    seconds = [a.get("ask_seconds", math.nan) + a.get("tell_seconds", math.nan) for a in attrs]
    timed = [value for value in seconds if not math.isnan(value)]
    total, n_timed = facts.ask_seconds.get(run.sampler, (0.0, 0))
    facts.ask_seconds[run.sampler] = (total + sum(timed), n_timed + len(timed))
    how = {
        "command": run.settings.get("command", ""),
        "versions": run.settings.get("versions", {}),
        "threads": run.settings.get("threads"),
        "sampler_seeds": chosen.get(store.SAMPLER_SEEDS, SHARED),
        "sampler": run.sampler,
        "sampler_version": run.settings.get("sampler_version", ""),
    }
    if how not in facts.settings:
        facts.settings.append(how)


def merge(curve_sets: Sequence[CurveSet], names: Sequence[str]) -> CurveSet:
    """Put curves of several sources together.

    Args:
        curve_sets: The curves, one set or more.
        names: What to call the sources in a message.

    Raises:
        UsageError: If two sources tell different things of the same study, or have two problems
            under one name.
    """
    curves: dict[Key, Curve] = {}
    source: dict[Key, str] = {}
    is_of_suite: dict[str, bool] = {}
    facts = Facts()
    for curve_set, name in zip(curve_sets, names):
        for problem in curve_set.problems:
            is_its = problem not in curve_set.facts.unlike_suite
            if is_of_suite.setdefault(problem, is_its) != is_its:
                raise UsageError(
                    f"--curves: {problem} is the suite's in some of the files and another problem "
                    f"or size in others, {name} among them; accepts files of one problem a name."
                )
        for key, curve in curve_set.curves.items():
            if key in curves and not _equal(curves[key], curve):
                raise UsageError(
                    f"--curves: {source[key]} and {name} tell different things of sampler {key[1]} "
                    f"on {key[0]} with seed {key[2]}; accepts files of different studies."
                )
            if key not in curves or curves[key].seconds is None:
                curves[key] = curve
                source[key] = name
        its = curve_set.facts
        facts.n_params |= its.n_params
        for problem, (median, n_values) in its.random_medians.items():
            if n_values >= facts.random_medians.get(problem, (0.0, 0))[1]:
                facts.random_medians[problem] = (median, n_values)
        for sampler, (seconds, n_timed) in its.ask_seconds.items():
            total, n_total = facts.ask_seconds.get(sampler, (0.0, 0))
            facts.ask_seconds[sampler] = (total + seconds, n_total + n_timed)
        facts.settings += [how for how in its.settings if how not in facts.settings]
        facts.unlike_suite += [p for p in its.unlike_suite if p not in facts.unlike_suite]
    finished = {
        name for its in curve_sets for name in its.samplers if name not in its.facts.unfinished
    }
    begun = dict.fromkeys(name for its in curve_sets for name in its.facts.unfinished)
    facts.unfinished = [name for name in begun if name not in finished]
    return CurveSet(curves, facts)


def _equal(one: Curve, other: Curve) -> bool:
    return (
        one.n_trials == other.n_trials
        and np.array_equal(one.trials, other.trials)
        and np.allclose(one.values, other.values, rtol=1e-8, atol=0, equal_nan=True)
    )
