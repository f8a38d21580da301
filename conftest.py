"""Settings of the whole test run; must take effect before numpy is imported."""

from __future__ import annotations

import os


# The test processes already use every core.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("OPTUNAHUB_NO_ANALYTICS", "1")
