"""Cheap analytic problems, to develop and to test samplers and the harness itself."""

from __future__ import annotations

import math
import time
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.study import StudyDirection
from optuna.trial import Trial
import optunahub.benchmarks


_DIVERGED = 100.0


class ToyProblem(optunahub.benchmarks.BaseProblem):
    """Base of the problems below: one objective, to be minimised."""

    space: dict[str, BaseDistribution]

    @property
    def search_space(self) -> dict[str, BaseDistribution]:
        """A copy of the search space."""
        return dict(self.space)

    @property
    def directions(self) -> list[StudyDirection]:
        """Minimise."""
        return [StudyDirection.MINIMIZE]


class Quadratic(ToyProblem):
    """A bowl over a stepped int, a log float and a category, with a region that diverges.

    The minimum is 0, at width 24, rate 1e-3 and kind "b". Wide nets with a high rate diverge:
    their loss is 100 and more, as that of a training run with too high a learning rate.
    """

    space = {
        "width": IntDistribution(8, 64, step=8),
        "rate": FloatDistribution(1e-5, 1e-1, log=True),
        "kind": CategoricalDistribution(("a", "b", "c")),
    }

    def __call__(self, trial: Trial) -> Any:
        """Evaluate a trial and say whether it diverged."""
        loss: Any = super().__call__(trial)
        trial.set_user_attr("diverged", float(loss) >= _DIVERGED)
        return loss

    def evaluate(self, params: dict[str, Any]) -> float:
        """Loss of ``params``, 0 or more."""
        width = (params["width"] - 24) / 56
        rate = math.log10(params["rate"]) + 3
        if params["width"] >= 32 and rate > 1:
            return _DIVERGED * rate
        loss: float = width**2 + 0.25 * rate**2 + {"a": 0.3, "b": 0.0, "c": 0.1}[params["kind"]]
        return loss


class Lattice(ToyProblem):
    """A ripple over a three-dimensional lattice of 8 x 6 x 8 points; the minimum is 0."""

    space = {
        "x": IntDistribution(0, 7),
        "y": IntDistribution(0, 10, step=2),
        "z": FloatDistribution(0.0, 1.75, step=0.25),
    }

    def evaluate(self, params: dict[str, Any]) -> float:
        """Loss of ``params``, 0 or more."""
        x, y, z = params["x"] - 5, params["y"] / 2 - 1, params["z"] * 4 - 2
        ripple = 3 - math.cos(2 * x) - math.cos(2 * y) - math.cos(2 * z)
        return float(0.1 * (x * x + y * y + z * z + 0.3 * x * z) + 0.2 * ripple)


class Sleepy(Quadratic):
    """The bowl, 20 milliseconds a trial: time enough to interrupt a run."""

    def evaluate(self, params: dict[str, Any]) -> float:
        """Loss of ``params``, later."""
        time.sleep(0.02)
        return super().evaluate(params)


class Faulty(Quadratic):
    """The bowl, but some configurations raise an error and others return NaN."""

    def evaluate(self, params: dict[str, Any]) -> float:
        """Loss of ``params``.

        Raises:
            MemoryError: If the width is 56 or more.
        """
        if params["width"] >= 56:
            raise MemoryError(f"width {params['width']} does not fit")
        return math.nan if params["kind"] == "c" else super().evaluate(params)
