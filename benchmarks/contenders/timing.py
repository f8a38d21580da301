"""How long a sampler takes, whenever it is asked, and what it raises."""

from __future__ import annotations

from collections.abc import Callable
import time
from typing import Any
from typing import ParamSpec
from typing import TypeVar

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from .forwarding import ForwardingSampler


_P = ParamSpec("_P")
_T = TypeVar("_T")


class TimedSampler(ForwardingSampler):
    """Measures how long another sampler takes, and notes what it raises.

    An objective that asks for its parameters one by one gets the sampler's errors too, and may
    even swallow them. They are noted here so that they are not taken for the objective's.

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

    def _forward(self, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        begin = time.perf_counter()
        try:
            return call(*args, **kwargs)
        except Exception as error:
            self._note(error)
            raise
        finally:
            self.seconds += time.perf_counter() - begin

    def _note(self, error: Exception) -> None:
        if self.raised is None:
            self.raised = error

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Ask the sampler."""
        value = super().sample_independent(study, trial, param_name, param_distribution)
        try:
            # Optuna would raise the same error, but outside of the sampler.
            param_distribution.to_internal_repr(value)
        except Exception as error:
            self._note(error)
            raise
        return value
