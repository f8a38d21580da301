"""What plots are made of. Without plotly the package loads all the same, and plots say so."""

from __future__ import annotations


try:
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots
except ImportError as error:
    go = make_subplots = None
    _missing: ImportError | None = error
else:
    _missing = None


__all__ = ["check_plotly", "go", "make_subplots"]


def check_plotly() -> None:
    """Make sure that there is plotly, before any work.

    Raises:
        ImportError: If there is none.
    """
    if _missing is not None:
        raise ImportError(
            f"plotly, which draws the plots, cannot be imported ({_missing}): "
            "pip install 'plotly>=5'."
        ) from _missing
