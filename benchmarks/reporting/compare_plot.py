"""The picture of a comparison: mean normalised regret against trials."""

from __future__ import annotations

from pathlib import Path

from matplotlib import pyplot
from matplotlib.ticker import LogLocator
from matplotlib.ticker import MaxNLocator

from ..analysis.comparisons.comparison import Comparison
from ..analysis.curves.curve_set import CurveSet
from ..analysis.curves.regret import regret_by_trial
from ..tables import show_count
from . import plots


# The first trials are the same race for all; the axis has no place for zero.
_LOWEST = 1e-3


def draw(curve_set: CurveSet, comparison: Comparison, n_trials: int, out: Path) -> list[Path]:
    """Draw one line a sampler, with its 95% interval.

    Args:
        curve_set: The studies.
        comparison: Their comparison.
        n_trials: How far to go at most.
        out: Folder to write ``compare.png`` and ``compare.svg`` to.

    Returns:
        The files.
    """
    with pyplot.rc_context(plots.STYLE):
        legend = plots.legend_size(comparison.samplers)
        size = (5 + max(3.0, legend[0]), max(5.0, legend[1]))
        figure, axes = pyplot.subplots(figsize=size, layout="constrained")
        lowest = 1.0
        for index, sampler in enumerate(comparison.samplers):
            curve = regret_by_trial(curve_set, comparison.scales, sampler, n_trials)
            band = plots.has_band(sampler, comparison.samplers, comparison.reference)
            plots.draw_curve(
                axes, sampler, index, curve, ours_name=comparison.reference, with_band=band
            )
            lowest = min(lowest, float(curve.mean.min()))
        # Before the scale, or a regret that is 0 everywhere leaves the axis nothing to begin with.
        axes.set_ylim(bottom=max(_LOWEST, 0.8 * lowest), top=1.05)
        axes.set_yscale("log")
        axes.yaxis.set_minor_locator(LogLocator(subs=(2, 3, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("{x:g}")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(True, which="both")
        axes.set_axisbelow(True)
        axes.set_xlim(left=0)
        axes.set_xlabel("trials")
        axes.set_ylabel("mean normalised regret")
        title = show_count(len(comparison.problems), "problem")
        axes.set_title(title, fontweight="bold", fontsize=11)
        axes.legend(
            frameon=False,
            title=plots.legend_title(
                "mean over problems and seeds", comparison.samplers, comparison.reference
            ),
            title_fontsize=9,
            fontsize=9,
            alignment="left",
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
        )
        return plots.save(figure, out, "compare")
