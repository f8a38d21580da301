"""Tables on terminals of any width."""

from __future__ import annotations

import os
from pathlib import Path
import re
import subprocess
import sys

import pytest
from rich.console import Console

from benchmarks.tables import format_seconds
from benchmarks.tables import Table
from benchmarks.tables import to_rich


_WIDE = Table(
    "Mean [best] loss",
    ["sampler", "seeds", "best after 10", "best after 20", "noise-free", "p (lattice_gp)"],
    [
        ["lattice_gp", "2", "1.159 [1.156, 1.163]", "1.1 [1.072, 1.129]", "1.162 [1, 2]", "–"],
        ["tpe(a=[1])", "2", "1.182 [1.151, 1.213]", "1.099 [1.09, 1.1]", "1.204 [1, 2]", "0.25"],
    ],
    {(0, 2)},
)


def _shown(table: Table, width: int) -> str:
    console = Console(width=width, emoji=False, color_system=None)
    with console.capture() as capture:
        console.print(to_rich(table, "tpe(a=[1])"))
    return capture.get()


def _words(text: str) -> set[str]:
    return set(re.sub("[┃│┏┓┡┩└┘━─┳╇┴]", " ", text).split())


@pytest.mark.parametrize("width", [170, 80, 60, 40])
def test_every_number_can_be_read_at_any_width(width: int) -> None:
    shown = _shown(_WIDE, width)
    assert max(map(len, shown.splitlines())) <= width
    assert "…" not in shown
    expected = _words(" ".join([*_WIDE.columns, *sum(_WIDE.rows, [_WIDE.title])]))
    assert _words(shown) == expected
    # An interval is in one piece, and each part of the table has the names.
    assert "[1.151, 1.213]" in shown
    assert shown.count("lattice_gp │") == shown.count("┏")
    assert shown.count(_WIDE.title) == 1


def test_a_table_that_fits_is_in_one_piece_and_a_line_a_row() -> None:
    shown = _shown(_WIDE, 170)
    assert "1.159 [1.156, 1.163] │" in shown and len(shown.splitlines()) == 7


def test_long_names_leave_room_for_numbers() -> None:
    name = "tpe(n_startup_trials=3, multivariate=True)"
    shown = _shown(Table("", ["sampler", "best"], [[name, "1.159 [1.156, 1.163]"]]), 40)
    assert "[1.156, 1.163]" in shown and "…" not in shown
    names = "".join(line.split("│")[1].strip() for line in shown.splitlines() if "│" in line)
    assert names.replace(" ", "") == name.replace(" ", "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_the_terminal_cannot_show_ends_nothing(encoding: str) -> None:
    script = "from benchmarks.terminal import Terminal; Terminal(80).print('tpe \\u2013')"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        timeout=600,
        check=True,
    )
    shown = "tpe \N{EN DASH}" if encoding == "utf-8" else "tpe ?"
    assert done.stdout.decode(encoding).strip() == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (60.4, "1 min 00 s"),
        (119.7, "2 min 00 s"),
        (200.0, "3 min 20 s"),
        (3569.6, "59 min 30 s"),
        (3580.0, "1 h 00 min"),
        (7199.0, "2 h 00 min"),
        (7500.0, "2 h 05 min"),
    ],
)
def test_seconds_as_a_person_says_them(seconds: float, shown: str) -> None:
    assert format_seconds(seconds) == shown
