"""Expected hypervolume improvement, exact and in log space, for objectives that are minimised."""

from __future__ import annotations

import numpy as np
from scipy.special import log_ndtr

from ..basics.arrays import BoolArray
from ..basics.arrays import FloatArray
from ..basics.arrays import IntArray
from .expected_improvement import log_h


# Elements of a (candidates, boxes) array worked on at once: more would leave the cache.
_BLOCK_SIZE = 2**14
# Points of a front that are decomposed at most, by the number of objectives: with more of these
# the number of boxes, and a suggestion's time, explodes. At these limits it is about a tenth of a
# second.
_MAX_FRONT = {4: 80, 5: 30, 6: 12, 7: 7}
_MAX_FRONT_BEYOND = 4
# Sides of a box shorter than this, in deviations, are integrated by the midpoint rule, which is
# then exact to 1e-7; the difference of two almost equal numbers is not.
_NARROW = 1e-3
_TINY = np.finfo(np.float64).tiny


def is_nondominated(values: FloatArray) -> BoolArray:
    """Which points no other point dominates; of equal points, the first only.

    Args:
        values: Objective values (n, k).

    Returns:
        Array (n,).
    """
    nondominated = np.zeros(len(values), dtype=np.bool_)
    # In lexicographic order, a point can be dominated, or preceded by its equal, only by those
    # before it.
    remaining = np.lexsort(values.T[::-1])
    while len(remaining) > 0:
        head = remaining[0]
        nondominated[head] = True
        remaining = remaining[(values[remaining] < values[head]).any(axis=1)]
    return nondominated


def thinned(front: FloatArray) -> FloatArray:
    """A front (m, k) of no more points than can be decomposed in time: those farthest apart.

    In three objectives and fewer, all of it.
    """
    m, k = front.shape
    limit = m if k <= 3 else _MAX_FRONT.get(k, _MAX_FRONT_BEYOND)
    if m <= limit:
        return front
    kept = [int(front.sum(axis=1).argmin())]
    distances = np.full(m, np.inf)
    while len(kept) < limit:
        distances = np.minimum(distances, ((front - front[kept[-1]]) ** 2).sum(axis=1))
        kept.append(int(distances.argmax()))
    return front[kept]


