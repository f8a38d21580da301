"""The state of NumPy and its libraries in which suggestions are computed, not the user's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from .threads import single_threaded_blas


@contextmanager
def own_numerics() -> Iterator[None]:
    """Linear algebra on one thread, and no errors or warnings of floating point.

    Numbers that underflow, or are cut off after they overflowed, are meant to. Who hunts for NaN
    in an objective with ``np.seterr(all="raise")`` would lose the model to them.
    """
    with single_threaded_blas(), np.errstate(all="ignore"):
        yield
