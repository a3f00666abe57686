"""What belongs to one request: its id, its rate quota, and when its response may be reused.

The fast path, Django's middleware, authentication and the views share it. It is stored in the WSGI environ, which
Django calls `request.META`, so that a request that starts in the fast path continues in Django with the same context.
"""

import datetime as dt
from collections.abc import Hashable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from catalog.request_id import request_id_for
from tokens.dialects.base import Dialect
from tokens.keys import contains_key
from tokens.rate_limits import Quota

ENVIRON_KEY = "modelbook.context"


@dataclass(frozen=True, slots=True)
class Identity:
    """The token of a request's only key, as the database stated it when the response was built."""

    # The digest that the key is stored under, by which the rows are read again.
    digest: str
    # One per group, without conversion, as tokens/auth/token_rows.py reads them.
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class CallerTerms:
    """The caller that a response was built for: its requests are counted and noted even if Django does not see them."""

    token: int
    rate_limit: str
    dialect: Dialect
    networks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReuseTerms:
    """What a response was built from: it may be sent again without Django while all of this is unchanged."""

    # Names of counters of catalog/db/revision.py, with their values.
    counters: tuple[tuple[str, int], ...]
    # Seconds since the epoch.
    valid_until: float
    # None: the response is that of every visitor without a key.
    caller: CallerTerms | None = None
    # None: there is no caller, or the counter of permissions stands for its tokens.
    identity: Identity | None = None
    # The key of the body in tokens/http/bodies.py; None: it is small and stored with the response.
    body_key: Hashable = None


@dataclass(slots=True)
class RequestContext:
    """The state of one request; see the module's docstring."""

    request_id: str
    # What is left of the caller's rate after this request; None if no rate applies or nothing is counted yet.
    quota: Quota | None = None
    # When the caller's key ends, or its grace period after it was replaced; None if it does not end.
    key_ends_at: dt.datetime | None = None
    # The token whose key the request contains, even if the key is refused, and the id of that key; None: no known key.
    token: int | None = None
    key_id: str = ""
    # The model that the request is about, as it names it; empty if that is not known yet.
    model: str = ""
    # Set by a view whose response may be reused.
    reuse_terms: ReuseTerms | None = None


def context_of(environ: MutableMapping[str, Any]) -> RequestContext:
    """The context of the request with this environ (`request.META`), created on first use."""
    context: RequestContext | None = environ.get(ENVIRON_KEY)
    if context is None:
        context = environ[ENVIRON_KEY] = RequestContext(request_id_in(environ))
    return context


def request_id_in(environ: Mapping[str, Any]) -> str:
    """The id that a proxy sent with the request, or a new one. A key in its place would be in logs and responses."""
    sent = environ.get("HTTP_X_REQUEST_ID", "")
    return request_id_for("" if contains_key(sent) else sent)
