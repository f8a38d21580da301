"""The devices to train on. Imports torch only where it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    import torch


DEVICES = ("auto", "cpu", "cuda", "mps")


def check_device_name(device: str) -> None:
    """Make sure that a device name is one of those documented, whether or not it is there.

    Args:
        device: See :func:`resolve_device`.

    Raises:
        ValueError: If it is not.
    """
    kind, colon, index = device.partition(":") if isinstance(device, str) else ("", "", "")
    if kind not in DEVICES or (colon and (kind != "cuda" or not index.isdecimal())):
        raise ValueError(f"device is {device!r}, but must be one of {DEVICES} or 'cuda:N'.")


def resolve_device(device: str) -> torch.device:
    """Turn a user's device name into a device that is there.

    Args:
        device: ``"auto"`` (CUDA, else MPS, else CPU), ``"cpu"``, ``"cuda"`` or ``"mps"``; CUDA
            devices may be numbered (``"cuda:1"``).

    Raises:
        ValueError: If the name is none of these.
        RuntimeError: If this machine or this build of torch has no such device.
    """
    import torch

    check_device_name(device)
    kind, _, index = device.partition(":")
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if kind == "auto":
        return torch.device(next(name for name, there in available.items() if there))
    if not available[kind] or (index and int(index) >= torch.cuda.device_count()):
        raise RuntimeError(
            f"device is {device!r}, but torch {torch.__version__} finds no such device here. "
            f"Available: {[name for name, there in available.items() if there]}."
        )
    return torch.device(device)


def device_name(device: torch.device) -> str:
    """The model of a CUDA device, else the kind of device."""
    import torch

    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return device.type
