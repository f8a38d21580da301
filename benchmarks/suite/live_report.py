"""Live models of the report suite: on breast cancer, wine and two generated data sets.

Neither a data set nor a kind of model of the development suite.
"""

from __future__ import annotations

import functools

from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from .live import bundled
from .live import LiveProblem
from .live import log_loss
from .live import Split
from .live import split
from .live import squared_error
from .space import Params


class NystroemCancer(LiveProblem):
    """An approximate kernel and a logistic regression trained by stochastic gradient descent."""

    n_replicates = 3

    def __init__(self, seed: int = 0) -> None:
        super().__init__(
            {
                "n_components": IntDistribution(8, 80, step=8),
                "gamma": FloatDistribution(1e-4, 1.0, log=True),
                "learning_rate": FloatDistribution(1e-3, 1e2, log=True),
                "alpha": FloatDistribution(1e-7, 1e-1, log=True),
                "l1_ratio": FloatDistribution(0.0, 1.0, step=0.1),
                "n_epochs": IntDistribution(1, 8),
            },
            seed,
        )

    def train(self, params: Params, training_seed: int) -> float:
        """Fit 200 patients; the log loss of 300 others."""
        from sklearn.kernel_approximation import Nystroem
        from sklearn.linear_model import SGDClassifier
        from sklearn.pipeline import make_pipeline

        data = bundled("breast_cancer", 200, 300)
        model = make_pipeline(
            Nystroem(
                n_components=params["n_components"],
                gamma=params["gamma"],
                random_state=training_seed,
            ),
            SGDClassifier(
                loss="log_loss",
                penalty="elasticnet",
                alpha=params["alpha"],
                l1_ratio=params["l1_ratio"],
                learning_rate="constant",
                eta0=params["learning_rate"],
                max_iter=params["n_epochs"],
                tol=None,
                random_state=training_seed,
            ),
        ).fit(data.train, data.train_target)
        return log_loss(model.predict_proba(data.held_out), data.held_out_target)


class ExtraTreesWine(LiveProblem):
    """Extremely randomised trees: few pure leaves are sure of their mistakes."""

    def __init__(self) -> None:
        super().__init__(
            {
                "n_trees": IntDistribution(2, 16, step=2),
                "max_depth": IntDistribution(1, 12),
                "min_leaf": IntDistribution(1, 15),
                "max_features": IntDistribution(1, 13),
                "subsample": FloatDistribution(0.2, 1.0, step=0.1),
                "min_impurity_decrease": FloatDistribution(1e-4, 0.3, log=True),
            }
        )

    def train(self, params: Params, training_seed: int) -> float:
        """Fit 60 wines; the log loss of 118 others."""
        from sklearn.ensemble import ExtraTreesClassifier

        data = bundled("wine", 60, 118)
        model = ExtraTreesClassifier(
            params["n_trees"],
            max_depth=params["max_depth"],
            min_samples_leaf=params["min_leaf"],
            max_features=params["max_features"],
            bootstrap=True,
            max_samples=params["subsample"],
            min_impurity_decrease=params["min_impurity_decrease"],
            random_state=training_seed,
        ).fit(data.train, data.train_target)
        return log_loss(model.predict_proba(data.held_out), data.held_out_target)


class KernelRidgeFriedman(LiveProblem):
    """Selected columns and kernel ridge regression with a polynomial kernel: it extrapolates."""

    def __init__(self) -> None:
        super().__init__(
            {
                "n_columns": IntDistribution(1, 10),
                "degree": IntDistribution(1, 8),
                "gamma": FloatDistribution(1e-4, 10.0, log=True),
                "offset": FloatDistribution(1e-2, 1e2, log=True),
                "alpha": FloatDistribution(1e-6, 1e2, log=True),
            }
        )

    def train(self, params: Params, training_seed: int) -> float:
        """Fit 120 rows of Friedman's first function, half of whose columns are idle."""
        from sklearn.feature_selection import f_regression
        from sklearn.feature_selection import SelectKBest
        from sklearn.kernel_ridge import KernelRidge
        from sklearn.pipeline import make_pipeline

        data = _friedman(1, 120, 300)
        model = make_pipeline(
            SelectKBest(f_regression, k=params["n_columns"]),
            KernelRidge(
                kernel="poly",
                degree=params["degree"],
                gamma=params["gamma"],
                coef0=params["offset"],
                alpha=params["alpha"],
            ),
        ).fit(data.train, data.train_target)
        return squared_error(model.predict(data.held_out), data.held_out_target)


class SgdPolynomial(LiveProblem):
    """Linear regression on polynomials by stochastic gradient descent: diverges at high rates."""

    def __init__(self) -> None:
        super().__init__(
            {
                "degree": IntDistribution(1, 5),
                "n_epochs": IntDistribution(2, 30, step=2),
                "learning_rate": FloatDistribution(1e-6, 1.0, log=True),
                "decay": FloatDistribution(0.0, 0.6, step=0.05),
                "alpha": FloatDistribution(1e-7, 1e-1, log=True),
                "l1_ratio": FloatDistribution(0.0, 1.0, step=0.1),
                "epsilon": FloatDistribution(1e-3, 1e1, log=True),
            }
        )

    def train(self, params: Params, training_seed: int) -> float:
        """Fit 150 rows of Friedman's third function with Huber's loss."""
        from sklearn.linear_model import SGDRegressor
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import PolynomialFeatures

        data = _friedman(3, 150, 300)
        model = make_pipeline(
            PolynomialFeatures(params["degree"], include_bias=False),
            SGDRegressor(
                loss="huber",
                penalty="elasticnet",
                alpha=params["alpha"],
                l1_ratio=params["l1_ratio"],
                epsilon=params["epsilon"],
                learning_rate="invscaling",
                eta0=params["learning_rate"],
                power_t=params["decay"],
                max_iter=params["n_epochs"],
                tol=None,
                random_state=training_seed,
            ),
        ).fit(data.train, data.train_target)
        return squared_error(model.predict(data.held_out), data.held_out_target)


@functools.cache
def _friedman(number: int, n_train: int, n_held_out: int) -> Split:
    """Rows of one of Friedman's functions (Multivariate adaptive regression splines, 1991)."""
    from sklearn import datasets

    make = getattr(datasets, f"make_friedman{number}")
    noise = {1: 1.0, 3: 0.05}[number]
    features, target = make(n_train + n_held_out, noise=noise, random_state=0)
    return split(features, target, n_train, n_held_out)
