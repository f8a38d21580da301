"""The comparison of trainers as tables of Markdown. Imports nothing but the standard library."""

from __future__ import annotations

import statistics

from .record_file import Record


# A record's parameters that set the size of its network.
CELL = ("depth", "latent_dim", "num_latents")
TRAINERS = ("blog", "fast", "together")
# Networks that "together" trains at once.
N_SIDE_BY_SIDE = 4


def table(records: list[Record]) -> list[str]:
    """Lines of Markdown: a row per cell, medians over seeds, ratios of the same run.

    Args:
        records: As written to ``--out``; cells that not every trainer has finished are left out.
    """
    rate = next(record["matrix_rate"] for record in records if "matrix_rate" in record)
    rows: list[tuple[str, ...]] = [
        (
            "depth, channels, latents",
            "blog loop",
            "fast",
            f"fast, each of {N_SIDE_BY_SIDE}",
            "blog / fast",
            "share of matrix rate",
            "loss, blog loop",
            "loss, fast",
        )
    ]
    by_cell: dict[tuple[int, ...], dict[str, list[Record]]] = {}
    for record in records:
        if "trainer" in record:
            cell = tuple(record[name] for name in CELL)
            by_cell.setdefault(cell, {}).setdefault(record["trainer"], []).append(record)
    for cell, runs in sorted(by_cell.items(), key=lambda item: _flops(item[1])):
        if set(runs) >= set(TRAINERS):
            seconds = {
                name: statistics.median(run["seconds"] for run in runs[name]) for name in TRAINERS
            }
            rows.append(
                (
                    ", ".join(map(str, cell)),
                    *(f"{seconds[name]:.2f} s" for name in TRAINERS),
                    f"{seconds['blog'] / seconds['fast']:.1f}",
                    f"{100 * _flops(runs) / seconds['fast'] / rate:.0f}%",
                    *(_losses(runs[name]) for name in ("blog", "fast")),
                )
            )
    rows.insert(1, ("---",) * len(rows[0]))
    return ["| " + " | ".join(row) + " |" for row in rows]


def kernel_table(records: list[Record]) -> list[str]:
    """Lines of Markdown: where the time of a step of the fast trainer goes; none if not measured.

    Args:
        records: As written to ``--out``.
    """
    measured = [record for record in records if "kernel_seconds" in record]
    if not measured:
        return []
    kinds = sorted({kind for record in measured for kind in record["kernel_seconds"]})
    rows = [("depth, channels, latents", *kinds), ("---",) * (1 + len(kinds))]
    for record in sorted(measured, key=lambda record: float(record["flops"])):
        spent = record["kernel_seconds"]
        cells = [f"{1000 * spent.get(kind, 0.0):.2f} ms" for kind in kinds]
        rows.append((", ".join(str(record[name]) for name in CELL), *cells))
    return ["| " + " | ".join(row) + " |" for row in rows]


def _flops(runs: dict[str, list[Record]]) -> float:
    return float(next(iter(runs.values()))[0]["flops"])


def _losses(runs: list[Record]) -> str:
    return ", ".join(f"{run['loss']:.3f}" for run in runs)
