"""The id of the request under way, for history rows and log lines. Imports no models: logging is set up before them."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings

_request_id: ContextVar[str] = ContextVar("request_id", default="")


# What a proxy may name a request; anything else could forge a log line.
SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def new_request_id() -> str:
    """A name for a request that has none."""
    return f"req_{secrets.token_hex(12)}"


def request_id_for(given: str) -> str:
    """The id that a trusted proxy gave a request, if it is a sane one; else a new one."""
    return given if settings.TRUSTED_PROXIES and SANE.fullmatch(given) else new_request_id()


def current_request_id() -> str:
    """The id of the request under way in this thread, or an empty string outside of one."""
    return _request_id.get()


@contextmanager
def request_id_scope(request_id: str) -> Iterator[None]:
    """Names the request that all changes and log lines inside belong to."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)
