"""What the sampler believes of a study, for whoever wants to look: predictions anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import math
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.trial import create_trial
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from .advisor import Advisor
from .basics.arrays import FloatArray
from .basics.checks import check_int
from .basics.checks import check_trial
from .basics.numerics import own_numerics
from .predictions.prediction import Prediction
from .space.axes import internal_repr
from .space.search_space import SearchSpace
from .trials.records import Record
from .trials.records import RecordReader
from .trials.unions import contradictory_names
from .trials.unions import known_distributions
from .trials.unions import learn_conditions
from .trials.unions import single_valued


class Explanation:
    """What a sampler believes of a study: made by :meth:`LatticeGPSampler.explain`.

    The model is that of the next suggestion, but for the trust region of long studies: it knows
    trials of the whole space. Trials that are added later change nothing.

    Args:
        records: Trials of the study, oldest first.
        is_maximized: Whether the study maximises each of its objectives.
        advisor: Chooses points; used by nobody else.
        with_conditional: Whether parameters are modelled that not all trials have.

    Attributes:
        distributions: The parameters that are modelled, over all ranges that they had.

    Raises:
        ValueError: If no trial with a parameter of more than one value has completed.
        numpy.linalg.LinAlgError: If the model cannot be fitted.
    """

    def __init__(
        self,
        records: Sequence[Record],
        is_maximized: Sequence[bool],
        advisor: Advisor,
        with_conditional: bool,
    ) -> None:
        self._records = list(records)
        self._is_maximized = tuple(is_maximized)
        self._advisor = advisor
        self.distributions: dict[str, BaseDistribution] = known_distributions(
            self._records, with_conditional
        )
        self._single_valued = single_valued(self._records)
        space = SearchSpace(self.distributions)
        self._space = space.under(learn_conditions(space, self._records))
        if not any(self._is_told(record) for record in self._records):
            odd = (
                contradictory_names(self._records, self.distributions) if with_conditional else []
            )
            which = f", other than those of several kinds ({', '.join(odd)})" if odd else ""
            raise ValueError(
                f"None of the study's {len(self._records)} trials has completed with a parameter "
                f"of more than one value{which}: there is nothing to explain yet."
            )
        self._view = advisor.view(self._space, self._records, self._is_maximized)

    def predict(self, params: Sequence[Mapping[str, Any]]) -> list[Prediction]:
        """What is expected of trials with given parameters.

        Args:
            params: A value for every parameter of each trial. Those that do not exist beside the
                others, or have a single value, may be left out or not, which makes no difference;
                numbers count as the nearest that the parameter can take.

        Raises:
            TypeError: If ``params`` is not a sequence of dicts.
            ValueError: If a parameter is missing, unknown, or out of its range.
        """
        points = self._points(params)
        if len(points) == 0:
            return []
        with own_numerics():
            return [expectation.prediction() for expectation in self._view.expect(points)]

    def predict_trial(self, trial: FrozenTrial) -> Prediction | None:
        """What is expected of a trial, as if it had not run yet unless the model knows it.

        Args:
            trial: Of this study, or another with such parameters.

        Returns:
            None if it lacks a parameter, or had one out of range.

        Raises:
            TypeError: If ``trial`` is no trial.
        """
        check_trial(trial)
        read = RecordReader().read([trial])
        point = read[0].place(self._space) if read else None
        if point is None:
            return None
        with own_numerics():
            return self._view.expect(point[None, :])[0].prediction()

    def existing(self, params: Sequence[Mapping[str, Any]]) -> list[frozenset[str]]:
        """Names of the parameters that exist in trials with given parameters, as far as is known.

        Args:
            params: As of :meth:`predict`.

        Raises:
            TypeError: As :meth:`predict`.
            ValueError: As :meth:`predict`.
        """
        names = np.array(self._space.names)
        is_active = self._space.active(self._points(params))
        return [frozenset(names[row].tolist()) for row in is_active]

    def suggest(self, n: int = 1) -> list[dict[str, Any]]:
        """The parameters of the next trials, as ``n`` workers that ask now would get them.

        Args:
            n: How many, 1 or more.

        Raises:
            TypeError: If ``n`` is no int.
            ValueError: If ``n`` is less.
        """
        check_int("n", n, minimum=1)
        records = list(self._records)
        number = max(record.number for record in records) + 1
        suggested = []
        with own_numerics():
            for _ in range(n):
                point, _ = self._advisor.suggest(
                    self._space, records, len(records), self._is_maximized
                )
                suggested.append(self._space.to_params(point))
                records.append(self._running(point, number))
                number += 1
        return suggested

    def _is_told(self, record: Record) -> bool:
        return (
            record.trial.state == TrialState.COMPLETE
            and self._space.n_params > 0
            and record.place(self._space) is not None
        )

    def _running(self, point: FloatArray, number: int) -> Record:
        """A trial that is being evaluated at a point (d,)."""
        # Without the parameters, which are known: Optuna would refuse a float of so many steps
        # that their rounding shows.
        trial = create_trial(state=TrialState.RUNNING)
        known = self._space.to_values(point)
        distributions = {name: self.distributions[name] for name in known}
        return Record(trial, number, distributions, known, {}, has_result=False)

    def _points(self, params: Sequence[Mapping[str, Any]]) -> FloatArray:
        """Points (m, d), with what does not exist at the centre."""
        if not isinstance(params, Iterable) or isinstance(params, (str, bytes, Mapping)):
            raise TypeError(
                f"params is {params!r} of type {type(params).__name__}, but must be a sequence of "
                "dicts, one for each trial."
            )
        space = self._space
        # Of many points, most differ in a few values only.
        known: dict[tuple[str, type, Any], float] = {}
        rows = [self._coordinates(theirs, known) for theirs in params]
        coordinates = np.array(rows, dtype=float).reshape(len(rows), space.n_params)
        is_missing = np.isnan(coordinates)
        points = space.under(None).snap(space.put_at_centre(coordinates, is_missing))
        is_active = space.active(points)
        for row, column in np.argwhere(is_active & is_missing).tolist():
            raise ValueError(
                f"params[{row}] has no value for {space.names[column]!r}, but must have one for "
                f"each of {sorted(np.array(space.names)[is_active[row]].tolist())!r}."
            )
        return space.put_at_centre(points, ~is_active)

    def _coordinates(
        self, params: Mapping[str, Any], known: dict[tuple[str, type, Any], float]
    ) -> list[float]:
        """Coordinates (d,), NaN for parameters without a value.

        Args:
            params: Values by name.
            known: Coordinates of values that were met, by name, type and value; added to.
        """
        if not isinstance(params, Mapping):
            raise TypeError(
                f"params holds {params!r} of type {type(params).__name__}, but must be a sequence "
                "of dicts, one for each trial."
            )
        coordinates = dict.fromkeys(self._space.names, math.nan)
        for name, value in params.items():
            if name in self._single_valued:
                _internal(name, value, self._single_valued[name])  # nothing to learn, but to check
                continue
            if name not in self.distributions:
                raise ValueError(
                    f"params has a value for {name!r}, but the parameters are "
                    f"{sorted(self.distributions)!r}."
                )
            # True equals 1, but is another choice.
            key = name, type(value), value
            try:
                coordinates[name] = known[key]
            except KeyError:
                known[key] = coordinates[name] = self._coordinate(name, value)
            except TypeError:  # a list, say, which Optuna takes for a choice, has no hash
                coordinates[name] = self._coordinate(name, value)
        return list(coordinates.values())

    def _coordinate(self, name: str, value: Any) -> float:
        internal = _internal(name, value, self.distributions[name])
        return self._space.axes[self._space.names.index(name)].to_unit(internal)


def _internal(name: str, value: Any, distribution: BaseDistribution) -> float:
    internal = internal_repr(distribution, value)
    if isinstance(distribution, (IntDistribution, FloatDistribution)):
        # As floats, which the ends of the longest ranges of ints are not.
        if not float(distribution.low) <= internal <= float(distribution.high):
            raise ValueError(
                f"{name!r} is {value!r}, but must be from {distribution.low} to "
                f"{distribution.high}."
            )
    elif np.isnan(internal):
        choices = getattr(distribution, "choices", ())
        raise ValueError(f"{name!r} is {value!r}, but must be one of {choices!r}.")
    return internal
