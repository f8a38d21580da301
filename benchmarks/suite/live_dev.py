"""Live models of the development suite: on digits and diabetes."""

from __future__ import annotations

from typing import Any

from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from .live import bundled
from .live import LiveProblem
from .live import log_loss
from .live import squared_error
from .space import Params
from .space import Space


PERCEPTRON_SPACE: Space = {
    "depth": IntDistribution(1, 3),
    "width": IntDistribution(8, 64, step=8),
    "batch_size": IntDistribution(16, 128, step=16),
    "learning_rate": FloatDistribution(1e-3, 3.0, log=True),
    "one_minus_momentum": FloatDistribution(1e-2, 1.0, log=True),
    "weight_decay": FloatDistribution(1e-6, 1.0, log=True),
}


def perceptron(params: Params, training_seed: int, **settings: Any) -> Any:
    """A multi-layer perceptron of scikit-learn's, yet to be trained.

    Args:
        params: A point of :data:`PERCEPTRON_SPACE`.
        training_seed: Seed of its weights and of the order of the rows.
        **settings: Other arguments of the class.
    """
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(
        (params["width"],) * params["depth"],
        solver="sgd",
        batch_size=params["batch_size"],
        learning_rate_init=params["learning_rate"],
        momentum=1.0 - params["one_minus_momentum"],
        alpha=params["weight_decay"],
        random_state=training_seed,
        **settings,
    )


class MlpDigits(LiveProblem):
    """A multi-layer perceptron with stochastic gradient descent: diverges at high rates."""

    n_replicates = 3

    def __init__(self, seed: int = 0) -> None:
        super().__init__(PERCEPTRON_SPACE, seed)

    def train(self, params: Params, training_seed: int) -> float:
        """Five epochs on 150 digits; the log loss of 300 others."""
        data = bundled("digits", 150, 300)
        model = perceptron(params, training_seed, max_iter=5)
        model.fit(data.train, data.train_target)
        return log_loss(model.predict_proba(data.held_out), data.held_out_target)


class BoostingDiabetes(LiveProblem):
    """Gradient-boosted trees: overfits with many, deep trees and a high rate."""

    def __init__(self) -> None:
        super().__init__(
            {
                "n_trees": IntDistribution(4, 40, step=4),
                "max_depth": IntDistribution(1, 8),
                "min_leaf": IntDistribution(1, 31, step=2),
                "max_features": IntDistribution(1, 10),
                "learning_rate": FloatDistribution(5e-3, 2.0, log=True),
                "subsample": FloatDistribution(0.2, 1.0, step=0.1),
            }
        )

    def train(self, params: Params, training_seed: int) -> float:
        """Fit 160 patients; the squared error of 280 others."""
        from sklearn.ensemble import GradientBoostingRegressor

        data = bundled("diabetes", 160, 280)
        model = GradientBoostingRegressor(
            n_estimators=params["n_trees"],
            max_depth=params["max_depth"],
            min_samples_leaf=params["min_leaf"],
            max_features=params["max_features"],
            learning_rate=params["learning_rate"],
            subsample=params["subsample"],
            random_state=training_seed,
        ).fit(data.train, data.train_target)
        return squared_error(model.predict(data.held_out), data.held_out_target)


class SvmDigits(LiveProblem):
    """Selected pixels, principal components and a support vector machine with a temperature.

    A low temperature makes it sure of its mistakes, which costs without bound.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "n_pixels": IntDistribution(16, 60, step=4),
                "n_components": IntDistribution(1, 16),
                "C": FloatDistribution(1e-3, 1e4, log=True),
                "gamma": FloatDistribution(1e-5, 10.0, log=True),
                "temperature": FloatDistribution(1e-2, 1e1, log=True),
            }
        )

    def train(self, params: Params, training_seed: int) -> float:
        """Fit 150 digits; the log loss of 300 others."""
        from scipy.special import softmax
        from sklearn.decomposition import PCA
        from sklearn.feature_selection import f_classif
        from sklearn.feature_selection import SelectKBest
        from sklearn.pipeline import make_pipeline
        from sklearn.svm import SVC

        data = bundled("digits", 150, 300)
        model = make_pipeline(
            SelectKBest(f_classif, k=params["n_pixels"]),
            PCA(params["n_components"], random_state=training_seed),
            SVC(C=params["C"], gamma=params["gamma"]),
        ).fit(data.train, data.train_target)
        scores = model.decision_function(data.held_out) / params["temperature"]
        return log_loss(softmax(scores, axis=1), data.held_out_target)
