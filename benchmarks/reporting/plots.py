"""The picture: best loss so far, against trials and against seconds."""

from __future__ import annotations

from collections.abc import Sequence
import io
from pathlib import Path
from typing import Any
from typing import TYPE_CHECKING

import matplotlib


# Before pyplot is imported: there may be no display.
matplotlib.use("Agg")
from matplotlib import pyplot
from PIL import Image

from ..analysis.studies.mean_curves import MeanCurve
from ..contenders.registry import OURS
from .analysed import Analysed
from .limits import y_limits
from .palette import color_of


if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


# Of more, a picture is too tall to be looked at, and is as slow to draw as all the rest of a
# report.
MOST_PROBLEMS = 6
# Bands of more samplers are mud, but for that of ours.
_MOST_BANDS = 10
# A legend of more samplers would lie on the curves.
_MOST_INSIDE = 8
_MARKERS = "osD^vPX*ph<>"
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#999999",
    "axes.titlelocation": "left",
    "grid.color": "#E6E6E6",
    "svg.hashsalt": "comparison",
}


def draw(problems: list[Analysed], out: Path) -> list[Path]:
    """Draw one row of two panels a problem, of the first problems if there are many.

    Args:
        problems: The problems, one or more.
        out: Folder to write ``comparison.png`` and ``comparison.svg`` to.

    Returns:
        The files.
    """
    problems = problems[:MOST_PROBLEMS]
    names = max(([sample.sampler for sample in p.samples] for p in problems), key=len)
    beside = legend_size(names) if len(names) > _MOST_INSIDE else (0.0, 0.0)
    with pyplot.rc_context(STYLE):
        figure, axes = pyplot.subplots(
            len(problems),
            2,
            figsize=(10 + beside[0], max(4.2, beside[1]) * len(problems)),
            squeeze=False,
            layout="constrained",
            sharey="row",
        )
        for row, problem in zip(axes, problems):
            _draw_problem(row, problem)
            row[0].set_title(problem.title, fontweight="bold", fontsize=11)
        return save(figure, out, "comparison")


def has_band(sampler: str, samplers: Sequence[str], ours_name: str = OURS) -> bool:
    """Whether a sampler's band is drawn beside these others."""
    return sampler == ours_name or len(samplers) <= _MOST_BANDS


def legend_title(what: str, samplers: Sequence[str], ours_name: str = OURS) -> str:
    """Title of a legend: what the lines are, and whose bands are drawn."""
    if len(samplers) <= _MOST_BANDS:
        return f"{what}, 95% interval"
    return f"{what}, {ours_name}: 95% interval" if ours_name in samplers else what


def legend_size(samplers: Sequence[str]) -> tuple[float, float]:
    """Width and height, in inches, of a legend beside a panel that names all of these."""
    return 0.9 + 0.085 * max(map(len, samplers), default=0), 0.9 + 0.22 * len(samplers)


def save(figure: Figure, out: Path, name: str) -> list[Path]:
    """Write a figure as PNG and SVG, and close it.

    The PNG has a palette of 128 colours: a third of the size, as the hub registry asks for.

    Args:
        figure: The figure.
        out: Folder to write to.
        name: Name of the files without what follows the dot.

    Returns:
        The files.
    """
    paths = [out / f"{name}.png", out / f"{name}.svg"]
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=130)
    # It has been laid out once, and that takes longer than to draw it.
    figure.set_layout_engine("none")
    Image.open(buffer).convert("RGB").quantize(128).save(paths[0], optimize=True)
    # Without the date, so that equal results make equal files.
    figure.savefig(paths[1], metadata={"Date": None})
    pyplot.close(figure)
    return paths


def _draw_problem(row: Sequence[Axes], problem: Analysed) -> None:
    samples, sign = problem.samples, problem.sign
    names = [sample.sampler for sample in samples]
    for axes, curves in zip(row, (problem.by_trials, problem.by_seconds)):
        for index, (sample, curve) in enumerate(zip(samples, curves)):
            band = has_band(sample.sampler, names)
            draw_curve(axes, sample.sampler, index, curve, sign, with_band=band)
        axes.grid(True)
        axes.set_axisbelow(True)
    limits = y_limits(problem.by_trials)
    if limits is not None:
        row[0].set_ylim(*sorted(sign * limit for limit in limits))
    row[0].set_xlabel("trials")
    row[0].set_ylabel("best loss so far" if sign > 0 else "best value so far")
    row[0].set_xlim(left=0)
    row[1].set_xlabel("seconds (objective and sampler)")
    row[1].set_xlim(left=0)
    n_seeds = sorted({len(sample.seeds) for sample in samples})
    of = str(n_seeds[0]) if len(n_seeds) == 1 else f"{n_seeds[0]} to {n_seeds[-1]}"
    place: dict[str, Any] = {"loc": "upper right" if sign > 0 else "lower right"}
    if len(samples) > _MOST_INSIDE:
        place = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)}
    row[1].legend(
        frameon=False,
        title=legend_title(f"mean of {of} seeds", names),
        title_fontsize=9,
        alignment="left",
        **place,
    )


def line_of(sampler: str, index: int, ours_name: str = OURS) -> dict[str, Any]:
    """How a sampler's line is drawn and named; the marker is for those who cannot go by colour.

    Args:
        sampler: Its name.
        index: Its place in the picture.
        ours_name: Sampler that stands out.
    """
    ours = sampler == ours_name
    return {
        "color": color_of(sampler, index),
        "linewidth": 2.6 if ours else 1.6,
        "marker": _MARKERS[index % len(_MARKERS)],
        "label": f"{sampler} (ours)" if ours else sampler,
    }


def draw_curve(
    axes: Axes,
    sampler: str,
    index: int,
    curve: MeanCurve,
    sign: int = 1,
    ours_name: str = OURS,
    *,
    with_band: bool = True,
) -> None:
    """Draw one sampler's mean and band.

    Args:
        axes: Where to.
        sampler: Its name.
        index: Its place in the picture.
        curve: Its curve.
        sign: -1 to turn the values of a problem that is maximised.
        ours_name: Sampler that stands out.
        with_band: Whether to draw the band.
    """
    ours = sampler == ours_name
    line = line_of(sampler, index, ours_name)
    color = line["color"]
    z = 4 if ours else 3
    if with_band:
        axes.fill_between(
            curve.x,
            sign * curve.lower,
            sign * curve.upper,
            color=color,
            alpha=0.18 if ours else 0.09,
            linewidth=0,
            zorder=z - 2,
        )
        for edge in (curve.lower, curve.upper):
            axes.plot(curve.x, sign * edge, color=color, linewidth=0.6, alpha=0.5, zorder=z - 1)
    axes.plot(
        curve.x,
        sign * curve.mean,
        **line,
        markersize=6 if ours else 5,
        # A third of the budget apart.
        markevery=max(1, len(curve.x) // 6),
        zorder=z,
    )
