"""Pictures of statistics across problems: targets reached, and ranks with who is alike."""

from __future__ import annotations

from collections.abc import Sequence
import math
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib import pyplot

from ..analysis.comparisons.across_problems import Analysis
from ..analysis.comparisons.critical_difference import CriticalDifference
from ..analysis.curves.ecdf import Ecdf
from ..analysis.curves.ecdf import SECONDS
from ..analysis.curves.ecdf import TRIALS
from ..tables import show_count
from . import plots
from .palette import color_of
from .palette import style_of


if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LABELS = {
    TRIALS: "trials",
    SECONDS: "seconds, in trials of random search on each problem",
}
# Of the diagram of ranks, in inches.
_ROW, _CLIQUE = 0.24, 0.12
_MOST_TICKS = 15


def draw(analysis: Analysis, samplers: Sequence[str], ours: str, out: Path) -> list[Path]:
    """Draw what there is to draw.

    Args:
        analysis: The statistics.
        samplers: Names, in the order that colours go by.
        ours: Sampler that stands out.
        out: Folder to write ``ecdf`` and ``critical_difference``, PNG and SVG, to.

    Returns:
        The files.
    """
    paths = []
    if analysis.ecdf:
        paths += draw_ecdf(analysis, samplers, ours, out)
    if analysis.critical_difference is not None:
        paths += draw_ranks(analysis.critical_difference, samplers, ours, out)
    return paths


def draw_ecdf(analysis: Analysis, samplers: Sequence[str], ours: str, out: Path) -> list[Path]:
    """Draw the share of targets reached, against trials and against seconds if known.

    Args:
        analysis: The statistics.
        samplers: Names, in the order that colours go by.
        ours: Sampler that stands out.
        out: Folder to write ``ecdf.png`` and ``ecdf.svg`` to.

    Returns:
        The files.
    """
    panels = list(dict.fromkeys(line.against for line in analysis.ecdf))
    legend = plots.legend_size(samplers)
    with pyplot.rc_context(plots.STYLE):
        figure, row = pyplot.subplots(
            1,
            len(panels),
            figsize=(4.5 * len(panels) + max(3.0, legend[0]), max(4.5, legend[1])),
            squeeze=False,
            layout="constrained",
            sharey=True,
        )
        for axes, against in zip(row[0], panels):
            lines = [line for line in analysis.ecdf if line.against == against]
            _draw_lines(axes, lines, samplers, ours)
            axes.set_xlabel(_LABELS[against])
        levels = ", ".join(f"{target:g}" for target in analysis.targets)
        row[0, 0].set_ylabel("share of targets reached")
        over = show_count(analysis.ecdf[0].n_problems, "problem")
        row[0, 0].set_title(f"{over}, regret {levels}", fontweight="bold")
        row[0, -1].legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
        return plots.save(figure, out, "ecdf")


def _draw_lines(axes: Axes, lines: Sequence[Ecdf], samplers: Sequence[str], ours: str) -> None:
    last = max(line.x[-1] for line in lines)
    for line in lines:
        index = samplers.index(line.sampler)
        axes.plot(
            # Level from the last step to the end.
            [*line.x, last],
            [*line.y, line.y[-1]],
            drawstyle="steps-post",
            color=color_of(line.sampler, index),
            linestyle=style_of(line.sampler, index),
            linewidth=2.4 if line.sampler == ours else 1.5,
            zorder=4 if line.sampler == ours else 3,
            label=line.sampler,
        )
    steps = [x for line in lines for x in line.x if x > 0]
    if steps and last > 20 * min(steps):
        axes.set_xscale("log")
        axes.set_xlim(left=min(steps))
    else:
        axes.set_xlim(left=0)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.grid(True)
    axes.set_axisbelow(True)


def draw_ranks(
    found: CriticalDifference, samplers: Sequence[str], ours: str, out: Path
) -> list[Path]:
    """Draw a diagram of ranks: bars join the samplers that cannot be told apart.

    Args:
        found: Ranks and groups.
        samplers: Names, in the order that colours go by.
        ours: Sampler that stands out.
        out: Folder to write ``critical_difference.png`` and ``critical_difference.svg`` to.

    Returns:
        The files.
    """
    n = len(found.ranks)
    half = (n + 1) // 2
    bars = 0.12 + _CLIQUE * len(found.cliques)
    with pyplot.rc_context(plots.STYLE):
        # A column of names on each side of the lines.
        width = max(8.0, 4.0 + 2 * plots.legend_size(samplers)[0])
        size = (width, 1.1 + bars + _ROW * half)
        figure, axes = pyplot.subplots(figsize=size, layout="constrained")
        for place, (name, rank) in enumerate(found.ranks.items()):
            # The better half is labelled on the left, from top to bottom; the other mirrored.
            left = place < half
            y = bars + _ROW * ((place if left else n - 1 - place) + 0.7)
            x = 1 - 0.06 * (n - 1) if left else n + 0.06 * (n - 1)
            color = color_of(name, samplers.index(name))
            axes.plot([rank, rank, x], [0, y, y], color=color, linewidth=1.4)
            axes.text(
                x,
                y,
                f"{name} {rank:.2f} " if left else f" {name} {rank:.2f}",
                ha="right" if left else "left",
                va="center",
                fontweight="bold" if name == ours else "normal",
            )
        for index, clique in enumerate(found.cliques):
            y = 0.1 + _CLIQUE * (index + 0.5)
            ends = [found.ranks[clique[0]] - 0.04, found.ranks[clique[-1]] + 0.04]
            axes.plot(ends, [y, y], color="#222222", linewidth=4, solid_capstyle="butt", zorder=5)
        axes.set_xlim(1 - 0.1 * (n - 1), n + 0.1 * (n - 1))
        axes.set_ylim(bars + _ROW * (half + 0.5), 0)
        axes.spines["left"].set_visible(False)
        axes.spines["bottom"].set_visible(False)
        axes.spines["top"].set_visible(True)
        axes.spines["top"].set_bounds(1, n)
        axes.xaxis.tick_top()
        axes.set_xticks(range(1, n + 1, math.ceil(n / _MOST_TICKS)))
        axes.set_yticks([])
        over = show_count(found.n_problems, "problem")
        title = f"mean rank over {over} after {found.column} trials"
        axes.set_title(title, fontweight="bold", fontsize=11)
        return plots.save(figure, out, "critical_difference")
