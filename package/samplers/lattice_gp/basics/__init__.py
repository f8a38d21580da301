"""What serves all other folders: types of arrays, checks, threads, the storage's private ways."""

from __future__ import annotations
