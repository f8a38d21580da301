"""Entry point of ``python -m benchmarks``."""

from __future__ import annotations

import sys

from .modules import absent


# Optuna and what the extra `bench` of pyproject.toml adds, by module name; without SQLAlchemy,
# which comes with Optuna, and Plotly and tomli, which are for the HTML page and TOML files only.
_NEEDED = ("optuna", "optunahub", "matplotlib", "rich")


def _main() -> int:
    missing = absent(_NEEDED)
    if missing:
        print(
            f"error: the harness needs {', '.join(missing)}: pip install -e '.[bench]'",
            file=sys.stderr,
        )
        return 2
    try:
        from .cli import main

        return main()
    except KeyboardInterrupt:
        # Before the command line could tell what was stopped.
        print("\nstopped", file=sys.stderr)
        return 130


# Worker processes import this module under another name, and must not start a second run.
if __name__ == "__main__":
    sys.exit(_main())
