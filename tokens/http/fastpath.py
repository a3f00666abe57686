"""A fast path in front of Django for the request that clients repeat all day: the same list for the same key.

It sends the bytes that Django sent before, after asking the database whether the two counters of
catalog/db/revision.py are unchanged. Every change of what is visible, or to whom, raises one of them, so a response is
never older than the last change, in any process. Everything else is left to Django, so that the rules are in one place.
"""

import datetime as dt
import hashlib
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend
from django.http import HttpResponse

from catalog import caches
from catalog.request_id import request_id_for
from tokens.auth.credentials import address_in
from tokens.auth.last_use import LAST_USE, RESOLUTION
from tokens.context import context_of
from tokens.http.bodies import BODIES
from tokens.http.response_cache import CachedResponse, ResponseCache, response_head
from tokens.networks import is_within
from tokens.rate_limits import limiter

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

# The parts of a request that decide its response.
KEY_PARTS = (
    "SCRIPT_NAME",
    "PATH_INFO",
    "QUERY_STRING",
    "HTTP_HOST",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_AUTHORIZATION",
    "HTTP_X_API_KEY",
    "HTTP_X_GOOG_API_KEY",
    "HTTP_API_KEY",
    "HTTP_ANTHROPIC_VERSION",
    "HTTP_IF_NONE_MATCH",
    "HTTP_ACCEPT_ENCODING",
    "HTTP_ORIGIN",
    "wsgi.url_scheme",
)
# A view offers these for reuse; any other status comes from middleware that replaced its response.
REUSABLE_STATUSES = frozenset({200, 304})
RESOLUTION_SECONDS = RESOLUTION.total_seconds()
SELECT_COUNTERS = "SELECT number, permissions FROM catalog_revision WHERE id = 1"


class FastPath:
    """Wraps the WSGI application."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self.responses = ResponseCache()
        self.counters = RevisionCounters()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET":
            return self._application(environ, start_response)
        key = request_key(environ)
        cached = self.responses.get(key)
        if cached is not None:
            chunks = self._send_again(cached, environ, start_response)
            if chunks is not None:
                return chunks
        response = self._application(environ, start_response)
        self._store(key, environ, response)
        return response

    def _send_again(
        self, cached: CachedResponse, environ: Environ, start_response: StartResponse
    ) -> list[bytes] | None:
        """Sends the response if nothing has changed since it was stored; None if Django has to answer."""
        terms, now, body = cached.terms, time.time(), BODIES.get(cached.terms.body_key)
        if body is None or now >= terms.valid_until or self.counters.read() != terms.counters:
            return None
        if terms.networks and not is_within(address_in(environ), terms.networks):
            return None
        headers = [*cached.head.headers]
        if terms.rate_limit:
            quota = limiter().hit(terms.rate_limit, f"token:{terms.token}")
            if not quota.allowed:
                # Django refuses in the caller's dialect, and finds this request counted.
                context_of(environ).quota = quota
                return None
            at = dt.datetime.fromtimestamp(now, tz=dt.UTC)
            headers += terms.dialect.rate_headers(quota, at=at).items()
        if now - cached.noted_at >= RESOLUTION_SECONDS:
            cached.noted_at = now
            LAST_USE.note_use(terms.token, last_used_at=None, at=dt.datetime.fromtimestamp(now, tz=dt.UTC))
        # Without a context: nothing reads it any more.
        request_id = request_id_for(environ.get("HTTP_X_REQUEST_ID", ""))
        start_response(cached.head.status, [*headers, ("x-request-id", request_id), ("request-id", request_id)])
        return [cached.head.body_bytes(body)]

    def _store(self, key: bytes, environ: Environ, response: Any) -> None:
        terms = context_of(environ).reuse_terms
        if terms is None or not isinstance(response, HttpResponse) or response.status_code not in REUSABLE_STATUSES:
            return
        per_request = {"x-request-id", "request-id", *terms.dialect.rate_header_names}
        headers = ((name, value) for name, value in response.items() if name.lower() not in per_request)
        status = f"{response.status_code} {response.reason_phrase}"
        self.responses.put(key, CachedResponse(terms, response_head(status, tuple(headers))))


class RevisionCounters:
    """Reads the two counters on its own connections, one per thread, which stay open."""

    def __init__(self) -> None:
        self._local = threading.local()
        caches.register(self)

    def read(self) -> tuple[int, int] | None:
        """The counters now; None if the database does not answer: Django then handles the request and the error."""
        cursor = getattr(self._local, "cursor", None)
        try:
            if cursor is None:
                wrapper = self._connect()
                cursor = self._local.cursor = wrapper.connection.cursor()
                self._local.errors = (wrapper.Database.Error, Error)  # type: ignore[attr-defined]
            cursor.execute(SELECT_COUNTERS)
            return tuple(cursor.fetchone() or ()) or None
        except getattr(self._local, "errors", Error):
            self._local.__dict__.clear()
            return None

    def clear(self) -> None:
        """Closes this thread's connection."""
        wrapper = getattr(self._local, "wrapper", None)
        self._local.__dict__.clear()
        if wrapper is not None:
            wrapper.close()

    def _connect(self) -> BaseDatabaseWrapper:
        """An open connection outside Django's pool, which would check it at every request."""
        configured = connections.settings["default"]
        options = {name: value for name, value in configured["OPTIONS"].items() if name != "pool"}
        wrapper: BaseDatabaseWrapper = load_backend(configured["ENGINE"]).DatabaseWrapper(
            configured | {"OPTIONS": options}, "default"
        )
        wrapper.ensure_connection()
        # The cursor does not keep its wrapper alive.
        self._local.wrapper = wrapper
        return wrapper


def request_key(environ: Environ) -> bytes:
    """A digest of everything that decides the response; the parts contain API keys and are not stored."""
    text = "\0".join([environ.get(name, "") for name in KEY_PARTS])
    return hashlib.blake2b(text.encode("latin-1", "replace"), digest_size=24).digest()
