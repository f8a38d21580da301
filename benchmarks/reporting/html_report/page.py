"""The page itself: a template, a style and scripts from files, and the data, all in one file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import re

from ...analysis.studies.results import Run
from ...modules import absent
from ..analysed import Analysed
from .build import build
from .data import Extras
from .data import ReportData
from .jsonable import to_json


MISSING = "it needs plotly, and this Python has none: pip install 'plotly>=5'"
_PARTS = Path(__file__).parent / "parts"
_NAME = "report.html"
# In the order in which they are run.
_SCRIPTS = ("core", "statistics", "tables", "plots", "filters", "overview", "problem", "start")


def write(
    runs: Sequence[Run],
    problems: Sequence[Analysed],
    out: Path,
    storage_shown: str,
    extras: Extras | None = None,
) -> Path | None:
    """Write ``report.html``.

    Args:
        runs: The stored studies, one or more of them with a trial.
        problems: The same by problem.
        out: Folder to write to.
        storage_shown: URL of the storage, without a password.
        extras: Statistics across problems and seeds; None to work them out.

    Returns:
        The file; None if plotly, whose JavaScript the page holds, is not installed.

    Raises:
        OSError: If the file cannot be written.
    """
    if absent(["plotly"]):
        return None
    path = out / _NAME
    path.write_text(render(build(runs, problems, storage_shown, extras)), encoding="utf-8")
    return path


def render(data: ReportData) -> str:
    """The page as text.

    Raises:
        ImportError: If plotly is not installed.
    """
    # Imported late: nothing else needs it.
    from plotly.offline import get_plotlyjs

    contents = {
        "STYLE": _read("style.css"),
        "PLOTLY": get_plotlyjs(),
        "DATA": to_json(data),
        "SCRIPT": "\n".join(_read(f"{name}.js") for name in _SCRIPTS),
    }
    # In one pass: what has been put in is not looked at again.
    return re.sub(
        r"<!--([A-Z]+)-->|/\*([A-Z]+)\*/",
        lambda match: contents[match[1] or match[2]],
        _read("template.html"),
    )


def _read(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")
