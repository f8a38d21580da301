"""The figures of a table as the README shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


_PREDICTION_LABELS = {
    "surface": "this table",
    "nearest": "nearest measured run",
    "linear": "linear interpolation",
    "pchip": "monotone cubic",
}


def markdown(content: dict[str, Any]) -> list[list[str]]:
    """The two tables that the README shows, as aligned lines of Markdown.

    Args:
        content: Of ``data/<preset>.json``.
    """
    name, figures, origin = content["preset"], content["quality"], content["provenance"]
    environment = {key: ", ".join(values) for key, values in origin["environment"].items()}
    is_complete = "lattice" in origin["n_runs"]
    runs = [(f"role `{role}`", f"{n:,}") for role, n in origin["n_runs"].items()]
    if is_complete:
        runs.append(("learning rates in the lattice", str(figures["n_learning_rates"])))
        share = f"{100 * figures['diverged']:.1f}% of the lattice"
    else:
        n_runs = sum(origin["n_runs"].values())
        runs += [
            ("combinations of the integers", f"{origin['n_cells']:,} of 343"),
            ("of the planned design", f"{n_runs:,} of {origin['n_planned']:,}"),
        ]
        share = f"{100 * figures['diverged']:.1f}% of the design"
    versions = [f"Python {environment['python']}", f"torch {environment['torch']}"]
    versions.append(f"torchvision {environment['torchvision']}")
    facts = [
        ("Measured runs", name),
        *runs,
        ("finished", origin["finished"]),
        ("machine", f"{environment['machine']}, {environment['device']}"),
        ("versions", ", ".join(versions)),
        (
            "processor time of all runs" if is_complete else "time of all runs",
            f"{origin['total_seconds'] / 3600:.1f} h",
        ),
        (
            "seconds of one run, replayed",
            f"{figures['cost']['lowest']:.2f} to {figures['cost']['highest']:.2f}",
        ),
        (
            "spread of seconds within a cell" if is_complete else "error of the seconds",
            f"{100 * figures['cost']['spread']:.0f}%",
        ),
        ("diverged", share),
        (
            "correlation of accuracy with loss noise",
            f"{content['model']['test_accuracy']['correlation_with_loss']:.2f}",
        ),
    ]
    n_held_out, n_repeats = figures["n_held_out"], figures["n_repeats"]
    noise = figures["noise"]
    title = "Error in log(loss)"
    errors = [
        (title, "n below", "RMS", "median", "n at the edge", "RMS", "median"),
        *(
            _row(f"held out: {label}", n_held_out, figures["held_out"][key])
            for key, label in _PREDICTION_LABELS.items()
            if key in figures["held_out"]
        ),
        _row("noise: pairs of measured runs", n_repeats, noise["measured_pairs"]),
        _row("noise: pairs of replayed runs", n_repeats, noise["replayed_pairs"]),
    ]
    return [_aligned(facts), _aligned(errors)]


def update_readme(text: str, tables: list[list[str]], section: str | None = None) -> str:
    """Put the tables where those with the same first header cell stand.

    Args:
        text: Of the README.
        tables: From :func:`markdown`.
        section: Heading of the section to look in, without its marks; None for the first table of
            that kind in the whole text.

    Raises:
        ValueError: If the README, or the section, has no such table.
    """
    lines = text.splitlines()
    first = 0
    if section is not None:
        headings = [i for i, line in enumerate(lines) if line.lstrip("# ") == section]
        if not headings:
            raise ValueError(f"The README has no section {section!r}.")
        first = headings[0]
    for table in tables:
        title = table[0].split("|")[1].strip()
        starts = [
            i for i, line in enumerate(lines) if i >= first and line.startswith(f"| {title} ")
        ]
        if not starts:
            raise ValueError(f"The README has no table whose first header is {title!r}.")
        end = starts[0]
        while end < len(lines) and lines[end].startswith("|"):
            end += 1
        lines[starts[0] : end] = table
    return "\n".join(lines) + "\n"


def _row(name: str, n: dict[str, int], errors: dict[str, dict[str, float]]) -> tuple[str, ...]:
    return (
        name,
        *(
            cell
            for part in ("below", "edge")
            for cell in (
                str(n[part]),
                f"{errors[part]['rms']:.3f}",
                f"{errors[part]['median']:.3f}",
            )
        ),
    )


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns padded to one width, as mdformat does it."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
        for row in rows
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return lines
