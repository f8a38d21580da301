"""The measured runs as a table: what lies between them, and how far that is to be trusted."""

from __future__ import annotations
