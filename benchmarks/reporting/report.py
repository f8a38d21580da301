"""Turn stored studies into tables, a picture and raw data."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
import math
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from ..analysis.numerics.losses import running_best
from ..analysis.studies.results import diverged
from ..analysis.studies.results import objective_seconds
from ..analysis.studies.results import Run
from ..analysis.studies.run_arrays import run_arrays
from ..analysis.studies.summary import Estimate
from ..analysis.studies.summary import Summary
from ..analysis.studies.time_to_target import TimeToTarget
from ..contenders.registry import OURS
from ..errors import UsageError
from ..tables import format_seconds
from ..tables import show_number
from ..tables import show_p
from ..tables import Table
from ..tables import to_rich
from ..tables import with_title
from ..tables import write_csv
from .analysed import analyse
from .analysed import Analysed
from .seeds import seeds_differ
from .time_to_target import csv_columns
from .time_to_target import how_to_read
from .time_to_target import time_table


def write_report(runs: list[Run], out: Path, console: Console, storage_shown: str) -> list[Path]:
    """Print the tables and write every file of the report.

    Args:
        runs: The stored studies, one or more of them with a trial.
        out: Folder to write to.
        console: Where to print.
        storage_shown: URL of the storage, without a password.

    Returns:
        The files written.

    Raises:
        UsageError: If there is no finished trial.
        OSError: If a file cannot be written.
    """
    # Imported late: matplotlib takes its time, and `list` does not need it.
    from . import html_report
    from . import plots

    begun = [run for run in runs if run.trials]
    if not begun:
        raise UsageError(f"{storage_shown} holds no finished trial yet: nothing to report.")
    problems = analyse(runs)
    markdown = ["# Comparison of samplers", ""]
    for problem in problems:
        tables = _tables(problem)
        _show(problem, tables, console)
        markdown += [f"## {problem.title}", "", problem.state, ""]
        markdown += [line for table in tables for line in with_title(table)]
    markdown += ["![Best loss so far](comparison.png)", ""]
    if len(problems) > plots.MOST_PROBLEMS:
        markdown += [f"The picture has the first {plots.MOST_PROBLEMS} problems.", ""]
    targets = [problem.target for problem in problems if problem.target is not None]
    markdown += _notes(begun, storage_shown, dict.fromkeys(its.sampler for its in targets))
    paths = [out / "report.md", out / "trials.csv", out / "summary.csv"]
    paths[0].write_text("\n".join(markdown), encoding="utf-8")
    write_csv(paths[1], [row for run in begun for row in _trial_rows(run)])
    write_csv(paths[2], [row for problem in problems for row in _summary_rows(problem)])
    paths += plots.draw(problems, out)
    page = html_report.write(runs, problems, out, storage_shown)
    if page is None:
        console.print(f"report.html is not written: {html_report.MISSING}", markup=False)
        return paths
    return [*paths, page]


def _tables(problem: Analysed) -> list[Table]:
    tables = [_quality_table(problem.summaries, problem.sign), _cost_table(problem.summaries)]
    if problem.target is not None:
        tables.append(time_table(problem.times.values(), problem.target, problem.sign))
    return tables


def _show(problem: Analysed, tables: Iterable[Table], console: Console) -> None:
    console.print(f"\n[bold]{escape(problem.title)}[/bold]")
    console.print(problem.state, markup=False, soft_wrap=True)
    for table in tables:
        console.print(to_rich(table, OURS))


def _quality_table(rows: list[Summary], sign: int) -> Table:
    marks = list(rows[0].best)
    with_expected = any(row.expected is not None for row in rows)
    with_again = any(row.measured_again is not None for row in rows)
    columns = ["sampler", "seeds"] + [f"best after {k}" for k in marks]
    columns += ["noise-free"] if with_expected else []
    columns += ["measured again"] if with_again else []
    with_wasted = any(not math.isnan(row.wasted_share) for row in rows)
    columns += ["wasted"] if with_wasted else []
    columns.append("diverged")
    with_test = any(row.sampler == OURS for row in rows)
    columns += [f"p ({OURS})"] if with_test else []
    lines = []
    for row in rows:
        seeds = (
            str(row.n_seeds)
            if row.n_complete == row.n_seeds
            else f"{row.n_complete} of {row.n_seeds}"
        )
        cells = [row.sampler, seeds]
        cells += [_show_estimate(row.best[k], sign, row.n_seeds) for k in marks]
        if with_expected:
            cells.append(_show_estimate(row.expected, sign, row.n_complete))
        if with_again:
            cells.append(_show_estimate(row.measured_again, sign, row.n_complete))
        if with_wasted:
            cells.append(show_number(100 * row.wasted_share, "{:.0f}%"))
        cells.append(show_number(100 * row.bad_share, "{:.0f}%"))
        cells += [show_p(row.p_value)] if with_test else []
        lines.append(cells)
    return Table("Mean best loss, with 95% bootstrap interval over seeds", columns, lines)


def _cost_table(rows: list[Summary]) -> Table:
    lines = [
        [
            row.sampler,
            show_number(1000 * row.ask_seconds, "{:.1f} ms"),
            _show_seconds(row.sampler_seconds),
            _show_seconds(row.objective_seconds),
        ]
        for row in rows
    ]
    columns = ["sampler", "a suggestion", "sampler", "objective"]
    return Table("Time a study, mean over seeds", columns, lines)


def _show_seconds(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.2f} s" if value < 10 else format_seconds(value)


def _show_estimate(estimate: Estimate | None, sign: int, n_all: int) -> str:
    if estimate is None or not estimate.n_seeds or math.isnan(estimate.mean):
        return "–"
    lower, upper = sorted((sign * estimate.lower, sign * estimate.upper))
    # One seed has no interval, and that of infinities is not defined.
    without = estimate.n_seeds < 2 or math.isnan(lower)
    interval = "" if without else f" [{lower:.4g}, {upper:.4g}]"
    partly = f" ({estimate.n_seeds})" if estimate.n_seeds < n_all else ""
    return f"{sign * estimate.mean:.4g}{interval}{partly}"


def _notes(runs: list[Run], storage_shown: str, timed_against: Iterable[str] = ()) -> list[str]:
    samplers = dict.fromkeys(run.sampler for run in runs)
    versions = {
        (sampler, run.settings["sampler_version"])
        for sampler in samplers
        for run in runs
        if run.sampler == sampler
    }
    differ = seeds_differ(runs)
    seeds = "All samplers had the same seeds, and the problem the same noise seeds."
    if differ:
        seeds = f"Not all samplers had the same seeds: {differ}. With a seed, noise was the same."
    test = (
        f"- p ({OURS}): two-sided paired Wilcoxon test of the final losses against {OURS}, without "
        "correction for several comparisons."
    )
    again = (
        "- Measured again: the mean value of the final incumbent, evaluated again after the study "
        "with fresh seeds of its noise."
    )
    return [
        "## How to read this",
        "",
        f"- {seeds}",
        "- Noise-free: the value of the final incumbent without the noise of its measurement.",
        *([again] if any(run.reevaluated for run in runs) else []),
        "- Wasted: share of the trials in the second half of the budget that are no better than the "
        "median trial of `random`, without noise where the problem tells it.",
        "- Diverged: share of trials that the problem calls diverged, or that have no value.",
        *([test] if OURS in samplers else []),
        *map(how_to_read, timed_against),
        "- Seconds of the objective are those that the problem tells (of a table, the measured "
        "ones that it replays), else the wall clock's.",
        "",
        "## How it was made",
        "",
        f"- Storage: `{storage_shown}`",
        *_ways(runs, lambda how: f"Command: `{how['command']}`"),
        *_ways(runs, lambda how: "Versions: " + _versions(how["versions"])),
        "- Samplers: " + ", ".join(f"{name} ({version})" for name, version in sorted(versions)),
        *_ways(
            runs, lambda how: f"Worker processes: {how['jobs']}, threads each: {how['threads']}"
        ),
        "",
    ]


def _ways(runs: list[Run], show: Callable[[dict[str, Any]], str]) -> list[str]:
    """What is shown of the studies' settings, each text once; if there are several, with whose."""
    samplers: dict[str, dict[str, None]] = {}
    for run in runs:
        samplers.setdefault(show(run.settings), {})[run.sampler] = None
    if len(samplers) == 1:
        return [f"- {text}" for text in samplers]
    return [f"- {text} ({', '.join(names)})" for text, names in samplers.items()]


