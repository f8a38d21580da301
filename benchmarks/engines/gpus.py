"""Which GPUs there are, without importing torch here: that would claim memory on them."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import os
import re
import subprocess
import sys


VISIBLE = "CUDA_VISIBLE_DEVICES"
_TIMEOUT = 60
_COUNT = "import torch; print(torch.cuda.device_count())"


def run_text(command: list[str]) -> str:
    """What a command prints; empty if it is not there or fails."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout if result.returncode == 0 else ""


def visible_gpus(
    environment: Mapping[str, str] = os.environ, run: Callable[[list[str]], str] = run_text
) -> list[str]:
    """The GPUs that this process may use, each as a value for ``CUDA_VISIBLE_DEVICES``.

    Args:
        environment: Where ``CUDA_VISIBLE_DEVICES`` may limit them.
        run: Runs a command and returns what it prints.

    Returns:
        Numbers or UUIDs (of the parts, where GPUs are split up by MIG), in CUDA's order.
    """
    chosen = environment.get(VISIBLE)
    if chosen is not None:
        return _until_invalid(chosen)
    listed = run(["nvidia-smi", "-L"])
    parts = re.findall(r"\(UUID: (MIG-[^)]+)\)", listed)
    if parts:
        return parts
    numbers = re.findall(r"^GPU (\d+):", listed, flags=re.MULTILINE)
    if numbers:
        return numbers
    counted = run([sys.executable, "-c", _COUNT]).strip()
    return [str(number) for number in range(int(counted))] if counted.isdecimal() else []


def _until_invalid(chosen: str) -> list[str]:
    """CUDA takes the entries before the first one that is empty or -1."""
    found: list[str] = []
    for entry in map(str.strip, chosen.split(",")):
        if not entry or entry.startswith("-"):
            break
        found.append(entry)
    return found
