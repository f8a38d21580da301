"""The samplers to compare, as specifications: a name and how to build one in a worker.

A sampler object is never sent to another process (samplers loaded from a hub folder cannot be
unpickled there). A new contender is one entry of ``CONTENDERS``.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
import importlib.util
import math
from typing import Any
from typing import TYPE_CHECKING

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.distributions import CategoricalDistribution
from optuna.distributions import FloatDistribution
from optuna.distributions import IntDistribution
from optuna.samplers import BaseSampler

from . import hub
from .errors import unknown_name


if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial
    from optuna.trial import TrialState


Space = dict[str, BaseDistribution]

# A grid as a person lays it out: all values of a short list, low-middle-high of a longer one, and
# five values of what has no list. For the Perceiver that makes 3 x 3 x 3 x 5 = 135 points.
_SHORT_LIST = 4
_LATTICE_LEVELS = 3
_CONTINUOUS_LEVELS = 5


@dataclass(frozen=True)
class Contender:
    """A sampler to compare.

    Attributes:
        name: What the user and the studies call it.
        description: One line for ``list``.
        build: Makes the sampler from a seed and the problem's search space.
        requires: Modules that it imports besides the harness's own.
        install: The command that installs them.
        package: Package of this checkout that it lives in; empty for Optuna's own.
        stateless: Whether a suggestion depends on nothing but the seed, the trial number and the
            finished trials. Others have their suggestions replayed when a study is resumed.
        limit: Number of trials after which it has nothing left to suggest; None for no limit.
    """

    name: str
    description: str
    build: Callable[[int, Space], BaseSampler]
    requires: tuple[str, ...] = ()
    install: str = ""
    package: str = ""
    stateless: bool = False
    limit: Callable[[Space], int] | None = None

    @property
    def version(self) -> str:
        """What identifies the code of the sampler: Optuna's version, or a digest of its files."""
        if self.package:
            return f"sha256:{hub.digest(self.package, ('*.py', 'requirements.txt'))}"
        return f"optuna {optuna.__version__}"

    def missing(self) -> str:
        """Why it cannot run here and what to do about it; empty if it can."""
        if self.package and not hub.has_package(self.package, "__init__.py"):
            return f"package/{self.package} is not in this checkout"
        absent = [name for name in self.requires if importlib.util.find_spec(name) is None]
        return f"needs {', '.join(absent)}: {self.install}" if absent else ""

    def n_trials(self, wanted: int, space: Space) -> int:
        """Number of trials to plan for a budget of ``wanted``."""
        return wanted if self.limit is None else min(wanted, self.limit(space))


class _PlainGrid(optuna.samplers.GridSampler):
    """GridSampler for ask-and-tell: the harness itself knows when the grid is exhausted."""

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Leave out ``study.stop()``, which raises outside of ``study.optimize``."""


def grid_levels(distribution: BaseDistribution) -> list[Any]:
    """Values of one parameter that grid search tries, ascending.

    Categories are all tried; a list of at most four values too; of a longer one the lowest, the
    middle and the highest; of a continuous or logarithmic range five, evenly spaced on its scale.

    Raises:
        ValueError: If the distribution is of a kind that is not known.
    """
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    if isinstance(distribution, (IntDistribution, FloatDistribution)):
        low, high, step = distribution.low, distribution.high, distribution.step
        if step is not None and not distribution.log:
            n_values = int(round((high - low) / step)) + 1
            n_levels = n_values if n_values <= _SHORT_LIST else _LATTICE_LEVELS
            indices = np.round(np.linspace(0, n_values - 1, n_levels)).astype(int).tolist()
            return sorted({low + index * step for index in indices})
        if distribution.log:
            spaced = np.exp(np.linspace(math.log(low), math.log(high), _CONTINUOUS_LEVELS))
        else:
            spaced = np.linspace(low, high, _CONTINUOUS_LEVELS)
        # exp(log(high)) may lie a rounding error outside of the range.
        values = np.clip(spaced, low, high).tolist()
        if isinstance(distribution, IntDistribution):
            return sorted({int(round(value)) for value in values})
        return sorted(set(values))
    raise ValueError(f"No grid for a {type(distribution).__name__}.")


def grid_size(space: Space) -> int:
    """Number of points of the grid."""
    return math.prod(len(grid_levels(distribution)) for distribution in space.values())


def _grid(seed: int, space: Space) -> BaseSampler:
    return _PlainGrid({name: grid_levels(space[name]) for name in space}, seed=seed)


def _lattice_gp(seed: int, space: Space) -> BaseSampler:
    sampler = hub.load_package("samplers/lattice_gp").LatticeGPSampler(seed=seed)
    assert isinstance(sampler, BaseSampler)
    return sampler


OURS = "lattice_gp"
CONTENDERS: dict[str, Contender] = {
    contender.name: contender
    for contender in (
        Contender(
            OURS,
            "this project's sampler: a Gaussian process that knows lattices",
            _lattice_gp,
            package="samplers/lattice_gp",
            stateless=True,
        ),
        Contender(
            "tpe",
            "Optuna's default, the tree-structured Parzen estimator",
            lambda seed, space: optuna.samplers.TPESampler(seed=seed),
        ),
        Contender(
            "random",
            "independent random values",
            lambda seed, space: optuna.samplers.RandomSampler(seed=seed),
        ),
        Contender(
            "gp",
            "Optuna's Gaussian process sampler",
            lambda seed, space: optuna.samplers.GPSampler(seed=seed),
            requires=("torch",),
            install="pip install torch torchvision",
        ),
        Contender(
            "grid",
            "grid search in random order, 3 to 5 values a parameter",
            _grid,
            stateless=True,
            limit=grid_size,
        ),
    )
}


def get_contender(name: str, argument: str = "--samplers") -> Contender:
    """Look a contender up.

    Raises:
        UsageError: If there is none of that name.
    """
    # Names with a colon are kept free for samplers from elsewhere: a hub package or a class.
    if name not in CONTENDERS:
        raise unknown_name(argument, name, list(CONTENDERS))
    return CONTENDERS[name]
