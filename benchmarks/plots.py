"""The picture: best loss so far, against trials and against seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import io
from pathlib import Path
from typing import Any
from typing import TYPE_CHECKING

import matplotlib


# Before pyplot is imported: there may be no display.
matplotlib.use("Agg")
from matplotlib import pyplot
import numpy as np
from PIL import Image

from . import statistics
from .contenders import OURS
from .results import Sample
from .statistics import FloatArray


if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


# Okabe and Ito's colours, which colour-blind readers can tell apart; ours is the strongest.
_COLORS = {
    OURS: "#D55E00",
    "tpe": "#0072B2",
    "random": "#7F7F7F",
    "gp": "#009E73",
    "grid": "#CC79A7",
    "tpe_univariate": "#56B4E9",
    "cmaes": "#E69F00",
    "auto": "#8C6BB1",
    "smac": "#8B5A2B",
    "hebo": "#000000",
}
_MORE_COLORS = ("#C2185B", "#808000", "#17BECF", "#B59B00")
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
# Resamples for a band: fewer than for a number in a table, because nobody reads off the third
# digit.
_N_RESAMPLES = 2_000
_N_POINTS = 200


@dataclass(frozen=True)
class Curve:
    """Mean over seeds with its 95% band, all of shape (n_points,)."""

    x: FloatArray
    mean: FloatArray
    lower: FloatArray
    upper: FloatArray


def curve_over_trials(sample: Sample) -> Curve:
    """Best loss so far against the number of trials, over the seeds that have so many."""
    best = statistics.running_best(sample.filled)
    rows = [sample.reached(k) for k in range(1, best.shape[1] + 1)]
    columns = [best[row, k] for k, row in enumerate(rows) if row]
    return _curve(np.arange(1.0, len(columns) + 1), columns)


def curve_over_seconds(sample: Sample) -> Curve:
    """Best loss so far against seconds of objective and sampler, up to the mean total.

    Only seeds that are complete: a seed that was stopped has not had the time to do better.
    """
    rows = np.flatnonzero(sample.complete)
    if not len(rows):
        empty = np.empty(0)
        return Curve(empty, empty, empty, empty)
    losses, seconds = sample.losses[rows], sample.finished_at[rows]
    has_value = np.where(np.isnan(losses), np.inf, seconds).min(axis=-1)
    totals = np.nanmax(seconds, axis=-1)
    first, last = has_value.max(), totals.mean()
    if not np.isfinite(first):
        empty = np.empty(0)
        return Curve(empty, empty, empty, empty)
    grid = np.linspace(first, max(first, last), _N_POINTS)
    best = statistics.best_at_seconds(losses, seconds, grid)
    return _curve(grid, list(best.T))


def _curve(x: FloatArray, columns: Sequence[FloatArray]) -> Curve:
    mean = np.array([column.mean() for column in columns])
    lower, upper = np.full((2, len(columns)), np.nan)
    # One call for all points with the same number of seeds: the same resamples at each of them, or
    # the edges of the band would tremble.
    sizes = np.array([len(column) for column in columns])
    for size in np.unique(sizes):
        at = np.flatnonzero(sizes == size)
        samples = np.stack([columns[int(point)] for point in at], axis=1)
        lower[at], upper[at] = statistics.bootstrap_interval(
            samples, np.random.default_rng(0), n_resamples=_N_RESAMPLES
        )
    return Curve(x, mean, lower, upper)


def draw(
    problems: dict[str, list[Sample]], signs: dict[str, int], titles: dict[str, str], out: Path
) -> list[Path]:
    """Draw one row of two panels a problem.

    Args:
        problems: Samples by problem.
        signs: -1 for the problems that are maximised, else 1.
        titles: What to write above each row.
        out: Folder to write ``comparison.png`` and ``comparison.svg`` to.

    Returns:
        The files.
    """
    with pyplot.rc_context(STYLE):
        figure, axes = pyplot.subplots(
            len(problems),
            2,
            figsize=(10, 4.2 * len(problems)),
            squeeze=False,
            layout="constrained",
            sharey="row",
        )
        for row, (problem, samples) in zip(axes, problems.items()):
            _draw_problem(row, samples, signs[problem])
            row[0].set_title(titles[problem], fontweight="bold", fontsize=11)
        return save(figure, out, "comparison")


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
    Image.open(buffer).convert("RGB").quantize(128).save(paths[0], optimize=True)
    # Without the date, so that equal results make equal files.
    figure.savefig(paths[1], metadata={"Date": None})
    pyplot.close(figure)
    return paths


def _draw_problem(row: Sequence[Axes], samples: list[Sample], sign: int) -> None:
    by_trials = [curve_over_trials(sample) for sample in samples]
    by_seconds = [curve_over_seconds(sample) for sample in samples]
    for axes, curves in zip(row, (by_trials, by_seconds)):
        for index, (sample, curve) in enumerate(zip(samples, curves)):
            draw_curve(axes, sample.sampler, index, curve, sign)
        axes.grid(True)
        axes.set_axisbelow(True)
    limits = y_limits(by_trials)
    if limits is not None:
        row[0].set_ylim(*sorted(sign * limit for limit in limits))
    row[0].set_xlabel("trials")
    row[0].set_ylabel("best loss so far" if sign > 0 else "best value so far")
    row[0].set_xlim(left=0)
    row[1].set_xlabel("seconds (objective and sampler)")
    row[1].set_xlim(left=0)
    n_seeds = sorted({len(sample.seeds) for sample in samples})
    of = str(n_seeds[0]) if len(n_seeds) == 1 else f"{n_seeds[0]} to {n_seeds[-1]}"
    row[1].legend(
        frameon=False,
        title=f"mean of {of} seeds, 95% interval",
        title_fontsize=9,
        alignment="left",
        loc="upper right" if sign > 0 else "lower right",
    )


def color_of(sampler: str, index: int) -> str:
    """Colour of a sampler, the ``index``-th in the picture if it has none of its own."""
    return _COLORS.get(sampler, _MORE_COLORS[index % len(_MORE_COLORS)])


def draw_curve(
    axes: Axes, sampler: str, index: int, curve: Curve, sign: int = 1, ours_name: str = OURS
) -> None:
    """Draw one sampler's mean and band.

    Args:
        axes: Where to.
        sampler: Its name.
        index: Its place in the picture.
        curve: Its curve.
        sign: -1 to turn the values of a problem that is maximised.
        ours_name: Sampler that stands out.
    """
    ours = sampler == ours_name
    color = color_of(sampler, index)
    z = 4 if ours else 3
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
        color=color,
        linewidth=2.6 if ours else 1.6,
        # A marker a third of the budget apart, for those who cannot go by colour.
        marker=_MARKERS[index % len(_MARKERS)],
        markersize=6 if ours else 5,
        markevery=max(1, len(curve.x) // 6),
        label=f"{sampler} (ours)" if ours else sampler,
        zorder=z,
    )


def y_limits(curves: Sequence[Curve]) -> tuple[float, float] | None:
    """Range of losses worth showing: the race, not the first trials that diverged.

    From just below the lowest band to where the worst sampler stands after a tenth of the budget.

    Returns:
        Lower and upper end; None if there is nothing finite to show.
    """
    lows = [np.nanmin(curve.lower) for curve in curves if np.isfinite(curve.lower).any()]
    starts = []
    for curve in curves:
        finite = curve.mean[np.isfinite(curve.mean)]
        if len(finite):
            starts.append(finite[min(len(finite) - 1, len(finite) // 10)])
    if not lows or not starts:
        return None
    low, high = float(min(lows)), float(max(starts))
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return low - margin, high + margin
