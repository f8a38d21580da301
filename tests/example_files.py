"""The files of the sampler's ``examples``, and what they need."""

from __future__ import annotations

from pathlib import Path


PACKAGE = Path(__file__).parents[1] / "package"
EXAMPLES = PACKAGE / "samplers" / "lattice_gp" / "examples"
NEEDS = {
    "ask_and_tell": [],
    "continue_a_study": [],
    "lightgbm_pruning": ["lightgbm", "sklearn"],
    "many_workers": [],
    "pytorch_perceiver": ["torch", "sklearn"],
    "resume": [],
    "scikit_learn": ["sklearn"],
    "warm_start": ["sklearn"],
}
