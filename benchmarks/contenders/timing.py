"""How long a sampler takes, whenever it is asked, and what it raises."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
import time
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial
from optuna.trial import TrialState

from .forwarding import ForwardingSampler


class TimedSampler(ForwardingSampler):
    """Measures how long another sampler takes, and notes what it raises.

    An objective that asks for its parameters one by one gets the sampler's errors too, and may even
    swallow them. They are noted here so that they are not taken for the objective's.

    Args:
        inner: The sampler.

    Attributes:
        seconds: What all calls have taken so far.
        raised: The first error of the sampler's; None if there was none.
    """

    def __init__(self, inner: BaseSampler) -> None:
        super().__init__(inner)
        self.seconds = 0.0
        self.raised: Exception | None = None

    def _timed(self, call: Callable[..., Any], *arguments: Any) -> Any:
        begin = time.perf_counter()
        try:
            return call(*arguments)
        except Exception as error:
            self._note(error)
            raise
        finally:
            self.seconds += time.perf_counter() - begin

    def _note(self, error: Exception) -> None:
        if self.raised is None:
            self.raised = error

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Ask the sampler."""
        space: dict[str, BaseDistribution] = self._timed(
            self._inner.infer_relative_search_space, study, trial
        )
        return space

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Ask the sampler."""
        params: dict[str, Any] = self._timed(
            self._inner.sample_relative, study, trial, search_space
        )
        return params

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Ask the sampler."""
        value = self._timed(
            self._inner.sample_independent, study, trial, param_name, param_distribution
        )
        try:
            # Optuna would raise the same error, but outside of the sampler.
            param_distribution.to_internal_repr(value)
        except Exception as error:
            self._note(error)
            raise
        return value

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Tell the sampler."""
        self._timed(self._inner.before_trial, study, trial)

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Tell the sampler."""
        self._timed(self._inner.after_trial, study, trial, state, values)
