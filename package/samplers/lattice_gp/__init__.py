"""A sample-efficient sampler for expensive trials on lattices and log scales."""

from __future__ import annotations

from .explanation import Explanation
from .prediction import Prediction
from .prediction import prediction_of
from .sampler import LatticeGPSampler
from .stopping import StopCallback


__all__ = [
    "Explanation",
    "LatticeGPSampler",
    "Prediction",
    "StopCallback",
    "prediction_of",
]
