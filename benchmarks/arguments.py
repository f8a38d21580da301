"""Options that several commands have, and reading values, with a clear line for a wrong one."""

from __future__ import annotations

import argparse
import math

from .errors import UsageError


class DefaultsFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Tells the default of an option that has one, and nothing of one that is left out or off."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default is None or action.default is False or action.default == "":
            return action.help
        return super()._get_help_string(action)


def add_place(parser: argparse.ArgumentParser, out_help: str, *, required: bool = False) -> None:
    """Add the options that say where results are."""
    parser.add_argument("--out", required=required, metavar="DIR", help=out_help)
    parser.add_argument(
        "--storage", metavar="URL", help="any Optuna storage (sqlite:///OUT/studies.db)"
    )


class AtLeast:
    """Type of an integer option with a smallest value.

    Args:
        smallest: The smallest value.
    """

    def __init__(self, smallest: int) -> None:
        self._smallest = smallest

    def __call__(self, text: str) -> int:
        """The integer that ``text`` stands for.

        Raises:
            argparse.ArgumentTypeError: If it is none, or too small.
        """
        message = f"got {text!r}, accepts an integer of {self._smallest} or more"
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(message) from None
        if value < self._smallest:
            raise argparse.ArgumentTypeError(message)
        return value


def device(text: str) -> str:
    """Type of an option that takes where to train, which the problem itself checks further.

    Raises:
        argparse.ArgumentTypeError: If ``text`` is one of several GPUs by its number: every worker
            sees a GPU of its own, and no other.
    """
    kind, colon, index = text.partition(":")
    if kind == "cuda" and colon:
        raise argparse.ArgumentTypeError(
            f"got {text!r}, accepts cuda, of which each worker gets a GPU of its own; for a certain "
            f"one set CUDA_VISIBLE_DEVICES={index}"
        )
    return text


def integers(text: str, argument: str) -> list[int]:
    """Integers of 1 or more separated by commas, each once, ascending.

    Raises:
        UsageError: If there is none, or something else.
    """
    try:
        numbers = sorted({int(part) for part in text.split(",")})
    except ValueError:
        numbers = []
    if not numbers or numbers[0] < 1:
        raise UsageError(
            f"{argument}: got {text!r}, accepts integers of 1 or more, separated by commas."
        )
    return numbers


def regret(text: str) -> float:
    """Type of an option that takes a normalised regret to reach: every study is at 1 or below.

    Raises:
        argparse.ArgumentTypeError: If ``text`` is no number from 0 to less than 1.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value < 1.0:
        raise argparse.ArgumentTypeError(
            f"got {text!r}, accepts a regret from 0 (the best known value) to less than 1"
        )
    return value


def regrets(text: str, argument: str) -> tuple[float, ...]:
    """Normalised regrets to reach, separated by commas, each once, descending.

    Raises:
        UsageError: If there is none, or something else than numbers from 0 to less than 1.
    """
    try:
        return tuple(sorted({regret(part) for part in text.split(",")}, reverse=True))
    except argparse.ArgumentTypeError:
        raise UsageError(
            f"{argument}: got {text!r}, accepts regrets from 0 (the best known value) to less than "
            "1, separated by commas."
        ) from None
