"""Measurements of speed and memory as tables, a picture and a file."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
import math
from pathlib import Path
from typing import Any
from typing import TYPE_CHECKING

from matplotlib import pyplot
import numpy as np
from rich.console import Console

from ..contenders.registry import in_order
from ..contenders.registry import OURS
from ..reporting import plots
from ..tables import Table
from ..tables import to_rich
from ..tables import with_title
from ..tables import write_csv
from .measurement import Measurement


if TYPE_CHECKING:
    from matplotlib.axes import Axes


def write_report(measurements: Sequence[Measurement], out: Path, console: Console) -> list[Path]:
    """Print the tables and write the files.

    Args:
        measurements: One or more.
        out: Folder to write to.
        console: Where to print.

    Returns:
        The files.
    """
    lines = ["# Seconds a suggestion and memory", ""]
    for threads in sorted({one.threads for one in measurements}):
        chosen = [one for one in measurements if one.threads == threads]
        for n_params in sorted({one.n_params for one in chosen}):
            its = [one for one in chosen if one.n_params == n_params]
            title = f"{n_params} parameters, threads: {threads}"
            console.print(f"\n[bold]{title}[/bold]")
            lines += [f"## {title}", ""]
            for table in tables(its):
                console.print(to_rich(table))
                lines += with_title(table)
    notes = _notes(measurements)
    for note in notes:
        console.print(note, markup=False, soft_wrap=True)
    lines += ["![Seconds a suggestion and memory against finished trials](speed.png)", ""]
    lines += [f"- {note}" for note in notes]
    lines += ["", "## How it was measured", "", *_method(measurements), ""]
    paths = [out / "speed.md", out / "speed.csv"]
    paths[0].write_text("\n".join(lines), encoding="utf-8")
    write_csv(paths[1], [_row(one) for one in measurements])
    return paths + draw(measurements, out)


def tables(measurements: Sequence[Measurement]) -> list[Table]:
    """Time and memory by number of trials, a column a sampler.

    Args:
        measurements: All of the same number of parameters and threads.
    """
    samplers = in_order(one.sampler for one in measurements)
    by_place = {(one.n_trials, one.sampler): one for one in measurements}
    sizes = sorted({one.n_trials for one in measurements})

    def table(title: str, show: Callable[[Measurement, Measurement | None], str]) -> Table:
        rows = []
        for size in sizes:
            ours = by_place.get((size, OURS))
            cells = [
                show(by_place[size, name], ours) if (size, name) in by_place else "–"
                for name in samplers
            ]
            rows.append([str(size), *cells])
        return Table(title, ["trials", *samplers], rows)

    return [
        table(f"Median of a suggestion (ratio to {OURS}; * not measured side by side)", _time),
        table("Processor time of a suggestion, all threads, median", _cpu),
        table(
            "First suggestion, with building the sampler and importing what it needs",
            lambda one, _: _seconds(one.built + one.first),
        ),
        table("Peak memory, MiB (increase by the sampler)", _memory),
    ]


def _time(one: Measurement, ours: Measurement | None) -> str:
    if not one.wall:
        return one.note or "–"
    shown = _seconds(one.median)
    if ours is None or ours is one or not ours.wall:
        return shown
    apart = "" if ours.round == one.round else "*"
    return f"{shown} ({one.median / ours.median:.2g}{apart})"


def _cpu(one: Measurement, _: Measurement | None) -> str:
    return _seconds(float(np.median(one.cpu))) if one.cpu else "–"


def _memory(one: Measurement, _: Measurement | None) -> str:
    if math.isnan(one.peak_mb):
        return "–"
    return f"{one.peak_mb:.0f} (+{one.increase_mb:.0f})"


def _seconds(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{1000 * value:.3g} ms" if value < 1 else f"{value:.3g} s"


def _notes(measurements: Sequence[Measurement]) -> list[str]:
    """What was not measured, or not as often as the rest."""
    most = max(len(one.wall) for one in measurements)
    notes = []
    for one in measurements:
        where = f"{one.sampler}, {one.n_params} parameters, {one.n_trials} trials"
        where += f", threads {one.threads}"
        if one.note:
            notes.append(f"{where}: {one.note}")
        elif len(one.wall) < most:
            notes.append(f"{where}: {len(one.wall)} suggestions instead of {most}")
    return notes


def _method(measurements: Sequence[Measurement]) -> list[str]:
    lines = [
        "- Each sampler at each size has a process of its own, with a study in memory of so many "
        "finished trials of a tuning run: random ones first, then around the best. Half of the "
        "parameters are ints with a step, half are floats on a log scale. All have the same "
        "history.",
        "- A suggestion is `study.ask(fixed_distributions=...)`; its value is told before the next "
        "one, and the history grows by one. Two suggestions come before the timed ones. The "
        "samplers of a size take turns, five times around.",
        "- Memory is that resident in the process: at its peak, and by how much that exceeds what "
        "was resident with the history and without the sampler. 1 MiB is 1,048,576 bytes.",
    ]
    machines: dict[str, dict[str, Any]] = {}
    versions: dict[str, None] = {}
    for one in measurements:
        machines[str(one.machine)] = one.machine
        versions[f"{one.sampler} ({one.version})"] = None
    for machine in machines.values():
        libraries = ", ".join(f"{name} {text}" for name, text in machine["versions"].items())
        lines.append(
            f"- `{machine['command']}`: {machine['system']}, {machine['processor']}, "
            f"{machine['cores']} cores; {libraries}"
        )
    return [*lines, f"- Samplers: {', '.join(versions)}"]


def _row(one: Measurement) -> dict[str, Any]:
    timed = bool(one.wall)
    return {
        "sampler": one.sampler,
        "version": one.version,
        "parameters": one.n_params,
        "trials": one.n_trials,
        "threads": one.threads,
        "suggestions": len(one.wall),
        "median_seconds": one.median,
        "mean_seconds": float(np.mean(one.wall)) if timed else math.nan,
        "max_seconds": max(one.wall) if timed else math.nan,
        "median_cpu_seconds": float(np.median(one.cpu)) if timed else math.nan,
        "mean_cpu_seconds": float(np.mean(one.cpu)) if timed else math.nan,
        "median_tell_seconds": float(np.median(one.tell)) if timed else math.nan,
        "first_seconds": one.first,
        "built_seconds": one.built,
        "before_mib": one.before_mb,
        "peak_mib": one.peak_mb,
        "increase_mib": one.increase_mb,
        "round": one.round,
        "note": one.note,
    }


def draw(measurements: Sequence[Measurement], out: Path) -> list[Path]:
    """Draw time and memory against trials, a column of panels for each number of parameters.

    Returns:
        The files ``speed.png`` and ``speed.svg``.
    """
    dims = sorted({one.n_params for one in measurements})
    threads = sorted({one.threads for one in measurements})
    samplers = in_order(one.sampler for one in measurements)
    with pyplot.rc_context(plots.STYLE):
        figure, axes = pyplot.subplots(
            2,
            len(dims),
            figsize=(1.5 + 3.4 * len(dims), 6.4),
            squeeze=False,
            sharex=True,
            sharey="row",
            layout="constrained",
        )
        for column, n_params in enumerate(dims):
            its = [one for one in measurements if one.n_params == n_params]
            _draw_column(list(axes[:, column]), its, samplers, threads)
            axes[0][column].set_title(f"{n_params} parameters", fontweight="bold", fontsize=11)
        axes[0][0].set_ylabel("seconds a suggestion (median)")
        axes[1][0].set_ylabel("memory of the sampler, MiB")
        title = None if len(threads) > 1 else f"threads: {threads[0]}"
        axes[0][-1].legend(
            frameon=False,
            fontsize=9,
            title=title,
            title_fontsize=9,
            loc="upper left",
            bbox_to_anchor=(1.0, 1.0),
        )
        return plots.save(figure, out, "speed")


def _draw_column(
    column: Sequence[Axes],
    measurements: Sequence[Measurement],
    samplers: Sequence[str],
    threads: Sequence[str],
) -> None:
    """Draw time and memory with one number of parameters.

    Args:
        column: The panels for time and for memory.
        measurements: Those with this number of parameters.
        samplers: All samplers of the picture, in the order that colours go by.
        threads: All numbers of threads of the picture, each with a style of its own.
    """
    for index, sampler in enumerate(samplers):
        for style, its_threads in zip(("-", "--", ":", "-."), threads):
            its = [
                one
                for one in sorted(measurements, key=lambda one: one.n_trials)
                if (one.sampler, one.threads) == (sampler, its_threads) and one.wall
            ]
            line = plots.line_of(sampler, index) | {"linestyle": style, "markersize": 5}
            if len(threads) > 1:
                line["label"] += f", threads: {its_threads}"
            sizes = [one.n_trials for one in its]
            column[0].plot(sizes, [one.median for one in its], **line)
            column[1].plot(sizes, [max(1, one.increase_mb) for one in its], **line)
    column[1].set_xlabel("finished trials")
    for axes in column:
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.grid(True)
        axes.set_axisbelow(True)
