"""Models trained on the data that scikit-learn brings along: what their problems share.

A loss is a log loss or a squared error on held-out rows, never a share of right answers, so that
it plateaus at chance and grows without bound beyond it. All training is seeded.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
import functools
from typing import Any
import warnings

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatArray
from .base import capped
from .base import LARGEST_LOSS
from .base import Measurement
from .base import SuiteProblem
from .space import Params
from .space import Space


# Probabilities are cut off here, as in single precision.
_SMALLEST = 1e-7


@dataclass(frozen=True)
class Split:
    """Rows to train on and rows to compute the loss on; columns are standardised.

    Attributes:
        train: Features (n_train, n_features).
        train_target: Targets or class numbers (n_train,).
        held_out: Features (n_held_out, n_features).
        held_out_target: Targets or class numbers (n_held_out,).
    """

    train: FloatArray
    train_target: NDArray[Any]
    held_out: FloatArray
    held_out_target: NDArray[Any]


def split(features: FloatArray, target: NDArray[Any], n_train: int, n_held_out: int) -> Split:
    """Shuffle rows, standardise columns by the training rows, and split.

    Args:
        features: Shape (n_rows, n_features).
        target: Shape (n_rows,); a target that is no class number is standardised too.
        n_train: Rows to train on.
        n_held_out: Rows to compute the loss on.
    """
    order = np.random.default_rng(0).permutation(len(features))[: n_train + n_held_out]
    features, target = features[order], target[order]
    spread = features[:n_train].std(axis=0)
    features = (features - features[:n_train].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    if target.dtype.kind == "f":
        target = (target - target[:n_train].mean()) / target[:n_train].std()
    return Split(features[:n_train], target[:n_train], features[n_train:], target[n_train:])


class LiveProblem(SuiteProblem):
    """Train a model at every evaluation.

    A noisy problem trains once with each of ``n_replicates`` seeds: a trial is told the loss of
    one of them, the expected loss is their mean. The others train with seed 0 only.

    Args:
        space: Parameters by name.
        seed: Seed that chooses which loss a trial is told.
    """

    n_replicates = 1

    def __init__(self, space: Space, seed: int = 0) -> None:
        # So that a missing dependency is noticed when the problem is built.
        import sklearn  # noqa: F401

        super().__init__(space, seed)
        self.noisy = self.n_replicates > 1

    @abstractmethod
    def train(self, params: Params, training_seed: int) -> float:
        """Train once and return the held-out loss; it may raise ValueError where it overflows."""

    def loss(self, params: Params) -> float:
        """Mean loss over the training seeds."""
        return float(np.mean(self._replicates(params)))

    def measure(self, params: Params) -> Measurement:
        """The loss of one training seed, and the mean over all."""
        losses = self._replicates(params)
        chosen = self.noise_generator(params).integers(len(losses))
        return Measurement(losses[chosen], float(np.mean(losses)))

    def _replicates(self, params: Params) -> list[float]:
        return [self._train(params, seed) for seed in range(self.n_replicates)]

    def _train(self, params: Params, training_seed: int) -> float:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # Too few iterations and overflows are part of the problem.
            warnings.simplefilter("ignore")
            try:
                return capped(self.train(params, training_seed))
            except (ValueError, FloatingPointError, np.linalg.LinAlgError):
                # How scikit-learn reports weights that are no longer finite.
                return LARGEST_LOSS


def log_loss(probabilities: FloatArray, target: NDArray[Any]) -> float:
    """Mean negative log of the probability (n, n_classes) of the true class (n,)."""
    likelihoods = probabilities[np.arange(len(target)), target]
    return float(-np.log(np.clip(likelihoods, _SMALLEST, 1.0)).mean())


def squared_error(prediction: FloatArray, target: FloatArray) -> float:
    """Mean squared error."""
    return float(np.mean((prediction - target) ** 2))


@functools.cache
def bundled(name: str, n_train: int, n_held_out: int) -> Split:
    """A data set that is part of scikit-learn, split.

    Args:
        name: As in ``sklearn.datasets.load_NAME``.
        n_train: Rows to train on.
        n_held_out: Rows to compute the loss on.
    """
    from sklearn import datasets

    features, target = getattr(datasets, f"load_{name}")(return_X_y=True)
    return split(features.astype(float), target, n_train, n_held_out)
