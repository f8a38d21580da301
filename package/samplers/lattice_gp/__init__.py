"""A sample-efficient sampler for expensive trials on lattices and log scales."""

from __future__ import annotations

from .explanation import Explanation
from .predictions.prediction import Prediction
from .predictions.prediction import prediction_of
from .predictions.stopping import StopCallback
from .sampler import LatticeGPSampler


__all__ = [
    "Explanation",
    "LatticeGPSampler",
    "Prediction",
    "StopCallback",
    "prediction_of",
]
