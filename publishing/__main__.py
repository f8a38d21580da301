"""Entry point of ``python -m publishing``."""

from __future__ import annotations

import importlib.util
import io
import os
import sys


# What the extra `publish` of pyproject.toml installs, by module name.
_NEEDED = ("frontmatter", "markdown_it", "mdformat", "mypy", "optuna", "packaging", "ruff", "yaml")


def _main() -> int:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        needed = ", ".join(missing)
        print(f"error: publishing needs {needed}: pip install -e '.[publish]'", file=sys.stderr)
        return 2
    if isinstance(sys.stdout, io.TextIOWrapper):
        # As Python does for the standard error: not every terminal has what a test prints.
        sys.stdout.reconfigure(errors="replace")
    try:
        from .cli import main

        status = main()
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever reads, such as head, has enough. What Python flushes at the end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(_main())
