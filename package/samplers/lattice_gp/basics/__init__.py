"""What serves all other folders: types of arrays, checks, threads, and the storage's private ways."""

from __future__ import annotations
