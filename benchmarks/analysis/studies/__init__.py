"""Stored studies of one problem: read, as arrays, and what is told of them."""
