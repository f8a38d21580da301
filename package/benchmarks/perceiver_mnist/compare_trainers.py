"""Time the fast trainer against the blog post's loop: same seeds, one device, one run.

From the folder that holds ``package/``::

    python -m package.benchmarks.perceiver_mnist.compare_trainers --preset full --device cuda \
        --data-root data --out trainers-full.jsonl

Trains configurations from the smallest to the largest with each trainer over the same training
seeds. Every run is appended to ``--out`` as one line of JSON; the same command continues and ends
with a table. Needs torch and torchvision, but for ``--report``, which prints the table again
anywhere.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
import sys
import time
from typing import Any
from typing import TYPE_CHECKING

from .campaign import device_and_images
from .campaign import minutes
from .campaign import run_resumably
from .campaign import versions
from .measuring.engines import DoesNotFitError
from .measuring.record_file import append_record
from .measuring.record_file import check_device
from .measuring.record_file import end_last_line
from .measuring.record_file import locked
from .measuring.record_file import other_versions
from .measuring.record_file import read_records
from .measuring.record_file import Record
from .measuring.trainer_tables import CELL
from .measuring.trainer_tables import kernel_table
from .measuring.trainer_tables import N_SIDE_BY_SIDE
from .measuring.trainer_tables import table
from .measuring.trainer_tables import TRAINERS
from .presets import get_preset
from .presets import Preset
from .presets import PRESETS
from .training.devices import device_name


if TYPE_CHECKING:
    import torch

    from .training.data import Images
    from .training.fast_training import FastTrainer
    from .training.fast_training import Start


LEARNING_RATE_AT = 0.25  # on the logarithmic range: networks of every depth learn there


def cells_by_size(preset: Preset) -> list[dict[str, int]]:
    """Five cells from the smallest to the largest; the third is in the middle of every axis."""
    return [
        {name: preset.space[name].values[i] for name, i in zip(CELL, levels)}
        for levels in ((0, 0, 0), (1, 1, 2), (3, 3, 3), (4, 5, 4), (6, 6, 6))
    ]


def epoch_flops(preset: Preset, cell: dict[str, int], device: torch.device) -> float:
    """Floating-point operations of the matrix products of one epoch, as the model is written.

    Args:
        preset: Size of the problem.
        cell: Depth, latent_dim and num_latents.
        device: Where to count, on one batch of two images.
    """
    import torch
    from torch.nn.attention import sdpa_kernel
    from torch.nn.attention import SDPBackend
    from torch.utils.flop_counter import FlopCounterMode

    from .training.plain_training import build_model

    model = build_model(preset, **cell, training_seed=0).to(device)
    images = torch.zeros(2, preset.image_size, preset.image_size, device=device)
    # The mathematical form of attention is counted whatever the device.
    mathematical = sdpa_kernel(SDPBackend.MATH)
    with FlopCounterMode(display=False) as counter, mathematical:
        model(images).sum().backward()
    return counter.get_total_flops() / 2 * preset.n_train


def _run_all(
    options: argparse.Namespace,
    images: Images,
    log: Callable[[Record], None],
    done: set[tuple[Any, ...]],
    deadline: float,
) -> None:
    """Every trainer on every cell; all cells with the first seed, then with the next."""
    import torch

    from .training import blog_loop
    from .training.fast_training import FastTrainer
    from .training.fast_training import prepare

    preset, device = get_preset(options.preset), images.train_images.device
    low, high = preset.learning_rate.low, preset.learning_rate.high
    learning_rate = float(f"{low * (high / low) ** LEARNING_RATE_AT:.3g}")
    trainer = FastTrainer(preset, images)

    def fast(cell: dict[str, int], seeds: Sequence[int]) -> Record:
        # Once a process for each width, and no part of a trial.
        trainer.compile(prepare(preset, **cell, training_seeds=seeds))
        start = prepare(preset, **cell, training_seeds=seeds)
        return trainer.train(start, [learning_rate] * len(seeds))[0].to_dict()

    def blog(cell: dict[str, int], seed: int) -> Record:
        with blog_loop.blog_loader(preset, options.data_root, seed) as loader:
            loss, seconds = blog_loop.blog_epoch(
                preset, loader, device, **cell, learning_rate=learning_rate, training_seed=seed
            )
        return {"loss": loss, "seconds": seconds}

    runs: dict[str, Callable[[dict[str, int], int], Record]] = {
        "fast": lambda cell, seed: fast(cell, [seed]),
        "together": lambda cell, seed: fast(cell, range(seed, seed + N_SIDE_BY_SIDE)),
        "blog": blog,
    }
    for seed in range(options.seeds):
        for cell in cells_by_size(preset):
            for name, run in runs.items():
                left = (name, *cell.values(), seed) not in done
                if left and (name != "together" or seed == 0) and time.monotonic() < deadline:
                    which = {"trainer": name, **cell, "training_seed": seed}
                    try:
                        measured = run(cell, seed)
                        if name == "fast" and seed == 0 and device.type == "cuda":
                            start = prepare(preset, **cell, training_seeds=[seed])
                            measured |= _kernel_seconds(trainer, start)
                        flops = epoch_flops(preset, cell, device)
                    except torch.cuda.OutOfMemoryError as error:
                        raise DoesNotFitError.of(which) from error
                    log(which | {"flops": flops} | measured)


def _kernel_seconds(trainer: FastTrainer, start: Start) -> Record:
    """Where a step's time goes; nothing where that cannot be told, for which no run is lost."""
    try:
        return {"kernel_seconds": trainer.kernel_seconds(start)}
    except Exception as error:  # Profilers need rights, and their names change.
        print(f"The time of each kind of kernel is not told: {error!r}", file=sys.stderr)
        return {}


