"""Names with keyword arguments, as in ``tpe(n_startup_trials=5)``, on the command line."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from .errors import UsageError


_OPENING, _CLOSING, _QUOTES = "([{", ")]}", "'\""


@dataclass(frozen=True)
class Call:
    """A name and the keyword arguments that follow it.

    Attributes:
        name: What stands before the parenthesis.
        arguments: Python literals by keyword; empty without a parenthesis.
    """

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


def split_names(text: str, argument: str) -> list[str]:
    """Split at commas outside of brackets and quotes; each name once.

    Args:
        text: Names, with or without keyword arguments, separated by commas.
        argument: The option that it was given to.

    Raises:
        UsageError: If there is no name, or a bracket or quote is left open.
    """
    parts, begin, depth, quote = [], 0, 0, ""
    for index, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in _QUOTES:
            quote = character
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[begin:index])
            begin = index + 1
    if depth or quote:
        raise UsageError(
            f"{argument}: got {text!r}, where a bracket or quote is not closed; accepts names "
            "separated by commas, such as tpe,tpe(n_startup_trials=5) (in quotes in a shell)."
        )
    parts.append(text[begin:])
    found = list(dict.fromkeys(part.strip() for part in parts if part.strip()))
    if not found:
        raise UsageError(f"{argument}: got {text!r}, accepts names separated by commas.")
    return found


def parse_call(text: str, argument: str) -> Call:
    """Take a name apart from its keyword arguments.

    Args:
        text: ``name`` or ``name(keyword=literal, ...)``.
        argument: The option that it was given to.

    Raises:
        UsageError: If the arguments are no keyword arguments with Python literals.
    """
    name, parenthesis, rest = text.strip().partition("(")
    if not parenthesis:
        return Call(name)

    def wrong(reason: str) -> UsageError:
        return UsageError(
            f"{argument}: got {text!r}, {reason}; accepts NAME(keyword=value, ...) with Python "
            "literals for values, such as tpe(n_startup_trials=5, multivariate=True)."
        )

    try:
        expression = ast.parse(f"f({rest}", mode="eval").body
    except SyntaxError as error:
        raise wrong("which is no Python call") from error
    if not isinstance(expression, ast.Call) or not isinstance(expression.func, ast.Name):
        raise wrong("which goes on after its arguments")
    if expression.args or any(keyword.arg is None for keyword in expression.keywords):
        raise wrong("with an argument that has no keyword")
    arguments: dict[str, Any] = {}
    for keyword in expression.keywords:
        assert keyword.arg is not None
        if keyword.arg in arguments:
            raise wrong(f"where {keyword.arg} is given twice")
        try:
            arguments[keyword.arg] = ast.literal_eval(keyword.value)
        # TypeError: of a list where only what can be hashed may stand, in a set or as a key.
        except (ValueError, TypeError) as error:
            raise wrong(f"where {keyword.arg} is no literal") from error
    return Call(name.strip(), arguments)


def show_call(call: Call) -> str:
    """The call as it is written, with its arguments in their order."""
    if not call.arguments:
        return call.name
    return f"{call.name}({', '.join(f'{key}={call.arguments[key]!r}' for key in call.arguments)})"
