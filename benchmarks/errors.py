"""What the command line reports as one line instead of a traceback."""

from __future__ import annotations

from collections.abc import Sequence
import difflib


class UsageError(Exception):
    """Something the user asked for cannot be done; the message says what to do instead."""


def unknown_name(argument: str, got: str, accepted: Sequence[str]) -> UsageError:
    """Describe a mistyped name.

    Args:
        argument: The option it was given to, such as ``"--samplers"``.
        got: The name that is not known.
        accepted: Every name that is.
    """
    close = difflib.get_close_matches(got, accepted, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return UsageError(f"{argument}: got {got!r}, accepts {', '.join(accepted)}.{hint}")
