"""Samplers compared across problems."""
