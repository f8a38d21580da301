"""Which runs a campaign makes, how, and the files it keeps."""

from __future__ import annotations
