"""Bring a sampler to where it stood when its study was stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import Any
import warnings

import numpy as np
import optuna
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.study import Study
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import Trial

from ..contenders.contender import Contender
from ..contenders.contender import Setup
from ..contenders.timing import TimedSampler
from .one_trial import unpruned_study


@dataclass(frozen=True)
class Plan:
    """What a study is run with.

    Attributes:
        contender: The sampler to build.
        setup: What to build it for.
        directions: Of the objective.
        start_points: Points of the first trials, whatever the sampler.
    """

    contender: Contender
    setup: Setup
    directions: list[StudyDirection]
    start_points: Sequence[dict[str, Any]] = ()

    def new_study(self, storage: BaseStorage | None = None) -> Study:
        """A study in memory that has no trial yet."""
        return self._study(self.contender.build(self.setup), [], storage)

    def restore(self, finished: Sequence[FrozenTrial]) -> Study:
        """The study in memory that an undisturbed run would have at this point.

        A sampler that keeps a random state would begin it anew after a resume, and propose its
        first points a second time. So its suggestions are replayed: it is asked for every stored
        trial again, and told the stored value. Where it does not reproduce itself (it looks at the
        clock, say), the stored trials are taken as they are and it goes on with another seed.

        Args:
            finished: The stored trials, by number.
        """
        if self.contender.stateless or not finished:
            return self._study(self.contender.build(self.setup), finished, None)
        study = self.new_study()
        for trial in finished:
            replayed = ask_again(study, trial)
            if replayed is None:
                return self.go_on(finished)
            study.tell(replayed, trial.values, trial.state)
        return study

    def go_on(self, finished: Sequence[FrozenTrial], storage: BaseStorage | None = None) -> Study:
        """The stored trials as they are, and a sampler with another seed."""
        sequence = np.random.SeedSequence([self.setup.seed, len(finished)])
        # Some samplers take no more than 31 bits.
        other_seed = int(sequence.generate_state(1)[0] >> 1)
        sampler = self.contender.build(replace(self.setup, seed=other_seed))
        study = self._study(sampler, finished, storage)
        if self.contender.learns_when_told:
            for trial in study.get_trials(deepcopy=False)[: len(finished)]:
                sampler.after_trial(study, trial, trial.state, trial.values)
        return study

    def _study(
        self, sampler: BaseSampler, trials: Sequence[FrozenTrial], storage: BaseStorage | None
    ) -> Study:
        if not self.setup.space:
            # The objective asks it, and its time must not be taken for the objective's.
            sampler = TimedSampler(sampler)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study = unpruned_study(self.directions, sampler, storage)
            study.add_trials(trials)
            for point in self.start_points[len(trials) :]:
                study.enqueue_trial(point)
        return study


def ask_again(study: Study, stored: FrozenTrial) -> Trial | None:
    """Ask a study in memory for a stored trial once more.

    Returns:
        The trial, with the user attributes of the stored one; None if the sampler suggests
        another.
    """
    trial = study.ask(fixed_distributions=stored.distributions)
    if trial.params != stored.params:
        return None
    # What the sampler has noted again stands as it noted it.
    noted = trial.user_attrs
    for key, attr in stored.user_attrs.items():
        if key not in noted:
            trial.set_user_attr(key, attr)
    return trial
