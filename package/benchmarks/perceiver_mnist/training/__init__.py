"""The model, and three ways to train it: plainly, fast, and as the blog post does."""

from __future__ import annotations
