"""COCO's mixed-integer suite ``bbob-mixint``: a quarter of the parameters each of 2, 4, 8 and 16.

Tusar, Brockhoff and Hansen, Mixed-integer benchmark problems for single- and bi-objective
optimization (GECCO 2019). Four fifths of the parameters are ints of 2, 4, 8 or 16 values, the rest
is continuous.
"""

from __future__ import annotations

import os
from pathlib import Path
import tempfile
from typing import Any

import numpy as np

from .base import capped
from .base import SuiteProblem
from .coco_suites import space_of
from .space import Params


class Coco(SuiteProblem):
    """One function of ``bbob-mixint``.

    Args:
        function: Its number, from 1 to 24.
        n_dims: 5, 10 or 20.
        instance: Which shift and rotation, from 1 to 15.

    Raises:
        ModuleNotFoundError: If ``coco-experiment`` is not installed.
    """

    def __init__(self, function: int, n_dims: int, instance: int = 1) -> None:
        self._problem = _load(function, n_dims, instance)
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


def _load(function: int, n_dims: int, instance: int) -> Any:
    import cocoex

    cocoex.log_level("error")
    # The filter makes it load one problem, which takes milliseconds, and not all of them.
    chosen = f"dimensions:{n_dims} function_indices:{function}"
    return cocoex.Suite("bbob-mixint", f"instances:{instance}", chosen).get_problem(0)
