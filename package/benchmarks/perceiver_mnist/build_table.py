"""Compile a campaign's records into the table of a preset.

From the folder that holds ``package/``::

    python -m package.benchmarks.perceiver_mnist.build_table --preset small \
        --records campaign-small.jsonl --readme

Writes ``data/<preset>.csv`` (every run) and ``data/<preset>.json`` (provenance, model and its
errors), and prints the tables of figures that the README shows, or puts them there. Needs scipy.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
import csv
from datetime import datetime
from datetime import timezone
import json
import math
from pathlib import Path
import sys
from typing import Any

from .measuring.design import design
from .measuring.record_file import check_comparable
from .measuring.record_file import check_records
from .measuring.record_file import read_records
from .presets import get_preset
from .presets import Preset
from .presets import PRESETS
from .replay.fit_model import fit_model
from .replay.measured import COLUMNS
from .replay.measured import MeasuredRun
from .replay.measured import OPTIONAL_COLUMNS
from .replay.quality import quality
from .replay.quality_markdown import markdown
from .replay.quality_markdown import update_readme
from .replay.table import data_paths
from .replay.table import Table


_CLOCK_NOTE = (
    "Processor seconds of the single-threaded training process, because the wall clock was "
    "disturbed by other work on the machine. Sharing caches and memory with that work makes them "
    "vary from run to run all the same; the table replays a smooth fit to each cell's median."
)
_DEVICE_CLOCK_NOTE = (
    "Wall-clock seconds of the fast trainer. Runs that were trained side by side have an equal "
    "share; the table replays a fit to those that had the device to themselves."
)


def compile_runs(records: list[dict[str, Any]]) -> list[MeasuredRun]:
    """Turn records of a campaign into sorted, rounded runs.

    Args:
        records: See ``record_file.read_records``; of records that share a training seed, which a
            campaign writes only if started twice at once, the first is taken.

    Raises:
        ValueError: If there is no record, or one whose loss is not finite.
    """
    by_seed: dict[int, dict[str, Any]] = {}
    for record in records:
        by_seed.setdefault(record["training_seed"], record)
    if not by_seed:
        raise ValueError("There is no record to compile.")
    n_broken = sum(not math.isfinite(record["loss"]) for record in by_seed.values())
    if n_broken:
        raise ValueError(
            f"{n_broken} runs have a loss that is not finite: the model of the table has no place "
            "for them yet."
        )
    runs = [
        MeasuredRun(
            role=record["role"],
            depth=record["depth"],
            latent_dim=record["latent_dim"],
            num_latents=record["num_latents"],
            learning_rate=_significant(record["learning_rate"], 6),
            training_seed=record["training_seed"],
            loss=_significant(record["loss"], 6),
            test_accuracy=_significant(record["test_accuracy"], 5),
            # A single-threaded run on a CPU: see the note on the clock. Elsewhere the processor
            # only waits for the device.
            seconds=_significant(
                record["cpu_seconds" if record["device"] == "cpu" else "seconds"], 4
            ),
            peak_memory_mb=_significant(record["peak_memory_mb"], 4),
            diverged=record["diverged"],
            curve=tuple(_significant(value, 4) for value in record["loss_curve"]),
            side_by_side=record.get("side_by_side", 1),
        )
        for record in by_seed.values()
    ]
    return sorted(
        runs,
        key=lambda run: (
            ("lattice", "design", "repeat", "held_out").index(run.role),
            run.depth,
            run.latent_dim,
            run.num_latents,
            run.learning_rate,
        ),
    )


def write_runs(path: Path, runs: list[MeasuredRun]) -> None:
    """Write runs in the form that ``measured.read_runs`` reads."""
    optional = OPTIONAL_COLUMNS if any(run.side_by_side > 1 for run in runs) else ()
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS + optional)
        for run in runs:
            values = [_short(getattr(run, name)) for name in COLUMNS[:-2]]
            curve = " ".join(f"{value:g}" for value in run.curve)
            more = [getattr(run, name) for name in optional]
            writer.writerow([*values, int(run.diverged), curve, *more])


def provenance(
    preset: Preset, records: list[dict[str, Any]], runs: list[MeasuredRun], records_path: Path
) -> dict[str, Any]:
    """Where the numbers come from."""
    module = "python -m package.benchmarks.perceiver_mnist"
    name = f"campaign-{preset.name}.jsonl"
    on_cpu = {record["device"] for record in records} == {"cpu"}
    how = "--workers 2" if on_cpu else "--device cuda --trainer fast"
    keys = ("device", "machine", "python", "torch", "torchvision", "cuda")
    n_planned = sum(map(len, design(preset)))
    return {
        "commands": [
            f"{module}.campaign --preset {preset.name} --data-root data --out {name} {how}",
            f"{module}.build_table --preset {preset.name} --records {name} --readme",
        ],
        "finished": _finished(records, records_path),
        "n_planned": n_planned,
        "n_runs": dict(Counter(run.role for run in runs)),
        "n_cells": len({run.cell for run in runs}),
        "environment": {
            key: sorted({str(record[key]) for record in records if key in record})
            for key in keys
            if any(key in record for record in records)
        },
        "total_seconds": round(sum(run.seconds for run in runs)),
        "seconds": _CLOCK_NOTE if on_cpu else _DEVICE_CLOCK_NOTE,
        "test_accuracy": f"Share of the first {preset.n_test} test images.",
    }


def _finished(records: list[dict[str, Any]], path: Path) -> str:
    """The day on which the last run was made; if no record tells, that of the file."""
    days = [record["date"] for record in records if "date" in record]
    if days:
        return str(max(days))
    changed = datetime.fromtimestamp(path.stat().st_mtime, tz=timezone.utc)
    return changed.date().isoformat()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=sorted(PRESETS), default="small")
    parser.add_argument("--records", type=Path, required=True, help="the campaign's --out")
    parser.add_argument("--readme", action="store_true", help="put the figures into README.md")
    options = parser.parse_args(arguments)

    preset = get_preset(options.preset)
    if not options.records.exists():
        parser.error(f"--records {options.records}: there is no such file.")
    try:
        records = read_records(options.records)
        check_records(records, preset)
        check_comparable(records)
        runs = compile_runs(records)
        model = fit_model(preset, runs)
        figures = quality(Table(preset, runs, model))
    except (OSError, ValueError) as error:
        parser.error(f"--records {options.records}: {error}")
    except ImportError as error:
        parser.error(f"scipy is needed: pip install scipy. ({error})")
    content = {
        "preset": preset.name,
        "provenance": provenance(preset, records, runs, options.records),
        "quality": figures,
        "model": model,
    }
    try:
        _write(preset.name, content, runs, options.readme)
    except (OSError, ValueError) as error:
        parser.error(f"the table cannot be written: {error}")
    return 0


def _write(
    preset_name: str, content: dict[str, Any], runs: list[MeasuredRun], readme: bool
) -> None:
    """Write the files of a table, and print its figures, or put them into the README too.

    Raises:
        OSError: If a file cannot be written.
        ValueError: If the README has no place for them.
    """
    runs_path, model_path = data_paths(preset_name)
    runs_path.parent.mkdir(exist_ok=True)
    write_runs(runs_path, runs)
    model_path.write_text(json.dumps(content, indent=1) + "\n")
    tables = markdown(content)
    print("\n\n".join("\n".join(table) for table in tables))
    if readme:
        page = Path(__file__).parent / "README.md"
        section = f"The Table of `{preset_name}`"
        page.write_text(update_readme(page.read_text(), tables, section))


def _significant(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def _short(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value


if __name__ == "__main__":
    sys.exit(main())
