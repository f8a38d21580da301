"""Models trained live, epoch by epoch, on the data that scikit-learn brings along."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from collections.abc import Iterator
import math
from typing import Any
import warnings

import numpy as np
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from ...suite.base import capped
from ...suite.base import LARGEST_LOSS
from ...suite.live import bundled
from ...suite.live import log_loss
from ...suite.live_dev import perceptron
from ...suite.live_dev import PERCEPTRON_SPACE
from ...suite.space import Params
from ...suite.space import Space
from .curve_problems import CurveProblem


Epoch = Callable[[], float]


class LiveCurves(CurveProblem):
    """A model's held-out loss after each epoch. Training has one seed: there is no noise."""

    noisy = False

    def __init__(self, space: Space, n_steps: int) -> None:
        # So that a missing dependency is noticed when the problem is built.
        import sklearn  # noqa: F401

        super().__init__(space, n_steps)

    @abstractmethod
    def prepare(self, params: Params) -> Epoch:
        """A function that trains one epoch more and returns the held-out loss."""

    def loss(self, params: Params) -> float:
        """The held-out loss after the last epoch."""
        value = math.nan
        for value in self.curve(params):
            pass
        return value

    def curve(self, params: Params) -> Iterator[float]:
        """Train; a model whose weights overflow has the largest loss from then on."""
        epoch = self.prepare(params)
        value = 0.0
        for _ in range(self.n_steps):
            if value < LARGEST_LOSS:
                value = _train(epoch)
            yield value


def _train(epoch: Epoch) -> float:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return capped(epoch())
        except (ValueError, FloatingPointError):
            # How scikit-learn reports weights that are no longer finite.
            return LARGEST_LOSS


class MlpDigitsCurves(LiveCurves):
    """A multi-layer perceptron with stochastic gradient descent on 150 digits, 16 epochs."""

    def __init__(self) -> None:
        super().__init__(PERCEPTRON_SPACE, 16)

    def prepare(self, params: Params) -> Epoch:
        """The log loss of 300 other digits."""
        data = bundled("digits", 150, 300)
        model = perceptron(params, 0)

        def epoch() -> float:
            model.partial_fit(data.train, data.train_target, classes=np.arange(10))
            return log_loss(model.predict_proba(data.held_out), data.held_out_target)

        return epoch


class SgdCancerCurves(LiveCurves):
    """Random Fourier features and logistic regression by SGD on breast cancer, 27 epochs."""

    def __init__(self) -> None:
        super().__init__(
            {
                "n_components": IntDistribution(8, 80, step=8),
                "gamma": FloatDistribution(1e-4, 1.0, log=True),
                "learning_rate": FloatDistribution(1e-3, 1e2, log=True),
                "decay": FloatDistribution(0.0, 1.0, step=0.1),
                "alpha": FloatDistribution(1e-7, 1e-1, log=True),
                "l1_ratio": FloatDistribution(0.0, 1.0, step=0.1),
            },
            27,
        )

    def prepare(self, params: Params) -> Epoch:
        """The log loss of 300 other patients."""
        from sklearn.kernel_approximation import RBFSampler
        from sklearn.linear_model import SGDClassifier

        data = bundled("breast_cancer", 200, 300)
        features: Any = RBFSampler(
            n_components=params["n_components"], gamma=params["gamma"], random_state=0
        )
        train, held_out = features.fit_transform(data.train), features.transform(data.held_out)
        model = SGDClassifier(
            loss="log_loss",
            penalty="elasticnet",
            alpha=params["alpha"],
            l1_ratio=params["l1_ratio"],
            learning_rate="invscaling",
            eta0=params["learning_rate"],
            power_t=params["decay"],
            random_state=0,
        )

        def epoch() -> float:
            model.partial_fit(train, data.train_target, classes=np.arange(2))
            return log_loss(model.predict_proba(held_out), data.held_out_target)

        return epoch
