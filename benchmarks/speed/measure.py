"""Start the workers of the speed benchmark and have them suggest in turn."""

from __future__ import annotations

from collections.abc import Sequence
import json
import os
from pathlib import Path
import queue
import subprocess
import sys
import threading
import time
from typing import Any

from ..engines.local import THREAD_VARIABLES
from .measurement import Measurement
from .worker import MARK
from .worker import N_WARM_UP


# In so many rounds the timed suggestions are made, all samplers in each: load on the machine that
# comes and goes falls on all of them.
_N_ROUNDS = 5
# Of a slow sampler at least so many suggestions are timed, and no more than take so long.
_FEWEST = 3
_SECONDS_A_SAMPLER = 60.0
# A worker may take so many times the limit before it is ended: its first suggestion imports
# libraries and is not the one that counts.
_PATIENCE = 3.0
_SECONDS_TO_START = 300.0
_SECONDS_TO_END = 2.0


class _Failed(Exception):
    """A worker has not answered as it should."""


class _Worker:
    """The coordinator's end of one worker."""

    def __init__(self, measurement: Measurement, registry: str, n_timed: int) -> None:
        self.measurement = measurement
        environment = dict(os.environ)
        for variable in THREAD_VARIABLES:
            environment.pop(variable, None)
            if measurement.threads != "default":
                environment[variable] = measurement.threads
        job = {
            "sampler": measurement.sampler,
            "n_trials": measurement.n_trials,
            "n_params": measurement.n_params,
            "registry": registry,
            "n_timed": n_timed,
        }
        root = Path(__file__).resolve().parent.parent.parent
        environment["PYTHONPATH"] = os.pathsep.join(
            [str(root), os.getcwd(), *filter(None, [environment.get("PYTHONPATH")])]
        )
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.speed.worker", json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._errors: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._read_errors, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(MARK):
                self._messages.put(json.loads(line.removeprefix(MARK)))
        self._messages.put(None)

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._errors = [*self._errors[-20:], line.strip()]

    def wait(self, seconds: float) -> dict[str, Any]:
        """The next message.

        Raises:
            _Failed: If there is none in time, or the worker has ended.
        """
        try:
            message = self._messages.get(timeout=seconds)
        except queue.Empty:
            raise _Failed(f"no suggestion within {seconds:g} s") from None
        if message is None:
            time.sleep(0.1)
            last = next((line for line in reversed(self._errors) if line), "its process ended")
            raise _Failed(f"failed: {last[:200]}")
        return message

    def suggest(self, n_suggestions: int, seconds: float) -> list[dict[str, float]]:
        """Have the worker suggest; what is known of its memory is noted.

        Raises:
            _Failed: If it takes longer than ``seconds``, or fails.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{n_suggestions}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass
        message = self.wait(seconds)
        self.measurement.before_mb = message["before_mb"]
        self.measurement.peak_mb = message["peak_mb"]
        suggestions: list[dict[str, float]] = message["suggestions"]
        return suggestions

    def end(self) -> None:
        """End the worker, whatever it is doing; one that waits may tidy up."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
            self._process.wait(timeout=_SECONDS_TO_END)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            pass
        self._process.kill()
        self._process.wait()


def measure(
    measurements: Sequence[Measurement], registry: str, n_timed: int, limit: float
) -> None:
    """Measure samplers side by side on the same history; the measurements are filled in.

    Args:
        measurements: One a sampler, of one size, empty.
        registry: Folder with the packages of a hub registry.
        n_timed: Suggestions to time, 1 or more.
        limit: A sampler that takes more seconds than this for a suggestion is not timed.
    """
    workers: list[_Worker] = []
    left: list[int] = []
    try:
        for measurement in measurements:
            worker = _Worker(measurement, registry, n_timed)
            workers.append(worker)
            # One after the other, or the warm-up of one would disturb that of the next.
            left.append(_planned(_warm_up(worker, limit), n_timed))
        for number in range(_N_ROUNDS):
            for index, worker in enumerate(workers):
                # What remains, spread over the rounds that remain.
                n_now = -(-left[index] // (_N_ROUNDS - number))
                if n_now:
                    left[index] = left[index] - n_now if _timed(worker, n_now, limit) else 0
    finally:
        for worker in workers:
            worker.end()


def _warm_up(worker: _Worker, limit: float) -> float | None:
    """Seconds of the last suggestion before the timed ones; None if there will be none."""
    measurement, seconds = worker.measurement, 0.0
    try:
        measurement.built = worker.wait(_SECONDS_TO_START)["built"]
        for number in range(N_WARM_UP):
            seconds = worker.suggest(1, _PATIENCE * limit)[0]["wall"]
            if number == 0:
                measurement.first = seconds
    except _Failed as error:
        measurement.note = str(error)
        return None
    if seconds > limit:
        measurement.note = f"not timed: a suggestion took {seconds:.0f} s"
        return None
    return seconds


def _planned(seconds: float | None, n_timed: int) -> int:
    """How many suggestions to time, given what one takes."""
    if seconds is None:
        return 0
    return min(n_timed, max(_FEWEST, int(_SECONDS_A_SAMPLER / max(seconds, 1e-9))))


def _timed(worker: _Worker, n_suggestions: int, limit: float) -> bool:
    measurement = worker.measurement
    try:
        suggestions = worker.suggest(n_suggestions, _PATIENCE * limit * n_suggestions)
    except _Failed as error:
        measurement.note = str(error)
        return False
    for suggestion in suggestions:
        measurement.wall.append(suggestion["wall"])
        measurement.cpu.append(suggestion["cpu"])
        measurement.tell.append(suggestion["tell"])
    return True
