"""A fast path in front of Django for the request that comes all day: the same list, for the same key, unchanged.

It answers with the bytes that Django answered with before, after asking the database whether the two counters of
catalog/db/revision.py are unchanged. Every change of what can be seen, or of who may see it, raises one of them, so an
answer is never older than the last change, in any process. Anything in doubt is left to Django: one place decides.
"""

import datetime as dt
import functools
import hashlib
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend
from django.http import HttpResponse

from catalog.request_id import request_id_for
from tokens.auth.authentication import Caller
from tokens.auth.credentials import address_in
from tokens.auth.last_use import GRAIN, USAGE
from tokens.dialects.base import Dialect
from tokens.http.response_cache import BODIES, Body
from tokens.networks import is_within
from tokens.rate_limits import limiter

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
# Stored answers, a kilobyte each: name, terms and a weak reference to a body, whose memory is limited in
# tokens/http/response_cache.py. More keys than that in turn would all be answered by Django.
KEPT = 50_000
# Of these, of one token: a caller that asks in ever new words pushes nobody out but itself.
KEPT_OF_ONE = 16
COUNTERS = "SELECT number, permissions FROM catalog_revision WHERE id = 1"


@dataclass(frozen=True, slots=True)
class Terms:
    """Under what an answer may be given again; a view puts them on its response as `terms`."""

    counters: tuple[int, int]
    valid_until: float
    token: int
    rate_limit: str
    dialect: Dialect
    networks: tuple[str, ...]
    body: "weakref.ref[Body]"
    # Under what tokens/http/response_cache.py keeps the body.
    name: Hashable

    @classmethod
    def of(cls, caller: Caller, dialect: Dialect, body: Body, *, name: Hashable, on: dt.date) -> "Terms | None":
        """The terms of a list for one day (UTC); None where another key in the request may count before that."""
        if not caller.is_lasting:
            return None
        midnight = dt.datetime.combine(on + dt.timedelta(days=1), dt.time(), tzinfo=dt.UTC)
        end = min(midnight, caller.scope.expires_at or midnight)
        counters = (caller.revision, caller.permissions)
        return cls(
            counters,
            end.timestamp(),
            caller.token,
            caller.rate_limit,
            dialect,
            caller.scope.networks,
            weakref.ref(body),
            name,
        )


@dataclass(frozen=True, slots=True)
class Head:
    """What comes before the bytes of an answer, without what is of one request alone."""

    status: str
    headers: tuple[tuple[str, str], ...]
    is_empty: bool
    is_packed: bool

    @classmethod
    @functools.lru_cache(maxsize=1024)
    def of(cls, status: str, headers: tuple[tuple[str, str], ...]) -> "Head":
        """One for all answers that have it: keys that see the same list differ in nothing here."""
        is_packed = any(name.lower() == "content-encoding" for name, _ in headers)
        return cls(status, headers, is_empty=status.startswith("304"), is_packed=is_packed)


@dataclass(slots=True)
class Kept:
    """An answer that may be given again."""

    terms: Terms
    head: Head
    noted_at: float = field(default_factory=time.time)

    def body(self) -> list[bytes] | None:
        """The bytes, unless they were dropped to make room."""
        body, head = self.terms.body(), self.head
        if body is None:
            return None
        return [b"" if head.is_empty else (body.gzipped or b"") if head.is_packed else body.plain]


class Shelf:
    """The answers given lately, so many of each token and so many in all; safe between threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()
        self._of_token: dict[int, OrderedDict[bytes, None]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: bytes) -> Kept | None:
        """The answer under the key, which is now the last one to fall out."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                self._of_token[kept.terms.token].move_to_end(key)
            return kept

    def put(self, key: bytes, kept: Kept) -> None:
        with self._lock:
            if key in self._kept:
                self._drop(key)
            own = self._of_token.setdefault(kept.terms.token, OrderedDict())
            self._kept[key], own[key] = kept, None
            if len(own) > KEPT_OF_ONE:
                self._drop(next(iter(own)))
            if len(self._kept) > KEPT:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: bytes) -> None:
        token = self._kept.pop(key).terms.token
        own = self._of_token[token]
        del own[key]
        if not own:
            del self._of_token[token]


class Lane:
    """Wraps the WSGI application."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self.shelf = Shelf()
        self.counters = Counters()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET":
            return self._application(environ, start_response)
        key = _key(environ)
        kept = self.shelf.get(key)
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
        if terms.networks and not is_within(address_in(environ), terms.networks):
            return None
        headers = [*kept.head.headers]
        if terms.rate_limit:
            quota = limiter().hit(terms.rate_limit, f"token:{terms.token}")
            if not quota.allowed:
                # Django says no, in the caller's dialect, and does not count this request again.
                environ["modelbook.quota"] = quota
                return None
            at = dt.datetime.fromtimestamp(now, tz=dt.UTC)
            headers += terms.dialect.rate_headers(quota, at=at).items()
        if now - kept.noted_at >= GRAIN.total_seconds():
            kept.noted_at = now
            USAGE.note_use(terms.token, last_used_at=None, at=dt.datetime.fromtimestamp(now, tz=dt.UTC))
        request_id = request_id_for(environ.get("HTTP_X_REQUEST_ID", ""))
        BODIES.touch(terms.name)
        start_response(kept.head.status, [*headers, ("x-request-id", request_id), ("request-id", request_id)])
        return body

    def _keep(self, key: bytes, response: Any) -> None:
        terms: Terms | None = getattr(response, "terms", None)
        if terms is None or not isinstance(response, HttpResponse):
            return
        of_one_request = {"x-request-id", "request-id", *terms.dialect.rate_header_names}
        headers = ((name, value) for name, value in response.items() if name.lower() not in of_one_request)
        status = f"{response.status_code} {response.reason_phrase}"
        self.shelf.put(key, Kept(terms, Head.of(status, tuple(headers))))


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
                self._local.errors = (wrapper.Database.Error, Error)  # type: ignore[attr-defined]
            cursor.execute(COUNTERS)
            return tuple(cursor.fetchone() or ()) or None
        except getattr(self._local, "errors", Error):
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
