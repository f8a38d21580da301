"""Proves that the packages are ready for the OptunaHub registry, and prepares the pull request.

Run from the checkout as ``python -m publishing check|test|prepare|rules``.
"""
