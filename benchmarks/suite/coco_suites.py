"""Functions of COCO's single-objective suites, by number.

Hansen et al., COCO: a platform for comparing continuous optimizers in a black-box setting
(Optimization Methods and Software 36, 2021). Four fifths of the parameters of ``bbob-mixint`` are
ints of 2, 4, 8 or 16 values, the rest is continuous: Tusar, Brockhoff and Hansen, Mixed-integer
benchmark problems for single- and bi-objective optimization (GECCO 2019).
"""

from __future__ import annotations

import os
from pathlib import Path
import tempfile
from typing import Any

import numpy as np
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution

from .base import capped
from .base import SuiteProblem
from .space import Params
from .space import Space


# Numbers of the functions of the suites with one objective and no constraints.
FUNCTIONS = {
    "bbob": range(1, 25),
    "bbob-noisy": range(101, 131),
    "bbob-largescale": range(1, 25),
    "bbob-mixint": range(1, 25),
}


def space_of(problem: Any) -> Space:
    """Search space of a problem of COCO: its integer variables come first."""
    n_ints = problem.number_of_integer_variables
    bounds = zip(problem.lower_bounds, problem.upper_bounds)
    return {
        f"x{i}": IntDistribution(int(low), int(high))
        if i < n_ints
        else FloatDistribution(float(low), float(high))
        for i, (low, high) in enumerate(bounds)
    }


class CocoProblem(SuiteProblem):
    """One function of a suite of COCO.

    Args:
        suite: One of :data:`FUNCTIONS`.
        function: Its number, 1 or more (to 24 in ``bbob``).
        dimension: Number of parameters; the suites have 5, 10, 20 and others.
        instance: Which shift and rotation, 1 or more.

    Raises:
        ValueError: If the suite has no such function.
        ModuleNotFoundError: If ``coco-experiment`` is not installed.
    """

    def __init__(self, suite: str, function: int, dimension: int, instance: int = 1) -> None:
        import cocoex

        if suite not in FUNCTIONS:
            raise ValueError(f"suite is {suite!r}, but must be one of {', '.join(FUNCTIONS)}.")
        if function not in FUNCTIONS[suite]:
            first, last = FUNCTIONS[suite][0], FUNCTIONS[suite][-1]
            raise ValueError(
                f"function is {function!r}, but {suite} has those from {first} to {last}."
            )
        # The suite counts its functions from 1, whatever their numbers.
        place = FUNCTIONS[suite].index(function) + 1
        chosen = f"function_indices:{place} dimensions:{dimension} instance_indices:{instance}"
        before = cocoex.log_level("error")
        try:
            self._problem = cocoex.Suite(suite, "", chosen).get_problem(0)
            found = self._problem.id_function, self._problem.dimension, self._problem.id_instance
        except Exception:  # Its own classes, which tell little.
            found = None
        finally:
            cocoex.log_level(before)
        # What is out of range it ignores, and takes the first that there is.
        if found != (function, dimension, instance):
            raise ValueError(
                f"{suite} has no function {function} with dimension={dimension!r} and "
                f"instance={instance!r}."
            )
        super().__init__(space_of(self._problem))

    def loss(self, params: Params) -> float:
        """COCO's value of ``params``."""
        return capped(self._problem(np.array([params[name] for name in self._space], dtype=float)))

    def known_minimum(self) -> float:
        """COCO's value of the point that it says is best."""
        # The one way to learn it: COCO writes the point to a file in the working directory.
        before = Path.cwd()
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                self._problem._best_parameter("print")
                best = np.loadtxt("._bbob_problem_best_parameter.txt")
            finally:
                os.chdir(before)
        return float(self._problem(best))