def _done(records: list[Record], preset: Preset) -> set[tuple[Any, ...]]:
    """Trainer, cell and seed of each run that was made.

    Raises:
        ValueError: If a record is not of a comparison on this preset.
    """
    cells = [tuple(cell.values()) for cell in cells_by_size(preset)]
    done = set()
    for record in records:
        if "matrix_rate" not in record:
            run = tuple(record.get(name) for name in ("trainer", *CELL, "training_seed"))
            # A campaign's records tell a trainer and a cell too, but they have a role besides.
            if run[0] not in TRAINERS or run[1:4] not in cells or "role" in record:
                raise ValueError(
                    f"holds a record that is no run of a comparison on preset {preset.name!r}: "
                    f"{dict(zip(('trainer', *CELL), run))}."
                )
            done.add(run)
    return done


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(allow_abbrev=False, description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=sorted(PRESETS), default="full")
    parser.add_argument("--data-root", default="data", help="folder that holds MNIST/raw")
    parser.add_argument("--out", type=Path, required=True, help="file of JSON lines to append to")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seeds", type=int, default=3, help="training seeds of each trainer")
    parser.add_argument("--report", action="store_true", help="only print the table of --out")
    parser.add_argument(
        "--minutes", type=minutes, default=float("inf"), help="start no run after so long"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    started = time.monotonic()
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error(f"--seeds is {options.seeds}, but must be 1 or more.")
    if options.report:
        _report(options, parser)
        return 0
    deadline = started + 60 * options.minutes
    return run_resumably(lambda stack: _compare(options, parser, stack, deadline))


def _report(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Print the tables of what was measured."""
    try:
        records = read_records(options.out)
    except (OSError, ValueError) as error:
        parser.error(f"--out {options.out}: {error}")
    if not any("matrix_rate" in record for record in records):
        parser.error(f"--out {options.out}: holds no measurement to report.")
    print("\n".join([*table(records), *kernel_table(records)]))


def _compare(
    options: argparse.Namespace,
    parser: argparse.ArgumentParser,
    stack: ExitStack,
    deadline: float,
) -> int:
    """Make what is left of the comparison, and print it; returns the exit code.

    Args:
        options: Of the command line.
        parser: Of these.
        stack: Holds the file of records until the end.
        deadline: On the monotonic clock; no run is started later.
    """
    preset = get_preset(options.preset)
    device, images = device_and_images(options, "fast", parser)
    try:
        stack.enter_context(locked(options.out))
        records = read_records(options.out)
        done = _done(records, preset)
        check_device(records, device_name(device))
        end_last_line(options.out)
    except (OSError, ValueError) as error:
        parser.error(f"--out {options.out}: {error}")

    def log(record: Record) -> None:
        records.append(record)
        try:
            append_record(options.out, record)
        except OSError as error:
            sys.exit(f"--out {options.out}: {error}. The same command continues.")
        print({k: v for k, v in record.items() if k != "loss_curve"}, flush=True)

    measured_with = versions(device) | {"device": device_name(device)}
    if note := other_versions(records, measured_with["torch"]):
        print(f"--out {options.out} {note}", file=sys.stderr)
    if not any("matrix_rate" in record for record in records):
        from .training.timing import matrix_rate

        log(measured_with | {"matrix_rate": matrix_rate(device)})
    try:
        _run_all(options, images, log, done, deadline)
    except DoesNotFitError as error:
        print(f"{error} The same command continues.", file=sys.stderr)
        return 1
    print("\n".join([*table(records), *kernel_table(records)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
