"""What one training run measures, whether it was made now or is replayed from a table.

Imports nothing but the standard library.
"""

from __future__ import annotations

from dataclasses import asdict
from dataclasses import dataclass
import math
from typing import Any


N_CURVE_POINTS = 8
# Mean loss over the last part of the epoch above which a run counts as diverged: 5% worse than
# giving each of the ten digits the same probability.
DIVERGED_LOSS = 1.05 * math.log(10)


@dataclass(frozen=True)
class TrainingRecord:
    """What one training run measured.

    Attributes:
        loss: Mean training loss over the steps of the epoch, as in the blog post; NaN if any step
            was not finite.
        loss_curve: Mean training loss in each of ``N_CURVE_POINTS`` equal parts of the epoch.
        test_accuracy: Share of test images classified correctly after the epoch, 0 to 1.
        seconds: Wall-clock seconds of model construction and training, without the test.
        cpu_seconds: Processor seconds of the same.
        peak_memory_mb: Peak memory in MB: allocated on the device for CUDA and MPS, resident in
            the process for a CPU (NaN where the system does not tell).
        diverged: Whether the loss was not finite, or on average over the last part of the epoch
            5% worse than a uniform guess.
        device: Name of the device; ``"table"`` for a replayed run.
    """

    loss: float
    loss_curve: list[float]
    test_accuracy: float
    seconds: float
    cpu_seconds: float
    peak_memory_mb: float
    diverged: bool
    device: str

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON-ready values."""
        return asdict(self)
