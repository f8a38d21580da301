"""Measure the table of a preset: a fixed design of real training runs, resumable.

Needs only torch and torchvision. From the folder that holds ``package/``::

    python -m package.benchmarks.perceiver_mnist.campaign --preset small \
        --data-root data --out campaign-small.jsonl --workers 2

Every finished run is appended to ``--out`` as one line of JSON. The same command continues after
an interruption and ends when the design is complete or ``--minutes`` have passed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED
from concurrent.futures import Future
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import wait
from dataclasses import asdict
from dataclasses import dataclass
import itertools
import json
import multiprocessing
import os
from pathlib import Path
import platform
import random
import signal
import sys
import threading
import time
from typing import Any
from typing import TextIO

from .presets import get_preset
from .presets import Preset
from .presets import PRESETS


N_LEARNING_RATES = 7
N_REPEATS = 250
N_HELD_OUT = 200


@dataclass(frozen=True)
class Run:
    """One training run of the design.

    Attributes:
        role: ``"lattice"`` (the table), ``"repeat"`` (a configuration of the table with another
            training seed: tells the noise) or ``"held_out"`` (a learning rate between those of
            the table: tells the error of interpolating).
        depth: Number of Perceiver blocks.
        latent_dim: Channels per latent.
        num_latents: Number of latents.
        learning_rate: Adam's learning rate.
        training_seed: Different in every run, so that no two share their noise.
    """

    role: str
    depth: int
    latent_dim: int
    num_latents: int
    learning_rate: float
    training_seed: int


def design(preset: Preset) -> list[Run]:
    """All runs of a preset's table, in an order whose every beginning covers the space.

    The whole lattice of the three integers at ``N_LEARNING_RATES`` learning rates; repetitions of
    ``N_REPEATS`` of these; and ``N_HELD_OUT`` cells at a learning rate between them.
    """
    rng = random.Random(0)
    cells = list(
        itertools.product(preset.depth.values, preset.latent_dim.values, preset.num_latents.values)
    )
    rates = preset.learning_rate.log_spaced(N_LEARNING_RATES)
    points = [("lattice", *cell, rate) for cell in cells for rate in rates]
    points += [("repeat", *cell, rng.choice(rates)) for cell in rng.sample(cells, N_REPEATS)]
    low, high = preset.learning_rate.low, preset.learning_rate.high
    points += [
        ("held_out", *cell, float(f"{low * (high / low) ** rng.random():.6g}"))
        for cell in rng.sample(cells, N_HELD_OUT)
    ]
    rng.shuffle(points)
    return [Run(*point, training_seed=seed) for seed, point in enumerate(points)]


def versions() -> dict[str, str]:
    """What the measurements depend on: Python, torch and the processor."""
    import torch
    import torchvision

    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "machine": f"{platform.machine()} {_processor()}".strip(),
    }


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


_worker_state: dict[str, Any] = {}


def _start_worker(preset_name: str, data_root: str, device: str) -> None:
    from .data import load_images
    from .devices import resolve_device

    # Ctrl-C reaches the whole process group: the main process alone decides what to do.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    preset = get_preset(preset_name)
    images = load_images(data_root, preset).to(resolve_device(device))
    _worker_state.update(preset=preset, images=images)


def _exit_with_parent() -> None:
    """End this worker when the main process is gone, be it by SIGKILL.

    The executor's workers hold both ends of its queue and would wait for work for ever.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _measure(run: Run) -> dict[str, Any]:
    from .training import train

    params = {k: v for k, v in asdict(run).items() if k != "role"}
    record = train(_worker_state["preset"], _worker_state["images"], **params)
    return asdict(run) | record.to_dict()


def _finished_runs(
    executor: ProcessPoolExecutor, runs: Iterable[Run], n_workers: int, deadline: float
) -> Iterator[dict[str, Any]]:
    """Yield records as they finish, keeping each worker busy until the deadline."""
    waiting = iter(runs)
    pending: set[Future[dict[str, Any]]] = set()
    while True:
        if time.monotonic() < deadline:
            for run in itertools.islice(waiting, 2 * n_workers - len(pending)):
                pending.add(executor.submit(_measure, run))
        if not pending:
            return
        finished, pending = wait(pending, return_when=FIRST_COMPLETED)
        for future in finished:
            yield future.result()


def _end_last_line(path: Path) -> None:
    """Make the next record start on a line of its own, after one cut short by a kill."""
    if path.exists() and path.stat().st_size > 0:
        with open(path, "rb+") as file:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")


def _append(file: TextIO, record: dict[str, Any]) -> None:
    file.write(json.dumps(record) + "\n")
    file.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=sorted(PRESETS), default="small")
    parser.add_argument("--data-root", default="data", help="folder that holds MNIST/raw")
    parser.add_argument("--out", type=Path, required=True, help="file of JSON lines to append to")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=1, help="runs side by side")
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

    runs = design(get_preset(options.preset))
    done = {record["training_seed"] for record in read_records(options.out)}
    left = [run for run in runs if run.training_seed not in done]
    print(f"{len(done)} of {len(runs)} runs done, {len(left)} to go.", flush=True)
    if not left:
        return 0
    options.out.parent.mkdir(parents=True, exist_ok=True)
    _end_last_line(options.out)
    environment = versions()
    started = time.monotonic()
    with (
        open(options.out, "a") as file,
        ProcessPoolExecutor(
            options.workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(options.preset, options.data_root, options.device),
        ) as executor,
    ):
        deadline = started + 60 * options.minutes
        finished = _finished_runs(executor, left, options.workers, deadline)
        try:
            for i, record in enumerate(finished, 1):
                _append(file, record | environment)
                if i % 20 == 0 or i == len(left):
                    minutes = (time.monotonic() - started) / 60
                    print(f"{i}/{len(left)} runs, {minutes:.1f} min", flush=True)
        except KeyboardInterrupt:
            executor.shutdown(wait=False, cancel_futures=True)
            print("Interrupted. The same command continues.", file=sys.stderr)
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
