"""What the trials of a study tell, as arrays, and what other workers are doing."""

from __future__ import annotations