def _versions(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _trial_rows(run: Run) -> list[dict[str, Any]]:
    best = run.sign * running_best(run_arrays(run).losses)
    rows = []
    for trial, best_value in zip(run.trials, best.tolist()):
        value = trial.values[0] if trial.values is not None else math.nan
        attrs = trial.user_attrs
        rows.append(
            {
                "problem": run.problem,
                "sampler": run.sampler,
                "seed": run.seed,
                "trial": trial.number,
                "state": trial.state.name,
                "value": value,
                "best_value": best_value,
                "expected_loss": attrs.get("expected_loss", ""),
                "diverged": int(diverged(trial)),
                "cost_seconds": objective_seconds(trial),
                "ask_seconds": attrs.get("ask_seconds", ""),
                "objective_seconds": attrs.get("objective_seconds", ""),
                "tell_seconds": attrs.get("tell_seconds", ""),
                "test_accuracy": attrs.get("test_accuracy", ""),
                "peak_memory_mb": attrs.get("peak_memory_mb", ""),
                "error": attrs.get("error", ""),
                **{f"param_{name}": value for name, value in trial.params.items()},
            }
        )
    return rows


def _summary_rows(problem: Analysed) -> list[dict[str, Any]]:
    return [
        _summary_row(problem.problem, problem.sign, row, problem.times.get(row.sampler))
        for row in problem.summaries
    ]


def _summary_row(
    problem: str, sign: int, row: Summary, times: TimeToTarget | None
) -> dict[str, Any]:
    result: dict[str, Any] = {
        "problem": problem,
        "sampler": row.sampler,
        "seeds": row.n_seeds,
        "complete_seeds": row.n_complete,
    }
    estimates = {f"best_{k}": estimate for k, estimate in row.best.items()}
    if row.expected is not None:
        estimates["noise_free"] = row.expected
    if row.measured_again is not None:
        estimates["measured_again"] = row.measured_again
    for name, estimate in estimates.items():
        lower, upper = sorted((sign * estimate.lower, sign * estimate.upper))
        result |= {name: sign * estimate.mean, f"{name}_low": lower, f"{name}_high": upper}
    return result | {
        "diverged_share": row.bad_share,
        "wasted_share": row.wasted_share,
        "objective_seconds": row.objective_seconds,
        "sampler_seconds": row.sampler_seconds,
        "ask_seconds": row.ask_seconds,
        "p_value": row.p_value,
        "pairs": row.n_pairs,
        **({} if times is None else csv_columns(times)),
    }
