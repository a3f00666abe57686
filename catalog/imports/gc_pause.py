"""The garbage collector stands still while thousands of rows are made: it would go through all of them again and again.

What nothing refers to any more is freed all the same; only what refers to itself waits.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def pause_gc() -> Iterator[None]:
    """Also a decorator. Of several at once, in threads or inside each other, the first lets it run again."""
    was_running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_running:
            gc.enable()
