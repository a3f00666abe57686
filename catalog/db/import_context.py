"""The current import run, for history rows, so that its changes can be shown and rolled back. Imports no models."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_run: ContextVar[int | None] = ContextVar("import_run", default=None)


def current_run() -> int | None:
    """The key of the current run; None outside of one."""
    return _run.get()


@contextmanager
def run_scope(key: int) -> Iterator[None]:
    """Sets the current run for all changes inside the block."""
    token = _run.set(key)
    try:
        yield
    finally:
        _run.reset(token)
