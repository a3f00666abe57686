"""A lane in front of Django for the request that comes all day: the same list, for the same key, unchanged.

It answers with the bytes that Django answered with before, after asking the database whether the two counters of
catalog/revision.py still stand where they stood then. They are raised by every change of what is to be seen and of who
may see it, so an answer is never older than the last change, in any process. Whatever else it is in doubt about, it
leaves to Django: there is one place that decides.
"""

import datetime as dt
import hashlib
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend
from django.http import HttpResponse

from catalog.requestid import request_id_for
from tokens.authentication import Caller
from tokens.bodies import Body
from tokens.dialects.base import Dialect
from tokens.throttling import limiter
from tokens.usage import GRAIN, USAGE

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

# Whatever of a request decides its answer; everything else of it makes no difference.
DECIDING = (
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
# Answers kept; each is some headers, and a weak reference to a body: tokens/bodies.py says how much memory bodies take.
KEPT = 10_000
COUNTERS = "SELECT number, permissions FROM catalog_revision WHERE id = 1"


@dataclass(frozen=True)
class Terms:
    """Under what an answer may be given again; a view puts them on its response as `terms`."""

    counters: tuple[int, int]
    valid_until: float
    token: int
    rate_limit: str
    dialect: Dialect
    body: "weakref.ref[Body]"

    @classmethod
    def of(cls, caller: Caller, dialect: Dialect, body: Body, *, on: dt.date) -> "Terms | None":
        """The terms of a list for one day (UTC); None where the caller's address counts too."""
        if caller.networks:
            return None
        midnight = dt.datetime.combine(on + dt.timedelta(days=1), dt.time(), tzinfo=dt.UTC)
        end = min(midnight, caller.valid_until or midnight)
        counters = (caller.revision, caller.permissions)
        return cls(counters, end.timestamp(), caller.token, caller.rate_limit, dialect, weakref.ref(body))


@dataclass
class Kept:
    """An answer that may be given again."""

    terms: Terms
    status: str
    headers: list[tuple[str, str]]
    noted_at: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        self.is_empty = self.status.startswith("304")
        self.is_packed = any(name.lower() == "content-encoding" for name, _ in self.headers)

    def body(self) -> list[bytes] | None:
        """The bytes, unless they were dropped to make room."""
        body = self.terms.body()
        if body is None:
            return None
        return [b"" if self.is_empty else (body.gzipped or b"") if self.is_packed else body.plain]


class Lane:
    """Wraps the WSGI application."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()
        self._lock = threading.Lock()
        self.counters = Counters()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET":
            return self._application(environ, start_response)
        key = _key(environ)
        kept = self._kept.get(key)
        if kept is not None:
            answer = self._give(kept, environ, start_response)
            if answer is not None:
                return answer
        response = self._application(environ, start_response)
        self._keep(key, response)
        return response

    def _give(self, kept: Kept, environ: Environ, start_response: StartResponse) -> list[bytes] | None:
        """The answer, if nothing has changed since it was made."""
        terms, now, body = kept.terms, time.time(), kept.body()
        if body is None or now >= terms.valid_until or self.counters.read() != terms.counters:
            return None
        headers = kept.headers
        if terms.rate_limit:
            quota = limiter().hit(terms.rate_limit, f"token:{terms.token}")
            if not quota.allowed:
                # Django says no, in the caller's dialect, and does not count this request again.
                environ["modelbook.quota"] = quota
                return None
            at = dt.datetime.fromtimestamp(now, tz=dt.UTC)
            headers = [*headers, *terms.dialect.rate_headers(quota, at=at).items()]
        if now - kept.noted_at >= GRAIN.total_seconds():
            kept.noted_at = now
            USAGE.note_use(terms.token, last_used_at=None, at=dt.datetime.fromtimestamp(now, tz=dt.UTC))
        request_id = request_id_for(environ.get("HTTP_X_REQUEST_ID", ""))
        start_response(kept.status, [*headers, ("x-request-id", request_id), ("request-id", request_id)])
        return body

    def _keep(self, key: bytes, response: Any) -> None:
        terms: Terms | None = getattr(response, "terms", None)
        if terms is None or not isinstance(response, HttpResponse):
            return
        of_one_request = {"x-request-id", "request-id", *terms.dialect.rate_header_names}
        headers = [(name, value) for name, value in response.items() if name.lower() not in of_one_request]
        status = f"{response.status_code} {response.reason_phrase}"
        with self._lock:
            self._kept[key] = Kept(terms, status, headers)
            self._kept.move_to_end(key)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)


class Counters:
    """Reads the two counters on a connection of its own that stays open, one a thread."""

    def __init__(self) -> None:
        self._local = threading.local()

    def read(self) -> tuple[int, int] | None:
        """The counters now; None where the database does not answer, which Django finds out for itself."""
        cursor = getattr(self._local, "cursor", None)
        try:
            if cursor is None:
                wrapper = self._connect()
                cursor = self._local.cursor = wrapper.connection.cursor()
                self._local.errors = (wrapper.Database.Error, DatabaseError)  # type: ignore[attr-defined]
            cursor.execute(COUNTERS)
            return tuple(cursor.fetchone() or ()) or None
        except getattr(self._local, "errors", DatabaseError):
            self._local.__dict__.clear()
            return None

    def close(self) -> None:
        """Lets go of this thread's connection."""
        wrapper = getattr(self._local, "wrapper", None)
        self._local.__dict__.clear()
        if wrapper is not None:
            wrapper.close()

    def _connect(self) -> BaseDatabaseWrapper:
        """An open connection outside Django's pool, which would take it back and check it at every request."""
        configured = connections.settings["default"]
        options = {name: value for name, value in configured["OPTIONS"].items() if name != "pool"}
        wrapper: BaseDatabaseWrapper = load_backend(configured["ENGINE"]).DatabaseWrapper(
            configured | {"OPTIONS": options}, "default"
        )
        wrapper.ensure_connection()
        # Kept alive with its cursor.
        self._local.wrapper = wrapper
        return wrapper


def _key(environ: Environ) -> bytes:
    """Names the request without keeping it: keys stand in it."""
    text = "\0".join([environ.get(name, "") for name in DECIDING])
    return hashlib.blake2b(text.encode("latin-1", "replace"), digest_size=24).digest()
