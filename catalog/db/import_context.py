"""The import run and the reason of the changes inside a block, for history rows. Imports no models.

The run makes it possible to show its changes and to roll them back. The reason is for changes that are made through a
method without a parameter for it, and for the rows that are deleted together with the chosen one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_run: ContextVar[int | None] = ContextVar("import_run", default=None)
_reason: ContextVar[str] = ContextVar("change_reason", default="")


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


def current_reason() -> str:
    """The reason of the changes of the current block; empty outside of one."""
    return _reason.get()


@contextmanager
def reason_scope(reason: str) -> Iterator[None]:
    """Sets the reason of all changes inside the block that name none themselves."""
    token = _reason.set(reason)
    try:
        yield
    finally:
        _reason.reset(token)
