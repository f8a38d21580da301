"""What is expected of a trial, stored with it, and stopping by it."""

from __future__ import annotations
