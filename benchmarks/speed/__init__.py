"""Seconds and memory of a suggestion."""
