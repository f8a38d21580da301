"""The picture of a table."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest


Submodule = Callable[[str], ModuleType]


@pytest.mark.parametrize("preset", ["small", "full"])
def test_landscape_shows_the_median_within_its_band(submodule: Submodule, preset: str) -> None:
    pytest.importorskip("matplotlib")
    table = submodule("replay.table").load_table(preset)
    figure = submodule("plot_landscape").plot(table)
    loss, held_out, cost = figure.axes
    median = loss.lines[0].get_ydata()
    (band,) = loss.collections[0].get_paths()
    assert band.vertices[:, 1].min() < min(median) and band.vertices[:, 1].max() > max(median)
    assert len(held_out.collections[0].get_offsets()) == sum(
        run.role == "held_out" for run in table.runs
    )
    for line, cell in ((cost.lines[0], np.s_[:, 0, 0]), (cost.lines[-1], np.s_[:, -1, -1])):
        assert line.get_ydata() == pytest.approx(table.seconds[cell])


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ModuleNotFoundError("No module named 'matplotlib'"), "pip install matplotlib. (No mod"),
        (PermissionError(13, "Permission denied"), "the picture cannot be written: [Errno 13]"),
    ],
)
def test_picture_says_in_a_line_what_is_wrong(
    submodule: Submodule,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    message: str,
) -> None:
    plot_landscape = submodule("plot_landscape")

    def save(*_: Any) -> None:
        raise error

    monkeypatch.setattr(plot_landscape, "plot", lambda table: None)
    monkeypatch.setattr(plot_landscape, "_save", save)
    with pytest.raises(SystemExit):
        plot_landscape.main(["--preset", "full"])
    assert message in capsys.readouterr().err.splitlines()[-1]
