"""How long samplers take until the loss at which another one ends, as a table and for the CSV."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable

from ..analysis.studies.time_to_target import Interval
from ..analysis.studies.time_to_target import Target
from ..analysis.studies.time_to_target import TimeToTarget
from ..tables import show_interval
from ..tables import show_short
from ..tables import Table


def time_table(times: Iterable[TimeToTarget], target: Target, sign: int) -> Table:
    """A row a sampler.

    Args:
        times: How long each takes, one or more.
        target: Until which loss, signed so that lower is better.
        sign: 1 to minimise, -1 to maximise.
    """
    rows = [
        [
            its.sampler,
            f"{its.n_reached} of {its.n_seeds}",
            *(_show(found.half) for found in (its.trials, its.seconds)),
            *(_show(found.expected) for found in (its.trials, its.seconds)),
            *(_show(found.ratio, "{:.2f}".format) for found in (its.trials, its.seconds)),
        ]
        for its in times
    ]
    columns = ["sampler", "reached by"]
    for what in ("half", "expected", f"of {target.sampler}'s"):
        columns += [f"{what}, {unit}" for unit in ("trials", "s")]
    title = (
        f"Until {target.sampler}'s median final loss, {sign * target.loss:.4g}: trials, and seconds "
        "of objective and sampler, with 95% bootstrap interval over seeds"
    )
    return Table(title, columns, rows)


def how_to_read(target_sampler: str) -> str:
    """A line for the end of the report."""
    return (
        f"- Until {target_sampler}'s median final loss: *half* is when half of the seeds had it, "
        "the median; *expected* what all seeds spent, until they had it or in vain, divided by the "
        "number of those that had it (ERT of COCO), also as a ratio to that of "
        f"{target_sampler}, over the seeds that both have. The intervals take the loss as given."
    )


def csv_columns(times: TimeToTarget) -> dict[str, float]:
    """The same of one sampler, for its row of summary.csv."""
    row: dict[str, float] = {"reached_share": times.n_reached / times.n_seeds}
    for unit, spent in (("trials", times.trials), ("seconds", times.seconds)):
        row |= {f"{unit}_to_target{end}": value for end, value in _ends(spent.half)}
        row |= {f"expected_{unit}_to_target{end}": value for end, value in _ends(spent.expected)}
        row |= {f"expected_{unit}_ratio{end}": value for end, value in _ends(spent.ratio)}
    return row


def _ends(found: Interval) -> list[tuple[str, float]]:
    return [("", found.value), ("_low", found.lower), ("_high", found.upper)]


def _show(found: Interval, show: Callable[[float], str] = show_short) -> str:
    return show_interval(found.value, found.lower, found.upper, show)
