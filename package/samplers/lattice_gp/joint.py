"""Suggests all parameters of a trial at once, beside what other workers choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from . import trial_notes
from .advisor import Advisor
from .basics.arrays import first
from .basics.arrays import FloatArray
from .basics.say_once import SayOnce
from .search.visits import Visits
from .space.search_space import SearchSpace
from .trials.fixed_values import has_fixed_values
from .trials.fixed_values import part_with_fixed_values
from .trials.history import spent_points
from .trials.others import index_of
from .trials.others import read_others
from .trials.records import Record
from .trials.records import RecordReader
from .trials.records import SUGGESTION_KEY
from .trials.rivalry import look_around
from .trials.unions import is_same_space
from .trials.unions import learn_conditions


# How often a suggestion gives way to one of another worker. Two processes that share the last two
# points of a lattice meet again every other time; of many that ask at once, each gives way to all
# before it.
_MAX_ATTEMPTS = 20


class JointSampler:
    """Suggests all parameters of a trial at once; used by one thread at a time.

    Args:
        seed: Seed of all randomness.
        advisor: Tells where a trial should be.
        reader: Reads the other trials.
        say: Tells the user what cannot be done.
    """

    def __init__(self, seed: int, advisor: Advisor, reader: RecordReader, say: SayOnce) -> None:
        self._seed = seed
        self._advisor = advisor
        self._reader = reader
        self._say = say
        # A cache.
        self._space = SearchSpace({})

    def sample(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Suggest a value for every parameter of a search space, and write it to the trial.

        Args:
            study: The study.
            trial: One of its trials, running.
            search_space: Distributions by name, one or more.

        Raises:
            Exception: Whatever the storage or the model raise.
        """
        others = self._read_others(study, trial)
        is_maximized = [d == StudyDirection.MAXIMIZE for d in study.directions]
        for _ in range(_MAX_ATTEMPTS):
            index = index_of(trial, others)
            space = part_with_fixed_values(self._to_space(search_space, others), trial)
            point, suggestion = self._advisor.suggest(space, others, index, is_maximized)
            self._note_suggestion(study, trial, space, point)
            others, gives_way = look_around(
                lambda: self._read_others(study, trial), space, point, trial.number, others
            )
            if suggestion is None or not gives_way:
                break  # before there is a model, a trial's number decides
        point = self._move_to_open(study, trial, space, others, point)
        # What the user chose was not suggested: it says nothing of what suggestions promise.
        if suggestion is not None and not has_fixed_values(trial):
            trial_notes.note_prediction(study, trial, suggestion, point, self._say)
        return space.to_params(point)

    def _note_suggestion(
        self, study: Study, trial: FrozenTrial, space: SearchSpace, point: FloatArray
    ) -> None:
        trial_notes.note(study, trial, SUGGESTION_KEY, space.to_values(point), self._say)

    def _move_to_open(
        self,
        study: Study,
        trial: FrozenTrial,
        space: SearchSpace,
        others: Sequence[Record],
        point: FloatArray,
    ) -> FloatArray:
        """Move away from a lattice point that another process has chosen all the same.

        Neither can tell who was first, so both move, each to a random open point: the model would
        send them to the same one again.
        """
        if not space.is_enumerable:
            return point
        for attempt in range(_MAX_ATTEMPTS):
            visits = Visits(space, spent_points(space, others))
            if visits.is_open(point[None, :])[0]:
                break
            rng = np.random.default_rng([self._seed, index_of(trial, others), attempt])
            point = first(visits.sample_open(1, rng))
            self._note_suggestion(study, trial, space, point)
            others = self._read_others(study, trial)
        return point

    def _read_others(self, study: Study, trial: FrozenTrial) -> list[Record]:
        return read_others(self._reader, study, trial)

    def _to_space(
        self, search_space: dict[str, BaseDistribution], others: Sequence[Record]
    ) -> SearchSpace:
        if not is_same_space(self._space.distributions, search_space):
            self._space = SearchSpace(search_space)
        conditions = learn_conditions(self._space, others)
        return self._space if conditions is None else self._space.under(conditions)
