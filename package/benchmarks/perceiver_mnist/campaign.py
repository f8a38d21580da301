"""Measure the table of a preset: a fixed design of real training runs, resumable.

Needs only torch and torchvision. From the folder that holds ``package/``::

    python -m package.benchmarks.perceiver_mnist.campaign --preset small \
        --data-root data --out campaign-small.jsonl --workers 2
    python -m package.benchmarks.perceiver_mnist.campaign --preset full --device cuda \
        --trainer fast --data-root data --out campaign-full.jsonl --minutes 60

Every finished run is appended to ``--out`` as one line of JSON. The same command continues after
an interruption. It ends when the design is complete, or with what is being trained when
``--minutes`` have passed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from datetime import datetime
from datetime import timezone
from pathlib import Path
import platform
import sys
import time
from typing import Any
from typing import TYPE_CHECKING

from .measuring.design import design
from .measuring.engines import DoesNotFitError
from .measuring.engines import fast_records
from .measuring.engines import plain_records
from .measuring.record_file import append_record
from .measuring.record_file import check_device
from .measuring.record_file import check_records
from .measuring.record_file import check_trainer
from .measuring.record_file import end_last_line
from .measuring.record_file import locked
from .measuring.record_file import other_versions
from .measuring.record_file import read_records
from .presets import get_preset
from .presets import PRESETS
from .training.devices import device_name


if TYPE_CHECKING:
    import torch

    from .training.data import Images


def versions(device: torch.device) -> dict[str, str]:
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
    if device.type == "cuda":
        environment["cuda"] = str(torch.version.cuda)
    return environment


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), "")


def minutes(text: str) -> float:
    """A time box of the command line.

    Raises:
        argparse.ArgumentTypeError: If it is no number from 0.
    """
    try:
        if (value := float(text)) >= 0.0:
            return value
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"is {text}, but must be a number from 0.")


def device_and_images(
    options: argparse.Namespace, trainer: str, parser: argparse.ArgumentParser
) -> tuple[torch.device, Images]:
    """Where to train, and on what; ends the program in a line where either cannot be had.

    Args:
        options: With ``device``, ``data_root`` and ``preset``.
        trainer: ``"plain"`` or ``"fast"``; with the fast one, which trains in this process, the
            images are on the device.
        parser: Of these options.
    """
    try:
        from .training.data import load_images
        from .training.devices import resolve_device
        from .training.fused import has_triton

        device = resolve_device(options.device)
        if trainer == "fast" and device.type == "cuda" and not has_triton():
            raise RuntimeError(
                "The fast trainer needs triton on CUDA, without which its seconds are others: "
                "pip install triton."
            )
        images = load_images(options.data_root, get_preset(options.preset))
        return device, images.to(device) if trainer == "fast" else images
    except ImportError as error:
        parser.error(f"torch and torchvision are needed: pip install torch torchvision. ({error})")
    except (OSError, ValueError, RuntimeError) as error:
        parser.error(str(error))


def run_resumably(work: Callable[[ExitStack], int]) -> int:
    """Do what the same command continues after Ctrl-C; returns the exit code.

    Args:
        work: Takes the stack of what is held until its end, and returns the exit code.
    """
    try:
        with ExitStack() as stack:
            return work(stack)
    except KeyboardInterrupt:
        print("Interrupted. The same command continues.", file=sys.stderr)
        return 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    started = time.monotonic()
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.workers < 1:
        parser.error(f"--workers is {options.workers}, but must be 1 or more.")
    deadline = started + 60 * options.minutes
    return run_resumably(lambda stack: _run(options, parser, stack, deadline))


def _run(
    options: argparse.Namespace,
    parser: argparse.ArgumentParser,
    stack: ExitStack,
    deadline: float,
) -> int:
    """Make what is left of the design; returns the exit code.

    Args:
        options: Of the command line.
        parser: Of these.
        stack: Holds the file of records until the end.
        deadline: On the monotonic clock; no run is started later.
    """
    preset = get_preset(options.preset)
    device, images = device_and_images(options, options.trainer, parser)
    try:
        stack.enter_context(locked(options.out))
        records = read_records(options.out)
        check_records(records, preset)
        check_device(records, device_name(device))
        check_trainer(records, options.trainer)
        end_last_line(options.out)
    except (OSError, ValueError) as error:
        parser.error(f"--out {options.out}: {error}")

    groups = design(preset)
    done = {record["training_seed"] for record in records}
    left = [[run for run in group if run.training_seed not in done] for group in groups]
    left = [group for group in left if group]
    n_left = sum(map(len, left))
    print(f"{len(done)} of {sum(map(len, groups))} runs done, {n_left} to go.", flush=True)
    if not left:
        return 0
    environment = versions(device) | {"trainer": options.trainer}
    if note := other_versions(records, environment["torch"]):
        print(f"--out {options.out} {note}", file=sys.stderr)
    if options.trainer == "fast":
        made = fast_records(left, preset=preset, images=images, deadline=deadline)
    else:
        made = plain_records(
            left,
            preset_name=options.preset,
            data_root=options.data_root,
            device=options.device,
            n_workers=options.workers,
            deadline=deadline,
        )
    return _write(made, options.out, environment, n_left)


def _write(
    records: Iterator[dict[str, Any]], path: Path, environment: dict[str, str], n_left: int
) -> int:
    """Append each record as it is made; returns the exit code."""
    started = time.monotonic()
    try:
        for i, record in enumerate(records, 1):
            try:
                append_record(path, record | environment | {"date": _today()})
            except OSError as error:
                print(f"--out {path}: {error}. The same command continues.", file=sys.stderr)
                return 1
            if i % 20 == 0 or i == n_left:
                print(
                    f"{i}/{n_left} runs, {(time.monotonic() - started) / 60:.1f} min", flush=True
                )
    except (BrokenProcessPool, DoesNotFitError) as error:
        print(f"{error} The same command continues.", file=sys.stderr)
        return 1
    return 0


def _today() -> str:
    return datetime.now(timezone.utc).date().isoformat()


def _parser() -> argparse.ArgumentParser:
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
    parser.add_argument(
        "--minutes", type=minutes, default=float("inf"), help="start no run after so long"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
