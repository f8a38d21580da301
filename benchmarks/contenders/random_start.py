"""Random trials before another sampler, as Bayesian optimisation is often begun."""

from __future__ import annotations

from typing import Any
import zlib

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.samplers import RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from .forwarding import ForwardingSampler


class RandomStart(ForwardingSampler):
    """Independent random values in the first trials, then another sampler.

    A random value is a function of the seed, the trial's number and the parameter's name.

    Args:
        then: The sampler that takes over.
        n_random: Completed trials until it does, 1 or more.
        seed: Seed of the random values, 0 or more.
    """

    def __init__(self, then: BaseSampler, n_random: int, seed: int) -> None:
        super().__init__(then)
        self._n_random = n_random
        self._seed = seed

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """No parameters at first."""
        if self._is_starting(study):
            return {}
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Whatever the other sampler suggests."""
        return self._inner.sample_relative(study, trial, search_space) if search_space else {}

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """A random value at first."""
        then = self._inner
        if self._is_starting(study):
            key = [self._seed, trial.number, zlib.crc32(param_name.encode())]
            then = RandomSampler(seed=int(np.random.SeedSequence(key).generate_state(1)[0]))
        return then.sample_independent(study, trial, param_name, param_distribution)

    def _is_starting(self, study: Study) -> bool:
        completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return len(completed) < self._n_random
