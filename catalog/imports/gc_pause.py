"""Pauses the garbage collector while thousands of rows are created, because it would scan all of them again and again.

Objects without references are freed anyway; only cycles wait.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def pause_gc() -> Iterator[None]:
    """Also a decorator. If several pauses overlap, in threads or nested, the end of the first resumes collection."""
    was_running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_running:
            gc.enable()
