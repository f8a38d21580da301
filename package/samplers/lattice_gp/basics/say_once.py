"""Telling the user something once, however often it happens."""

from __future__ import annotations

import optuna


_logger = optuna.logging.get_logger(f"optuna.{__name__}")


class SayOnce:
    """Logs warnings, each once."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __call__(self, message: str, topic: str | None = None) -> None:
        """Warn, unless of the same topic, by default the message itself, it was done before."""
        topic = message if topic is None else topic
        if topic not in self._said:
            self._said.add(topic)
            _logger.warning(message)
