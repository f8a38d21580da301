"""What earlier studies tell of this one's objectives.

Each earlier study is modelled once, by a Gaussian process of its own. Its mean is a *trend*: the
objective is believed to be a multiple of it plus a function of its own. The multiple is learned
with the rest, so that a study that turns out to be unrelated soon counts for nothing, and one that
was the other way round counts with the opposite sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..basics.arrays import FloatArray
from ..recipe import Recipe
from ..space.axes import Axis
from ..space.search_space import SearchSpace
from ..surrogates.observations import Observations
from ..surrogates.surrogate import Surrogate
from ..surrogates.surrogate import Surrogates
from ..values.merit import order_of_merit
from .alignment import Alignment
from .alignment import nearest_point
from .prior_studies import PriorStudy


# Random points over which trends are standardised.
_N_POINTS = 512
# A model of less variation over the space, in units of its observed scores, tells nothing.
_LEAST_VARIATION = 1e-3
# Trials of an earlier study that others start from, at most.
_MAX_STARTS = 32


class Source:
    """An earlier study as a function of the points of a search space.

    Args:
        study: The earlier study, with at least two trials.
        alignment: Of the search space with its trials; with a shared parameter.
        anywhere: Array (m, d): random points of the search space.
        surrogates: Makes the model.

    Attributes:
        is_informative: Whether the model tells points apart at all.
    """

    def __init__(
        self,
        study: PriorStudy,
        alignment: Alignment,
        anywhere: FloatArray,
        surrogates: Surrogates,
    ) -> None:
        self._alignment = alignment
        self._surrogates = surrogates
        assert alignment.space is not None
        self._space = alignment.space
        inputs = surrogates.inputs(self._space, alignment.points)
        # Where its constraints were violated, its values tell as much of this one's.
        unconstrained = study.values[:, :0]
        order = order_of_merit(study.values, unconstrained)
        observations = Observations(inputs, order, is_local=False)
        none = inputs[np.arange(0)]
        self._models: list[Surrogate] = [
            surrogates.of(observations, column, none, is_plain=False, yardstick=yardstick)
            for column, yardstick in zip(
                study.values.T, surrogates.yardsticks(study.values, unconstrained)
            )
        ]
        means = self._means(anywhere)
        deviations = means.std(axis=0)
        tells = deviations > _LEAST_VARIATION
        self.is_informative = bool(tells.any())
        self._centres, self._deviations = means.mean(axis=0), np.where(tells, deviations, 1.0)

    def __call__(self, points: FloatArray) -> FloatArray:
        """What the study expects (m, k) at points (m, d), of mean 0 and deviation 1 over all."""
        expected: FloatArray = (self._means(points) - self._centres) / self._deviations
        return expected

    def _means(self, points: FloatArray) -> FloatArray:
        inputs = self._surrogates.inputs(self._space, self._alignment(points))
        return np.stack([model.mean(inputs) for model in self._models], axis=1)


class Trends:
    """What earlier studies expect of a study's objectives.

    Args:
        sources: The earlier studies, s of them, at least one.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self.n_per_objective = len(sources)

    def __call__(self, points: FloatArray) -> FloatArray:
        """Trends (m, k * s) at points (m, d): the s of the first objective, then the next's."""
        expected = np.stack([source(points) for source in self._sources], axis=2)
        # -1 would not do without points.
        trends: FloatArray = expected.reshape(len(points), expected.shape[1] * expected.shape[2])
        return trends


class _Built(NamedTuple):
    """Trends, and what they were made for.

    Attributes:
        axes: Of the search space.
        n_objectives: Of the study.
        trends: None if the studies tell nothing.
        complaints: Why some are left out, if any are.
    """

    axes: tuple[Axis, ...]
    n_objectives: int
    trends: Trends | None
    complaints: list[str]


class Transfer:
    """The earlier studies of a sampler.

    Args:
        studies: As they were read.
        recipe: The ingredients of their models.
    """

    def __init__(self, studies: Sequence[PriorStudy], recipe: Recipe) -> None:
        self._studies = studies
        self._surrogates = Surrogates(recipe)
        # The latest trends: it saves time and nothing else.
        self._latest: _Built | None = None

    def trends(self, space: SearchSpace, n_objectives: int) -> tuple[Trends | None, list[str]]:
        """What the studies tell of a space's points.

        Returns:
            Their trends, None if they tell nothing; and why some are left out, if any are.
        """
        if not self._studies:
            return None, []
        latest = self._latest
        if latest is None or latest.axes is not space.axes or latest.n_objectives != n_objectives:
            trends, complaints = self._build(space, n_objectives)
            self._latest = latest = _Built(space.axes, n_objectives, trends, complaints)
        return latest.trends, latest.complaints

    def starts(self, space: SearchSpace, n_objectives: int) -> FloatArray:
        """Trials of the studies as points (n, d) of a space: each best, then each second, ..."""
        ranked = []
        for place, study in enumerate(self._studies):
            if _why_unfit(study, n_objectives):
                continue
            order = order_of_merit(study.values, study.constraints)
            for rank, i in enumerate(order[:_MAX_STARTS].tolist()):
                if any(name in study.params[i] for name in space.names):
                    ranked.append((rank, place, nearest_point(space, study.params[i])))
        ranked.sort(key=lambda entry: entry[:2])
        points = [point for _, _, point in ranked]
        return np.array(points, dtype=float).reshape(len(points), space.n_params)

    def _build(self, space: SearchSpace, n_objectives: int) -> tuple[Trends | None, list[str]]:
        # Conditions, which are learned as the study goes on, and what is fixed for one trial must
        # not change a trend's units.
        whole = SearchSpace(space.distributions)
        rng = np.random.default_rng(space.fingerprint)
        anywhere = whole.from_quantiles(rng.random((_N_POINTS, space.n_params)))
        sources, complaints = [], []
        for study in self._studies:
            source = self._source(study, whole, anywhere, n_objectives)
            if isinstance(source, Source):
                sources.append(source)
            else:
                complaints.append(f"The prior study {study.name!r} is left out: {source}.")
        return Trends(sources) if sources else None, complaints

    def _source(
        self, study: PriorStudy, space: SearchSpace, anywhere: FloatArray, n_objectives: int
    ) -> Source | str:
        """A study as a function of a space's points, or why it tells nothing of them."""
        reason = _why_unfit(study, n_objectives)
        if reason:
            return reason
        alignment = Alignment(space, study.params)
        if alignment.space is None:
            return "none of its parameters is one of this study"
        source = Source(study, alignment, anywhere, self._surrogates)
        if not source.is_informative:
            return "its values do not depend on the parameters of this study"
        return source


def _why_unfit(study: PriorStudy, n_objectives: int) -> str:
    """Why nothing can be learned from a study, whatever its parameters; empty if it can."""
    n, k = study.values.shape
    if k != n_objectives:
        return f"its number of objectives is {k}, not {n_objectives}"
    if n < 2:
        return f"its number of completed trials is {n}, but must be 2 or more"
    return ""