def nondominated_boxes(front: FloatArray, reference: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Disjoint boxes that make up the region below the reference that the front leaves open.

    The region is what lies below any of its local upper bounds (Klamroth, Lacour and
    Vanderpooten, On the representation of the search region in multi-objective optimization,
    European Journal of Operational Research 2015), so that with all signs turned it is the
    region that these dominate, for which there is a decomposition into boxes.

    Args:
        front: Finite objective values (m, k); m may be 0, and points may dominate each other.
        reference: Upper end (k,) of the region, finite; points not below it in every objective
            are left out.

    Returns:
        Lower and upper corners (n_boxes, k), n_boxes at least 1; lower ones may be -inf.
    """
    contributing = _contributing(front, reference)
    ranks, levels = _rank(contributing, reference)
    bounds = _at_ranks(levels, _local_upper_bounds(ranks)[0])
    unbounded = np.full(len(reference), np.inf)
    lower, upper = _dominated_boxes(_contributing(-bounds, unbounded), unbounded)
    return -upper, -lower


def log_expected_hypervolume_improvement(
    means: FloatArray, deviations: FloatArray, lower: FloatArray, upper: FloatArray
) -> FloatArray:
    """Logarithm of the expected growth of the dominated volume by evaluating each candidate.

    A point takes from each box the part above itself, a product of lengths. As the objectives are
    independent, the expected product is the product of expected lengths, each a difference of two
    expected improvements (Emmerich, Deutz and Klinkenberg, Hypervolume-based expected
    improvement: Monotonicity properties and exact computation, CEC 2011). Taken in log space as
    in Ament et al., Unexpected Improvements to Expected Improvement for Bayesian Optimization,
    NeurIPS 2023, it is finite where the expectation itself underflows to 0.

    Args:
        means: Posterior means (n, k) of the objectives.
        deviations: Posterior standard deviations (n, k), positive.
        lower: Lower corners (n_boxes, k) of the open region, from :func:`nondominated_boxes`.
        upper: Upper corners (n_boxes, k).

    Returns:
        Array (n,).
    """
    result = np.empty(len(means))
    sides = [_Sides(lower[:, j], upper[:, j]) for j in range(lower.shape[1])]
    step = max(1, _BLOCK_SIZE // len(lower))
    for start in range(0, len(means), step):
        block = slice(start, start + step)
        log_volumes = np.zeros((len(means[block]), len(lower)))
        for j, side in enumerate(sides):
            log_volumes += side.log_expected_lengths(means[block, j], deviations[block, j])
        largest = log_volumes.max(axis=1)
        log_volumes -= largest[:, None]
        result[block] = largest + np.log(np.exp(log_volumes).sum(axis=1))
    return result


class _Sides:
    """The boxes' extents in one objective; many boxes share a corner's value, some both.

    Args:
        lower: Lower ends (n_boxes,).
        upper: Upper ends (n_boxes,).
    """

    def __init__(self, lower: FloatArray, upper: FloatArray) -> None:
        self._ends, index = np.unique(np.concatenate([lower, upper]), return_inverse=True)
        n_ends = len(self._ends)
        pairs = index[: len(lower)] * n_ends + index[len(lower) :]
        distinct, self._side_of_box = np.unique(pairs, return_inverse=True)
        self._lower, self._upper = np.divmod(distinct, n_ends)

    def log_expected_lengths(self, mean: FloatArray, deviation: FloatArray) -> FloatArray:
        """log E[max(0, upper - max(lower, Y))] of normal Y, for each candidate and box.

        Args:
            mean: Of n candidates (n,).
            deviation: Of n candidates (n,).

        Returns:
            Array (n, n_boxes), finite.
        """
        scores = (self._ends - mean[:, None]) / deviation[:, None]
        log_improvements = log_h(scores)
        below_upper = log_improvements[:, self._upper]
        ratio = log_improvements[:, self._lower] - below_upper
        # log(exp(a) - exp(b)) = a + log(1 - exp(b - a)).
        lengths = below_upper + np.log(np.maximum(-np.expm1(ratio), _TINY))

        # The improvement's derivative is the cumulative distribution function, which in the lower
        # tail falls by a factor of e over 1 / |score|.
        width = (self._ends[self._upper] - self._ends[self._lower]) / deviation[:, None]
        row, side = np.nonzero(width * np.maximum(1.0, -scores[:, self._upper]) < _NARROW)
        narrow = width[row, side]
        middle = scores[row, self._upper[side]] - 0.5 * narrow
        lengths[row, side] = np.log(narrow) + log_ndtr(middle)

        lengths += np.log(deviation)[:, None]
        by_box: FloatArray = lengths[:, self._side_of_box]
        return by_box


def _contributing(front: FloatArray, reference: FloatArray) -> FloatArray:
    """The points that dominate a part of the region no other does, by their last objective."""
    below = front[(front < reference).all(axis=1)]
    distinct = below[is_nondominated(below)]
    # The order decides how ties are broken; in this, 3 objectives take 2 m + 1 open boxes at most.
    return distinct[np.lexsort(distinct.T)]


def _dominated_boxes(front: FloatArray, reference: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Disjoint boxes that make up the region that the front dominates, up to the reference.

    Lacour, Klamroth and Fonseca, A box decomposition algorithm to compute the hypervolume
    indicator, Computers & Operations Research 2017: one box for each local upper bound, from the
    points that define it.

    Args:
        front: Objective values (m, k) below the reference.
        reference: Array (k,).

    Returns:
        Lower and upper corners (n_boxes, k); n_boxes may be 0.
    """
    ranks, levels = _rank(front, reference)
    upper, defining = _local_upper_bounds(ranks)
    lower = np.empty_like(upper)
    lower[:, 0] = upper[:, 0]
    for j in range(1, upper.shape[1]):
        lower[:, j] = defining[:, :j, j].max(axis=1)
    upper[:, 0] = len(front)
    # The first objective has no room above where the bound is the reference's; only there can
    # a lower corner be that of no point at all.
    has_room = lower[:, 0] < len(front)
    low, high = _at_ranks(levels, lower[has_room]), _at_ranks(levels, upper[has_room])
    # Ties between points leave flat boxes.
    is_solid = (low < high).all(axis=1)
    return low[is_solid], high[is_solid]


def _rank(front: FloatArray, reference: FloatArray) -> tuple[IntArray, FloatArray]:
    """Replaces each objective by its order: the algorithms need points that share no coordinate.

    Returns:
        Ranks (m, k), each of 0 to m - 1 once in a column, equal values in the points' order; and
        the values (m + 1, k) at the ranks, at rank m the reference's.
    """
    order = np.argsort(front, axis=0, kind="stable")
    levels = np.concatenate([np.take_along_axis(front, order, axis=0), reference[None]])
    return np.argsort(order, axis=0), levels


def _at_ranks(levels: FloatArray, ranks: IntArray) -> FloatArray:
    return np.take_along_axis(levels, ranks, axis=0)


def _local_upper_bounds(ranks: IntArray) -> tuple[IntArray, IntArray]:
    """The least corners such that all that no point dominates lies below one of them.

    Each has for each objective j a point that defines it there: one that shares its coordinate j
    and is below it in the others. Points are added one at a time; each splits the bounds above
    it, and of the new ones those are kept that are not below another (Klamroth et al. 2015).

    Args:
        ranks: Points (m, k), in no column one value twice, of 0 to m - 1.

    Returns:
        Bounds (b, k), m where the reference is the bound; and their defining points (b, k, k), of
        which the second axis is j. These have -1 where the reference defines the bound, and in
        coordinate j itself, which is the bound's.
    """
    n_points, n_objectives = ranks.shape
    bounds = np.full((1, n_objectives), n_points)
    defining = np.full((1, n_objectives, n_objectives), -1)
    for point in ranks:
        is_above = (bounds > point).all(axis=1)
        split = np.flatnonzero(is_above)
        # Moved down to the point in objective j, a bound must stay above the points that define
        # it in the other objectives.
        row, moved = np.nonzero(point > defining[split].max(axis=1))
        new = np.arange(len(row))
        lowered, lowered_defining = bounds[split[row]], defining[split[row]]
        lowered[new, moved] = point[moved]
        lowered_defining[new, moved] = point
        lowered_defining[new, moved, moved] = -1
        bounds = np.concatenate([bounds[~is_above], lowered])
        defining = np.concatenate([defining[~is_above], lowered_defining])
    return bounds, defining
