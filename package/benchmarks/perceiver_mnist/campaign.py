"""Measure the table of a preset: a fixed design of real training runs, resumable.

Needs only torch and torchvision. From the folder that holds ``package/``::

    python -m package.benchmarks.perceiver_mnist.campaign --preset small \
        --data-root data --out campaign-small.jsonl --workers 2
    python -m package.benchmarks.perceiver_mnist.campaign --preset full --device cuda \
        --trainer fast --data-root data --out campaign-full.jsonl --minutes 60

Every finished run is appended to ``--out`` as one line of JSON. The same command continues after
an interruption and ends when the design is complete or ``--minutes`` have passed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
import json
import os
from pathlib import Path
import platform
import sys
import time
from typing import Any
from typing import TextIO

from .design import design
from .design import Run
from .engines import fast_records
from .engines import plain_records
from .presets import get_preset
from .presets import PRESETS


def versions(device: str) -> dict[str, str]:
    """What the measurements depend on: Python, torch and the machine.

    Args:
        device: Where the training runs are made.
    """
    import torch
    import torchvision

    environment = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "machine": f"{platform.machine()} {_processor()}".strip(),
    }
    if device.startswith("cuda"):
        environment["cuda"] = str(torch.version.cuda)
    return environment


def read_records(path: Path) -> list[dict[str, Any]]:
    """Read a campaign's records; a last line cut short by a kill is left out.

    Args:
        path: File of JSON lines; may not exist yet.
    """
    if not path.exists():
        return []
    records = []
    for line in path.read_text().splitlines():
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return records


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), "")


def end_last_line(path: Path) -> None:
    """Make the next record start on a line of its own, after one cut short by a kill.

    Args:
        path: File of JSON lines; may not exist yet.
    """
    if path.exists() and path.stat().st_size > 0:
        with open(path, "rb+") as file:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")


def append_record(file: TextIO, record: dict[str, Any]) -> None:
    """Write a record as a line of JSON, at once.

    Args:
        file: Open for appending.
        record: Plain values by name.
    """
    file.write(json.dumps(record) + "\n")
    file.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=sorted(PRESETS), default="small")
    parser.add_argument("--data-root", default="data", help="folder that holds MNIST/raw")
    parser.add_argument("--out", type=Path, required=True, help="file of JSON lines to append to")
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--trainer",
        choices=("plain", "fast"),
        default="plain",
        help="fast: runs of one shape side by side, made for CUDA",
    )
    parser.add_argument("--workers", type=int, default=1, help="processes, with --trainer plain")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so long")
    options = parser.parse_args(arguments)

    from .data import check_data_root
    from .devices import resolve_device

    try:
        check_data_root(options.data_root)
        resolve_device(options.device)
    except (FileNotFoundError, ValueError, RuntimeError) as error:
        parser.error(str(error))
    if options.workers < 1:
        parser.error(f"--workers is {options.workers}, but must be 1 or more.")

    groups = design(get_preset(options.preset))
    done = {record["training_seed"] for record in read_records(options.out)}
    left = [[run for run in group if run.training_seed not in done] for group in groups]
    left = [group for group in left if group]
    n_left = sum(map(len, left))
    print(f"{len(done)} of {sum(map(len, groups))} runs done, {n_left} to go.", flush=True)
    if not left:
        return 0
    options.out.parent.mkdir(parents=True, exist_ok=True)
    end_last_line(options.out)
    environment = versions(options.device)
    started = time.monotonic()
    records = _records(options, left, deadline=started + 60 * options.minutes)
    with open(options.out, "a") as file:
        try:
            for i, record in enumerate(records, 1):
                append_record(file, record | environment)
                if i % 20 == 0 or i == n_left:
                    minutes = (time.monotonic() - started) / 60
                    print(f"{i}/{n_left} runs, {minutes:.1f} min", flush=True)
        except KeyboardInterrupt:
            print("Interrupted. The same command continues.", file=sys.stderr)
            return 130
    return 0


def _records(
    options: argparse.Namespace, groups: list[list[Run]], deadline: float
) -> Iterator[dict[str, Any]]:
    if options.trainer == "fast":
        return fast_records(
            groups,
            preset_name=options.preset,
            data_root=options.data_root,
            device=options.device,
            deadline=deadline,
        )
    return plain_records(
        groups,
        preset_name=options.preset,
        data_root=options.data_root,
        device=options.device,
        n_workers=options.workers,
        deadline=deadline,
    )


if __name__ == "__main__":
    sys.exit(main())
