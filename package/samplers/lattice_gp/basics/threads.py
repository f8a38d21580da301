"""Keep the linear algebra of a suggestion on one thread.

Its matrices are small: sharing one between threads takes longer than computing it, many times so
on a machine that is busy with the objective. OpenBLAS, which the wheels of NumPy and SciPy bring
along, decides by itself and has no Python interface, so it is told through its C functions, as
threadpoolctl does. Other libraries are left as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
import ctypes
from functools import lru_cache
import importlib
import threading


# Extension modules that are linked with a copy of OpenBLAS each, and what its functions are called
# there: the wheels' copies carry a prefix, and a suffix where integers have 64 bits.
_LINKED_MODULES = ("numpy.linalg._umath_linalg", "scipy.linalg._flapack")
_PREFIXES = ("scipy_", "")
_SUFFIXES = ("", "64_")

_lock = threading.Lock()
_n_inside = 0
_before: list[tuple[Callable[[int], None], int]] = []


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Run NumPy's and SciPy's OpenBLAS on one thread within the context.

    The setting holds for the whole process. Contexts may nest and overlap between threads; the
    last one to end restores the setting.
    """
    global _n_inside
    with _lock:
        _n_inside += 1
        if _n_inside == 1:
            for get_threads, set_threads in _openblas():
                n_threads = get_threads()
                if n_threads > 1:
                    set_threads(1)
                    _before.append((set_threads, n_threads))
    try:
        yield
    finally:
        with _lock:
            _n_inside -= 1
            if _n_inside == 0:
                while _before:
                    set_threads, n_threads = _before.pop()
                    set_threads(n_threads)


@lru_cache(maxsize=1)
def _openblas() -> list[tuple[Callable[[], int], Callable[[int], None]]]:
    """The functions that get and set the number of threads, of every copy that can be found."""
    found = []
    for name in _LINKED_MODULES:
        try:
            # Symbols are looked up in the module and in the libraries it is linked with.
            library = ctypes.CDLL(importlib.import_module(name).__file__)
        except (ImportError, OSError, TypeError):
            continue
        for prefix in _PREFIXES:
            for suffix in _SUFFIXES:
                get_threads = getattr(library, f"{prefix}openblas_get_num_threads{suffix}", None)
                set_threads = getattr(library, f"{prefix}openblas_set_num_threads{suffix}", None)
                if get_threads is not None and set_threads is not None:
                    get_threads.argtypes, get_threads.restype = [], ctypes.c_int
                    set_threads.argtypes, set_threads.restype = [ctypes.c_int], None
                    found.append((get_threads, set_threads))
    return found
