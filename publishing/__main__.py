"""Entry point of ``python -m publishing``."""

from __future__ import annotations

import importlib.util
import sys


# What the extra `publish` of pyproject.toml installs, by module name.
_NEEDED = ("frontmatter", "markdown_it", "mdformat", "mypy", "optuna", "packaging", "ruff", "yaml")


def _main() -> int:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        needed = ", ".join(missing)
        print(f"error: publishing needs {needed}: pip install -e '.[publish]'", file=sys.stderr)
        return 2
    try:
        from .cli import main

        return main()
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(_main())
