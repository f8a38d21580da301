"""What the command line reports as one line instead of a traceback."""

from __future__ import annotations


class UsageError(Exception):
    """Something the user asked for cannot be done; the message says what to do instead."""
