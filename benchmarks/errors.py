"""What the command line reports as one line instead of a traceback."""

from __future__ import annotations

from collections.abc import Sequence
import difflib


class UsageError(Exception):
    """Something the user asked for cannot be done; the message says what to do instead."""


def message_of(error: BaseException) -> str:
    """What an error says, also where its class is a library's or a user's that fails to say it."""
    try:
        return str(error)
    except Exception:
        return "an error without a message: making it raises another one"


def named(error: BaseException) -> str:
    """What an error says, after the name of its class."""
    return f"{type(error).__name__}: {message_of(error)}"


def in_one_line(error: BaseException) -> str:
    """The same without line breaks."""
    return " ".join(named(error).split())


def reason_of(error: BaseException) -> str:
    """What an error says, in one line of at most 300 characters, without SQLAlchemy's link."""
    return " ".join(message_of(error).split("\n(Background")[0].split())[:300]


# More names than this are not read to the end; where a command shows them, it is named instead.
_MOST_NAMES = 20


def unknown_name(
    argument: str,
    got: str,
    accepted: Sequence[str],
    *,
    forms: Sequence[str] = (),
    shown_by: str = "",
) -> UsageError:
    """Describe a mistyped name.

    Args:
        argument: The option it was given to, such as ``"--samplers"``.
        got: The name that is not known.
        accepted: Every name that is.
        forms: What is accepted besides, such as ``"module:NAME"``.
        shown_by: A command that shows the accepted names; empty if none does.
    """
    close = difflib.get_close_matches(got, [*accepted, *forms], n=1)
    hint = f". Did you mean {close[0]!r}? Accepts " if close else ", accepts "
    is_long = bool(shown_by) and len(accepted) > _MOST_NAMES
    names = [f"the {len(accepted)} names that `{shown_by}` shows"] if is_long else accepted
    return UsageError(f"{argument}: got {got!r}{hint}{', '.join([*names, *forms])}.")
