"""A sample-efficient sampler for expensive trials on lattices and log scales."""

from .sampler import LatticeGPSampler


__all__ = ["LatticeGPSampler"]
