"""What the problems of the suites have in common."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
import hashlib
import math

import numpy as np
from optuna.study import StudyDirection
from optuna.trial import Trial
import optunahub.benchmarks

from .space import Params
from .space import Space
from .space import suggest


# A training run that overflows is given this loss, and so is one that loses even more.
LARGEST_LOSS = 1e10


@dataclass(frozen=True)
class Measurement:
    """One evaluation.

    Attributes:
        value: What the sampler is told.
        expected: The value without noise.
    """

    value: float
    expected: float


def generator_at(params: Params, *seeds: int) -> np.random.Generator:
    """Source of chance at a point: the same for the same parameters, in this order, and seeds."""
    # Ten digits: a stepped float may be off by a rounding error.
    words = [v if isinstance(v, str) else f"{v:.10g}" for v in params.values()]
    digest = hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest()
    return np.random.default_rng([*seeds, int.from_bytes(digest, "little")])


class SuiteProblem(optunahub.benchmarks.BaseProblem):
    """One objective to be minimised, the same at every evaluation of a point.

    Args:
        space: Parameters by name.
        seed: Seed of the noise, 0 or more: another seed is another draw at every point.
    """

    noisy = False

    def __init__(self, space: Space, seed: int = 0) -> None:
        self._space = dict(space)
        self._seed = seed

    @property
    def search_space(self) -> Space:
        """A copy of the search space."""
        return dict(self._space)

    @property
    def directions(self) -> list[StudyDirection]:
        """Minimise."""
        return [StudyDirection.MINIMIZE]

    def __call__(self, trial: Trial) -> float:
        """Evaluate a trial; a noisy problem says in ``expected_loss`` what it is without noise."""
        measured = self.measure(suggest(trial, self._space))
        if self.noisy:
            trial.set_user_attr("expected_loss", measured.expected)
        return measured.value

    def evaluate(self, params: Params) -> float:
        """What a trial at ``params`` is told, noise included."""
        return self.measure(params).value

    def measure(self, params: Params) -> Measurement:
        """Evaluate ``params``."""
        loss = self.loss(params)
        return Measurement(loss, loss)

    @abstractmethod
    def loss(self, params: Params) -> float:
        """The value of ``params`` without noise."""

    def known_minimum(self) -> float | None:
        """The lowest loss there is, where that is known without a search."""
        return None

    def noise_generator(self, params: Params) -> np.random.Generator:
        """Source of the noise at ``params``, which depends on them and on the seed only."""
        return generator_at({name: params[name] for name in self._space}, self._seed)


def capped(loss: float) -> float:
    """``loss``, or :data:`LARGEST_LOSS` if it is more or no number."""
    return float(loss) if math.isfinite(loss) and loss < LARGEST_LOSS else LARGEST_LOSS
