"""What other workers chose while a suggestion was being computed.

Workers that ask at the same time know the same: the model sends them to the same point, or right
beside it. Every worker writes down its suggestion, then looks what has been written since it last
looked. Of two that find each other, the trial of the higher number gives way; but one that had
looked before there was anything to see is being evaluated, and so the other gives way to it.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
import math
import time

import numpy as np

from ..basics.arrays import FloatArray
from ..space.search_space import SearchSpace
from .records import Record


# Points closer than this share of the cube's diagonal would tell nearly the same.
_NEAR = 0.05
# Within a moment, a worker whose trial is to give way does so, or evaluates it.
_MOMENT_SECONDS = 0.005
_MAX_MOMENTS = 20


def look_around(
    read: Callable[[], list[Record]],
    space: SearchSpace,
    point: FloatArray,
    number: int,
    known: Sequence[Record],
) -> tuple[list[Record], bool]:
    """See whether a suggestion, which others can see by now, has to give way.

    Args:
        read: Reads the other trials.
        space: The search space.
        point: Array (d,): the suggestion.
        number: Of its trial.
        known: The other trials that it was computed from.

    Returns:
        The other trials as they are now, and whether to compute the suggestion anew from them.
    """
    others: list[Record] = []
    for moment in range(_MAX_MOMENTS):
        if moment > 0:
            time.sleep(_MOMENT_SECONDS)
        others = read()
        rivals = near_rivals(space, point, known, others)
        if any(rival.number < number or rival.trial.params for rival in rivals):
            return others, True
        if not rivals:
            break
    return others, False


def near_rivals(
    space: SearchSpace, point: FloatArray, known: Sequence[Record], now: Sequence[Record]
) -> list[Record]:
    """The trials close to a point (d,) of which it was chosen without knowledge.

    Args:
        space: The search space.
        point: Array (d,).
        known: The other trials that it was computed from.
        now: The other trials.
    """
    known_by_number = {record.number: record for record in known}
    rivals = []
    for record in now:
        earlier = known_by_number.get(record.number)
        place = None if earlier is record else record.place(space)
        if place is None or (earlier is not None and _is_at(earlier.place(space), place)):
            continue
        apart = space.features(place[None, :]) - space.features(point[None, :])
        if math.sqrt(float((apart**2).sum())) < _NEAR * math.sqrt(space.n_params):
            rivals.append(record)
    return rivals


def _is_at(place: FloatArray | None, other: FloatArray) -> bool:
    return place is not None and bool(np.array_equal(place, other))
