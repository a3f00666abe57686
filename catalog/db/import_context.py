"""The import run under way, for history rows: what it wrote can be told, and taken back. Imports no models."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_run: ContextVar[int | None] = ContextVar("import_run", default=None)


def current_run() -> int | None:
    """The key of the run that is being carried out here, if any."""
    return _run.get()


@contextmanager
def run_scope(key: int) -> Iterator[None]:
    """Names the run that all changes inside belong to."""
    token = _run.set(key)
    try:
        yield
    finally:
        _run.reset(token)
