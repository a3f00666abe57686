"""What belongs to one request: its id, its rate quota, and when its response may be reused.

The fast path, Django's middleware, authentication and the views share it. It is stored in the WSGI environ, which
Django calls `request.META`, so that a request that starts in the fast path continues in Django with the same context.
"""

from collections.abc import Hashable, MutableMapping
from dataclasses import dataclass
from typing import Any

from catalog.request_id import request_id_for
from tokens.dialects.base import Dialect
from tokens.rate_limits import Quota

ENVIRON_KEY = "modelbook.context"


@dataclass(frozen=True, slots=True)
class ReuseTerms:
    """The conditions under which a response may be sent again without Django."""

    # Revision and permissions, as catalog/db/revision.py counts them.
    counters: tuple[int, int]
    # Seconds since the epoch.
    valid_until: float
    token: int
    rate_limit: str
    dialect: Dialect
    networks: tuple[str, ...]
    # The key of the body in tokens/http/bodies.py.
    body_key: Hashable


@dataclass(slots=True)
class RequestContext:
    """The state of one request; see the module's docstring."""

    request_id: str
    # What is left of the caller's rate after this request; None if no rate applies or nothing is counted yet.
    quota: Quota | None = None
    # Set by a view whose response may be reused.
    reuse_terms: ReuseTerms | None = None


def context_of(environ: MutableMapping[str, Any]) -> RequestContext:
    """The context of the request with this environ (`request.META`), created on first use."""
    context: RequestContext | None = environ.get(ENVIRON_KEY)
    if context is None:
        context = environ[ENVIRON_KEY] = RequestContext(request_id_for(environ.get("HTTP_X_REQUEST_ID", "")))
    return context
