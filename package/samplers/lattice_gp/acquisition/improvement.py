"""How much a point is expected to improve on what is known, in one objective or several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..basics.arrays import BoolArray
from ..basics.arrays import FloatArray
from ..surrogates.kernels import Inputs
from ..surrogates.surrogate import Surrogate
from .expected_improvement import log_expected_improvement
from .hypervolume import is_nondominated
from .hypervolume import log_expected_hypervolume_improvement
from .hypervolume import nondominated_boxes
from .hypervolume import thinned


# How far beyond the worst of the front the reference point lies, as a share of the front's range:
# far enough for its ends to be worth finding. It is this for two objectives, its square for three,
# its cube for four: the more ends there are, the sooner they are all that is worth it.
_MARGIN = 0.5
# No range counts as smaller than this, in scores.
_MIN_RANGE = 0.1


class Improvement:
    """The logarithm of the expected improvement on the observations that are worth one.

    These count as they are expected to turn out again (the plug-in of Picheny, Wagner and
    Ginsbourger, A Benchmark of Kriging-Based Infill Criteria for Noisy Optimization, Structural
    and Multidisciplinary Optimization 2013), not as they were measured: no point near a lucky
    measurement promises to beat that, and those that nothing is known of would be preferred.

    Of one objective it is that on the best of them; of several, on the volume that they dominate
    (Emmerich, Giannakoglou and Naujoks, Single- and Multiobjective Evolutionary Optimization
    Assisted by Gaussian Random Field Metamodels, IEEE Transactions on Evolutionary Computation
    2006), in units of the surrogates' scores.

    Args:
        objectives: A surrogate for each; of the same observations.
        is_improvable: Bool array (n,): which of their observations can be improved on, the
            feasible ones of complete trials; at least one.
        is_believed: Bool array (p,): which of the pending points can, as they are believed to turn
            out: whatever comes next must improve on them too, or it would be proposed right beside
            them.
        to_beat: If only a part of the space is searched, points in it, at least one: of a single
            objective, what the best of them will hardly miss (its mean and a deviation) is to be
            improved on. Where nothing can beat the best of the whole space, improvement on that
            would be sought where least is known, not where most is expected.

    Attributes:
        incumbent: The best expected score of these observations, of a single objective; None of
            several.
    """

    def __init__(
        self,
        objectives: Sequence[Surrogate],
        is_improvable: BoolArray,
        is_believed: BoolArray,
        to_beat: Inputs | None = None,
    ) -> None:
        self._objectives = objectives
        self.incumbent: float | None = None
        known = [s.counted[is_improvable] for s in objectives]
        believed = [s.believed[is_believed] for s in objectives]
        if len(objectives) == 1:
            self.incumbent = float(known[0].min())
            if to_beat is None:
                self._to_beat = float(min([self.incumbent, *believed[0]]))
            else:
                means, deviations = objectives[0].predict(to_beat)
                self._to_beat = float((means + deviations).min())
        else:
            scores = np.stack([np.concatenate(pair) for pair in zip(known, believed)], axis=1)
            everywhere = np.stack([s.counted for s in objectives], axis=1)
            front = scores[is_nondominated(scores)]
            self._boxes = nondominated_boxes(thinned(front), _reference(front, everywhere))

    def __call__(self, inputs: Inputs) -> FloatArray:
        """Logarithms (m,) of what given points are expected to improve by."""
        return self.of([s.predict(inputs) for s in self._objectives])

    def of(self, predictions: Sequence[tuple[FloatArray, FloatArray]]) -> FloatArray:
        """The same of points with these means and deviations (m,) of each objective's scores."""
        if len(predictions) == 1:
            return log_expected_improvement(*predictions[0], self._to_beat)
        means, deviations = (np.stack(columns, axis=1) for columns in zip(*predictions))
        return log_expected_hypervolume_improvement(means, deviations, *self._boxes)


def _reference(front: FloatArray, scores: FloatArray) -> FloatArray:
    """The point (k,) from which the dominated volume is measured.

    Beyond the worst of the front (m, k), if it is long enough to have a shape, else
    beyond the worst of all observations (n, k).
    """
    shown = front if len(front) > front.shape[1] else scores
    best, worst = shown.min(axis=0), shown.max(axis=0)
    margin = _MARGIN ** (front.shape[1] - 1)
    reference: FloatArray = worst + margin * np.maximum(worst - best, _MIN_RANGE)
    return reference
