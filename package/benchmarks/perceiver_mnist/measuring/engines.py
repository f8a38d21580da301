"""How a campaign's runs are made: one after the other in processes, or side by side on a GPU."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED
from concurrent.futures import Future
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import asdict
import itertools
import multiprocessing
import os
import signal
import threading
import time
from typing import Any
from typing import TYPE_CHECKING

from ..presets import get_preset
from ..presets import Preset
from .design import Run
from .record_file import Record


if TYPE_CHECKING:
    from ..training.data import Images
    from ..training.fast_training import FastTrainer
    from ..training.fast_training import Start


_worker_state: dict[str, Any] = {}


class DoesNotFitError(RuntimeError):
    """The device has no memory for a training run; says which."""

    @classmethod
    def of(cls, run: Mapping[str, Any]) -> DoesNotFitError:
        """Of a run.

        Args:
            run: What tells it from others, by name.
        """
        told = ", ".join(f"{name}={value}" for name, value in run.items())
        return cls(
            f"The device has too little free memory for the training run of {told}. "
            "End what else uses it, or go on with another of its kind."
        )


def plain_records(
    groups: Iterable[list[Run]],
    *,
    preset_name: str,
    data_root: str,
    device: str,
    n_workers: int,
    deadline: float,
) -> Iterator[Record]:
    """Train with the plain loop in worker processes, each run by itself.

    Args:
        groups: Runs to make; their grouping does not matter.
        preset_name: Of these runs.
        data_root: Folder that holds ``MNIST/raw``.
        device: Where to train.
        n_workers: Runs at once.
        deadline: On the monotonic clock; no run is started later.

    Yields:
        What was measured, as each run finishes.

    Raises:
        DoesNotFitError: If the device has no memory for a run.
    """
    executor = ProcessPoolExecutor(
        n_workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(preset_name, data_root, device),
    )
    waiting = itertools.chain.from_iterable(groups)
    pending: set[Future[Record | None]] = set()
    try:
        while True:
            if time.monotonic() < deadline:
                for run in itertools.islice(waiting, 2 * n_workers - len(pending)):
                    with _interrupts_blocked():
                        pending.add(executor.submit(_measure, run, deadline))
            if not pending:
                return
            finished, pending = wait(pending, return_when=FIRST_COMPLETED)
            # What was measured goes before an error, which ends the campaign.
            yield from _records_of(finished)
            for future in finished:
                future.result()
    except (Exception, KeyboardInterrupt):
        # Runs that were begun end in any case: what they measure is kept.
        _wait_or_kill({future for future in pending if not future.cancel()})
        yield from _records_of(pending)
        raise
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach; this one gets it a moment later."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait_or_kill(begun: set[Future[Record | None]]) -> None:
    """Wait for runs to end; a second Ctrl-C ends their processes.

    Python itself may wait for these for ever when it is interrupted while it waits.
    """
    try:
        wait(begun)
    except KeyboardInterrupt:
        for process in multiprocessing.active_children():
            process.kill()
        raise


def _records_of(futures: Iterable[Future[Record | None]]) -> Iterator[Record]:
    """The records of those that have made one, of futures that are done or cancelled."""
    for future in futures:
        if not future.cancelled() and not future.exception() and (record := future.result()):
            yield record


def fast_records(
    groups: Iterable[list[Run]],
    *,
    preset: Preset,
    images: Images,
    deadline: float,
) -> Iterator[Record]:
    """Train each group side by side in this process.

    Args:
        groups: Runs to make; those of a group have the same cell.
        preset: Of these runs.
        images: The preset's images, on the device to train on.
        deadline: On the monotonic clock; no group is started later.

    Yields:
        What was measured, with the number of runs that were trained side by side.

    Raises:
        DoesNotFitError: If the device has no memory for a single run.
    """
    from ..training.fast_training import FastTrainer

    trainer = FastTrainer(preset, images)
    with ThreadPoolExecutor(1) as thread:
        # All weights are drawn in this one thread, because torch has one random state for all.
        def begin(group: list[Run]) -> Future[Start]:
            return thread.submit(_start, preset, group)

        # Those of the next group while the device trains this one.
        waiting = ((group, begin(group)) for group in groups)
        upcoming = next(waiting, None)
        while upcoming is not None and time.monotonic() < deadline:
            (group, future), upcoming = upcoming, next(waiting, None)
            yield from _train_side_by_side(trainer, group, future, begin)


def _train_side_by_side(
    trainer: FastTrainer,
    group: list[Run],
    future: Future[Start],
    begin: Callable[[list[Run]], Future[Start]],
) -> Iterator[Record]:
    """In halves, one after the other, where the device has no memory for all.

    Args:
        trainer: What trains.
        group: Runs of one cell.
        future: What they start from.
        begin: Makes that of another group.
    """
    import torch

    start = future.result()
    try:
        # No part of a run's seconds, which tell the costs where the design has it alone.
        trainer.compile(start)
        records = trainer.train(start, [run.learning_rate for run in group])
    except torch.cuda.OutOfMemoryError as error:
        if len(group) == 1:
            raise DoesNotFitError.of(asdict(group[0])) from error
        records = []
    for run, record in zip(group, records):
        yield asdict(run) | record.to_dict() | {"side_by_side": len(group)}
    if not records:
        # Only now, when what the error held of the larger group is free again.
        half = len(group) // 2
        for part in (group[:half], group[half:]):
            yield from _train_side_by_side(trainer, part, begin(part), begin)


def _start(preset: Preset, group: list[Run]) -> Start:
    from ..training.fast_training import prepare

    return prepare(preset, *group[0].cell, [run.training_seed for run in group])


def _start_worker(preset_name: str, data_root: str, device: str) -> None:
    from ..training.data import load_images
    from ..training.devices import resolve_device

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


def _measure(run: Run, deadline: float) -> Record | None:
    """Train, unless this was handed out before the deadline and its turn comes after it."""
    import torch

    from ..training.plain_training import train

    # All processes of a machine have the same monotonic clock.
    if time.monotonic() >= deadline:
        return None
    params = {name: value for name, value in asdict(run).items() if name != "role"}
    try:
        record = train(_worker_state["preset"], _worker_state["images"], **params)
    except torch.cuda.OutOfMemoryError as error:
        raise DoesNotFitError.of(asdict(run)) from error
    return asdict(run) | record.to_dict() | {"side_by_side": 1}
