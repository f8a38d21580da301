"""Gaussian processes: one surrogate for each objective, constraint and cost."""

from __future__ import annotations
