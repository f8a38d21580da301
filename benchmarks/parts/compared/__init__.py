"""The parts of the sampler that are compared, a module each: its tasks, who takes part."""

from __future__ import annotations
