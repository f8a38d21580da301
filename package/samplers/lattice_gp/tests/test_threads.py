"""Linear algebra on one thread: within the context only, and not after an error."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import optunahub
import pytest


PACKAGE = optunahub.load_local_module(
    "samplers/lattice_gp", registry_root=str(Path(__file__).parents[3])
).__name__
threads = import_module(f"{PACKAGE}.basics.threads")


def test_blas_is_on_one_thread_within_the_context_and_as_before_after_it() -> None:
    openblas = threads._openblas()
    if not openblas:
        pytest.skip("NumPy and SciPy are not linked with OpenBLAS")
    before = [get() for get, _ in openblas]
    try:
        for _, set_threads in openblas:
            set_threads(2)
        with threads.single_threaded_blas():
            assert [get() for get, _ in openblas] == [1] * len(openblas)
            with threads.single_threaded_blas():
                assert [get() for get, _ in openblas] == [1] * len(openblas)
            assert [get() for get, _ in openblas] == [1] * len(openblas)
        assert [get() for get, _ in openblas] == [2] * len(openblas)
    finally:
        for (_, set_threads), n_threads in zip(openblas, before):
            set_threads(n_threads)


def test_blas_threads_are_restored_after_an_error() -> None:
    before = [get() for get, _ in threads._openblas()]
    with pytest.raises(ValueError), threads.single_threaded_blas():
        raise ValueError
    assert [get() for get, _ in threads._openblas()] == before
