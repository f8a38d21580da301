"""Where the commands print what people read."""

from __future__ import annotations

import io
import os
import sys

from rich.console import Console


class Terminal(Console):
    """The standard output: a terminal, or whatever reads it in its place.

    A command goes on when its reader has gone, as ``head`` does after some lines: it measures, and
    writes files, that the reader never sees. A character that the terminal's encoding does not
    have becomes a question mark.

    Args:
        piped_width: Characters a line where there is no terminal that has a width.
    """

    def __init__(self, piped_width: int) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # As Python does for the standard error. Latin-1 has no dash such as the tables'.
            sys.stdout.reconfigure(errors="replace")
        width = None if sys.stdout.isatty() else piped_width
        super().__init__(highlight=False, emoji=False, width=width)

    def on_broken_pipe(self) -> None:
        """Print nothing more, where Rich would end the process."""
        self.quiet = True
        # Python flushes what is left at the end, which must not fail again.
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)
