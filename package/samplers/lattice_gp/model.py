"""From a history to the next point: fit the surrogate, maximise expected improvement."""

from __future__ import annotations

import numpy as np

from . import gp
from . import search
from .acquisition import log_expected_improvement
from .arrays import FloatArray
from .arrays import IntArray
from .history import History
from .space import SearchSpace
from .transform import normalize
from .visits import Visits


# The model's cost grows with the cube of its observations. Beyond these it sees a part of them,
# and its hyperparameters, whose fit takes tens of evaluations, an even smaller one.
_MAX_OBSERVATIONS = 300
_MAX_FITTED_OBSERVATIONS = 120


def suggest(space: SearchSpace, history: History, rng: np.random.Generator) -> FloatArray:
    """Choose the point of largest expected improvement among those that may be proposed.

    Args:
        space: The search space.
        history: At least one completed trial.
        rng: Source of randomness: where to look for the maximum.

    Returns:
        A point (d,) that was visited no more often than any other.

    Raises:
        numpy.linalg.LinAlgError: If the model's covariance cannot be factorised.
    """
    values = normalize(history.values)
    order = np.argsort(values, kind="stable")
    features, params = space.features(history.points), space.feature_params
    fitted = _choose_observations(order, _MAX_FITTED_OBSERVATIONS, rng)
    hyperparameters = gp.fit(features[fitted], params, values[fitted])
    chosen = _choose_observations(order, _MAX_OBSERVATIONS, rng)
    posterior = gp.Posterior(hyperparameters, features[chosen], params, values[chosen])
    posterior, believed = posterior.with_pending(space.features(history.pending))
    # Pending points count as they are believed to turn out: whatever comes next must improve on
    # them too, or it would be proposed right beside them.
    incumbent = float(min([values[order[0]], *believed]))

    def acquisition(points: FloatArray) -> FloatArray:
        return log_expected_improvement(*posterior.predict(space.features(points)), incumbent)

    visits = Visits(space, history.spent)
    return search.maximize(acquisition, space, visits, history.points[order], rng)


def _choose_observations(order: IntArray, limit: int, rng: np.random.Generator) -> IntArray:
    """Which observations the model sees: all, or the best ones and a random part of the others.

    Args:
        order: Int array (n,): indices of the observations, best first.
        limit: How many it sees at most.
        rng: Source of randomness.
    """
    if len(order) <= limit:
        return np.sort(order)
    n_best = limit // 2
    others = rng.choice(order[n_best:], limit - n_best, replace=False)
    return np.sort(np.concatenate([order[:n_best], others]))
