"""Settings of the whole test run; must take effect before numpy is imported."""

from __future__ import annotations

import os
import signal

from hypothesis import settings


# The test processes already use every core.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("OPTUNAHUB_NO_ANALYTICS", "1")

# A busy machine is no failure.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# A shell's background job ignores Ctrl-C and so would the commands under test, which are sent one.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
