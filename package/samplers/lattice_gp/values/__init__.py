"""Observed values as a Gaussian process can model them, and which of them are better."""

from __future__ import annotations
