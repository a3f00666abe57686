"""The id and the address of the current request, for history rows, the audit trail and log lines.

Imports no models: logging is set up before them.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings

_request_id: ContextVar[str] = ContextVar("request_id", default="")
_address: ContextVar[str] = ContextVar("address", default="")


# Valid request ids from proxies; anything else could forge a log line.
VALID_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def new_request_id() -> str:
    """A new id for a request without one."""
    return f"req_{secrets.token_hex(12)}"


def request_id_for(header: str) -> str:
    """The id that a trusted proxy sent with the request, if it is valid; otherwise a new id."""
    return header if settings.TRUSTED_PROXIES and VALID_ID.fullmatch(header) else new_request_id()


def current_request_id() -> str:
    """The id of the current request in this thread; an empty string outside of a request."""
    return _request_id.get()


def current_address() -> str:
    """The network address that the current request comes from; an empty string outside of a request."""
    return _address.get()


@contextmanager
def request_id_scope(request_id: str, *, address: str = "") -> Iterator[None]:
    """Sets the current request for all changes and log lines inside the block."""
    token, address_token = _request_id.set(request_id), _address.set(address)
    try:
        yield
    finally:
        _address.reset(address_token)
        _request_id.reset(token)
