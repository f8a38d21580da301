"""What one trial tells, read from Optuna once."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from ..basics.arrays import first
from ..basics.arrays import FloatArray
from ..space.search_space import SearchSpace
from . import worker
from .curves import Curve


# Attributes of a trial. The suggestion maps names to internal representations: it is there before
# the parameters are, which appear one by one as the objective asks for them.
SUGGESTION_KEY = "lattice_gp:suggestion"
WORKER_KEY = "lattice_gp:worker"
FAILED_KEY = "lattice_gp:failed"
# Where Optuna 4, and its samplers with a ``constraints_func``, keep constraints.
CONSTRAINTS_KEY = "constraints"
PREDICTION_KEY = "lattice_gp:prediction"
# Conditional spaces have many sets of parameters; comparing with all of them would take long.
_MAX_SHARED = 64


@dataclass(eq=False)
class Record:
    """A trial in plain numbers.

    Attributes:
        trial: The trial itself.
        number: The trial's number.
        distributions: Those of its parameters. Trials of equal distributions share one dict.
        known: Internal representations of its parameters, also of those it is about to use.
        constraints: Values of its constraints by name, 0 or less where kept.
        has_result: Whether it ended as its objective meant it to, completed or pruned: so it has
            all the parameters that there are.
    """

    trial: FrozenTrial
    number: int
    distributions: Mapping[str, BaseDistribution]
    known: Mapping[str, float]
    constraints: Mapping[str, float]
    has_result: bool
    _axes: object = field(default=None, init=False)
    _coordinates: FloatArray = field(default_factory=lambda: np.empty(0), init=False)
    _has_all: bool = field(default=False, init=False)
    _is_outside: bool = field(default=False, init=False)
    _beyond: frozenset[tuple[str, float]] = field(default=frozenset(), init=False)
    _asked: FloatArray | None = field(default=None, init=False)
    _ends: FloatArray | None = field(default=None, init=False)
    _curve: Curve | None = field(default=None, init=False)

    def coordinates(self, space: SearchSpace) -> FloatArray:
        """The trial's coordinates (d,) in a space, NaN for what it did not choose in its range."""
        self._place(space)
        return self._coordinates

    def place(self, space: SearchSpace) -> FloatArray | None:
        """Where the trial is in a space.

        What does not exist is at the centre of its range. A trial with a result has all there is;
        others may have been interrupted before they chose everything.

        Returns:
            Its point (d,), or None if it lacks a parameter or lies outside.
        """
        self._place(space)
        if self._has_all:
            return self._coordinates
        if space.conditions is None or self._is_outside:
            return None
        is_missing = np.isnan(self._coordinates)
        point = space.put_at_centre(self._coordinates[None, :], is_missing[None, :])
        if not self.has_result and (space.conditions.active(point)[0] & is_missing).any():
            return None
        return first(point)

    def is_outside(self, space: SearchSpace) -> bool:
        """Whether the trial has a value that is not in a space: fixed in advance, out of range."""
        self._place(space)
        return self._is_outside

    def beyond(self, space: SearchSpace) -> frozenset[tuple[str, float]]:
        """What else the trial chose: parameters that are not in a space, and their values."""
        self._place(space)
        return self._beyond

    def asked(self, space: SearchSpace) -> FloatArray | None:
        """The point (d,) that was suggested, if the trial could not take it as it was."""
        self._place(space)
        if self._asked is None:
            return None
        return first(space.put_at_centre(self._asked[None, :], np.isnan(self._asked)[None, :]))

    def ends(self, space: SearchSpace) -> FloatArray:
        """Where the trial's ranges begin and end in a space.

        Returns:
            Array (2, d) of coordinates, NaN for choices without an order and for parameters that
            it does not have.
        """
        self._place(space)
        if self._ends is None:
            self._ends = np.full((2, space.n_params), np.nan)
            for i, (name, axis) in enumerate(zip(space.names, space.axes)):
                distribution = self.distributions.get(name)
                if isinstance(distribution, (IntDistribution, FloatDistribution)):
                    self._ends[:, i] = (
                        axis.to_unit(distribution.low),
                        axis.to_unit(distribution.high),
                    )
                elif distribution is not None and axis.has_order:
                    self._ends[:, i] = 0.0, 1.0  # a list stays as it is
        return self._ends

    def curve(self) -> Curve:
        """What the trial, which is finished, has reported."""
        if self._curve is None:
            self._curve = Curve.of(self.trial.intermediate_values)
        return self._curve

    def _place(self, space: SearchSpace) -> None:
        """Work out what a space makes of the trial, unless it is the space of the last time."""
        if self._axes is space.axes:
            return
        self._beyond = frozenset(
            (name, self.known[name])
            for name, distribution in self.distributions.items()
            if name not in space.distributions and not distribution.single()
        )
        fitting = {
            name: self.known[name]
            for name, distribution in space.distributions.items()
            if name in self.known and _fits(distribution, self.known[name])
        }
        self._coordinates = space.to_coordinates(fitting)
        self._has_all = len(fitting) == space.n_params
        self._is_outside = any(
            name in self.known and name not in fitting for name in space.distributions
        )
        self._asked = None if self._is_outside else self._unheeded(space)
        self._ends = None
        self._axes = space.axes

    def _unheeded(self, space: SearchSpace) -> FloatArray | None:
        """A suggestion of the trial's parameters, some of which were beyond the range they had.

        Coordinates (d,), NaN for parameters that the trial does not have; None if all was taken.
        """
        suggestion = self.trial.system_attrs.get(SUGGESTION_KEY)
        names = [name for name in space.distributions if name in self.known]
        if not suggestion or not all(name in suggestion for name in names):
            return None
        if all(suggestion[name] == self.known[name] for name in names):
            return None
        asked = {name: suggestion[name] for name in names}
        if not all(_fits(space.distributions[name], value) for name, value in asked.items()):
            return None
        return space.to_coordinates(asked)


class RecordReader:
    """Reads trials into records, and every finished one only once.

    Nothing but speed depends on what it remembers: a record is used again only for the very trial
    object that it was read from, and a finished trial never changes.
    """

    def __init__(self) -> None:
        self._finished: dict[int, Record] = {}
        self._distributions: list[Mapping[str, BaseDistribution]] = []

    def read(self, trials: Iterable[FrozenTrial]) -> list[Record]:
        """The records of trials, less those that were interrupted (:func:`is_interrupted`)."""
        records = []
        for trial in trials:
            number = trial.number
            record = self._finished.get(number)
            if record is None or record.trial is not trial:
                if is_interrupted(trial):
                    continue
                known, distributions = _read_params(trial)
                record = Record(
                    trial,
                    number,
                    distributions,
                    known,
                    read_constraints(trial),
                    trial.state in (TrialState.COMPLETE, TrialState.PRUNED),
                )
                if trial.state.is_finished():
                    # Those of a running trial, in contrast, may still grow.
                    record.distributions = self._shared(distributions)
                    self._finished[number] = record
            records.append(record)
        return records

    def _shared(
        self, distributions: Mapping[str, BaseDistribution]
    ) -> Mapping[str, BaseDistribution]:
        """An equal dict seen lately, if any: equality is then a matter of identity."""
        for known in self._distributions:
            if known == distributions:
                return known
        self._distributions = [distributions, *self._distributions[: _MAX_SHARED - 1]]
        return distributions


def is_interrupted(trial: FrozenTrial) -> bool:
    """Whether the trial's process was killed before the objective returned or raised.

    That is a RUNNING trial whose worker is gone, and one that was later declared failed without
    its objective ever having failed (by Optuna's heartbeat, say): neither a result nor work in
    progress.
    """
    if trial.state not in (TrialState.RUNNING, TrialState.FAIL):
        return False
    name = trial.system_attrs.get(WORKER_KEY)
    if not name or trial.system_attrs.get(FAILED_KEY):
        return False
    return trial.state == TrialState.FAIL or worker.is_gone(name)


def read_constraints(trial: FrozenTrial) -> Mapping[str, float]:
    """Values of a trial's constraints by name, 0 or less where kept; none until it is finished."""
    if not trial.state.is_finished():
        return {}
    # Optuna 4 has only the attribute; Optuna 5 has both, for constraints set one by one.
    named: Mapping[str, float] = getattr(trial, "constraints", None) or {}
    if named:
        return named
    numbered = trial.system_attrs.get(CONSTRAINTS_KEY) or ()
    return {str(i): float(value) for i, value in enumerate(numbered)}


def _read_params(trial: FrozenTrial) -> tuple[dict[str, float], dict[str, BaseDistribution]]:
    """What is known of the values of a trial's parameters, and the distributions of those it has.

    In memory, another thread may add parameters to the dicts of its running trial while they are
    read: they are copied, which is atomic, and values first, which Optuna adds last.
    """
    params = dict(trial.params)
    distributions = dict(trial.distributions)
    distributions = {name: distributions[name] for name in distributions if name in params}
    values = {name: d.to_internal_repr(params[name]) for name, d in distributions.items()}
    if trial.state == TrialState.RUNNING:
        # What the objective was given comes first: a parameter may have been fixed in advance.
        values = {**trial.system_attrs.get(SUGGESTION_KEY, {}), **values}
    return values, distributions


def _fits(distribution: BaseDistribution, value: float) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        return 0 <= value < len(distribution.choices)
    assert isinstance(distribution, (IntDistribution, FloatDistribution))
    # Internal representations are floats, which round an int beyond 2**53: as one, so do its ends.
    return float(distribution.low) <= value <= float(distribution.high)
