"""A fast path in front of Django for the requests that clients repeat all day.

It sends the bytes that Django sent before, after asking the database in one query whether everything that they were
built from is unchanged: the counters of catalog/db/revision.py, and the row of the token. A response is therefore never
older than the last change, in any process. Everything else is left to Django, so that the rules are in one place.

`find`, `StateReader.read` and `decide` are separate, because servers differ in how they wait for a database.
"""

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connections
from django.http import HttpResponse

from tokens.api_error import ApiError
from tokens.auth.credentials import address_in
from tokens.auth.last_use import LAST_USE, RESOLUTION
from tokens.context import ENVIRON_KEY, ReuseTerms, context_of, request_id_in
from tokens.dialects import PROXY_ADDRESS
from tokens.http.bodies import BODIES, VISITOR_BODIES, Deferred, deferring
from tokens.http.negotiation import reads_pages
from tokens.http.probes import LIVEZ, alive
from tokens.http.proxies.bodies import body_length, has_body, named_models
from tokens.http.proxies.calls import call_parts
from tokens.http.response_cache import MAX_CONTENT, CachedResponse, ResponseCache, response_head
from tokens.http.state import InlineStates, Loop, PipelinedStates, State, StateReader
from tokens.logs import KEYS_IN_ENVIRON
from tokens.networks import is_within
from tokens.rate_limits import VISITS, limiter

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
    *KEYS_IN_ENVIRON,
    "HTTP_ANTHROPIC_VERSION",
    "HTTP_IF_NONE_MATCH",
    "HTTP_ACCEPT_ENCODING",
    "HTTP_ORIGIN",
    "wsgi.url_scheme",
)
# Pages are in the visitor's language, and share some addresses with the API.
PAGE_PARTS = (*KEY_PARTS, "HTTP_ACCEPT", "HTTP_ACCEPT_LANGUAGE")
# Bytes of a body that the loop reads itself.
READ_IN_LOOP = 16 * 1024
API_PATHS = ("/v1", "/api/", "/anthropic/")
# A view offers these for reuse; any other status comes from middleware that replaced its response.
REUSABLE_STATUSES = frozenset({200, 204, 304})
RESOLUTION_SECONDS = RESOLUTION.total_seconds()


class Found(NamedTuple):
    """A request that may be answered here: its key, and the response that was stored for it."""

    # None: a body that was not read yet also decides the response.
    key: bytes | None
    cache: ResponseCache
    response: CachedResponse | None

    @property
    def digest(self) -> str | None:
        """The digest of the token whose rows `decide` needs; None if it needs only the counters."""
        identity = self.response.terms.identity if self.response else None
        return identity.digest if identity else None


class Answer(NamedTuple):
    """A response."""

    status: str
    headers: list[tuple[str, str]]
    chunks: list[bytes]


class FastPath:
    """Wraps the WSGI application."""

    def __init__(self, application: Application) -> None:
        self._application = application
        # The requests of keys; a key asks for few of these addresses.
        self.responses = ResponseCache(memory=64 * 1024 * 1024, max_per_caller=16)
        # Checks of calls. A key calls many models, and its checks share one response.
        self.checks = ResponseCache(memory=32 * 1024 * 1024, max_per_caller=2048)
        # The requests of visitors, which evict no response of a key.
        self.visits = ResponseCache(memory=4 * 1024 * 1024, max_per_caller=4096)
        self.states = StateReader()
        self._loop_states: InlineStates | PipelinedStates | None = None

    @property
    def max_body(self) -> int:
        """The longest body that the application reads, in bytes; a server may refuse longer ones."""
        return int(settings.AUTHORIZE_MAX_BODY)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        found = self.find(environ)
        if found is None:
            return self._application(environ, start_response)
        # With a context, `at_once` has counted the request, and found too many of them.
        if found.response is not None and ENVIRON_KEY not in environ:
            answer = self.decide(found, self.states.read(found.digest), environ)
            if answer is not None:
                start_response(answer.status, answer.headers)
                return answer.chunks
        return self.forward(found, environ, start_response)

    def answer_or_defer(self, environ: Environ, start_response: StartResponse, again: Callable[[], None]) -> Any:
        """As `__call__`; None if another thread renders the body of the response. `again` is called after that.

        Otherwise, all threads would wait for one body, and every other request for them.
        """
        try:
            with deferring():
                return self(environ, start_response)
        except Deferred as deferred:
            deferred.flight.call_at_end(again)
            return None

    def attach(self, loop: Loop) -> None:
        """Prepares for `at_once` in this process."""
        self._loop_states = InlineStates() if connections["default"].vendor == "sqlite" else PipelinedStates(loop)

    def at_once(self, environ: Environ, respond: Callable[[Answer | None], None]) -> None:
        """Calls `respond` with the response, now or at a later turn of the loop, without waiting for anything.

        Without a response, `__call__` has to answer, in a thread. The loop serves all clients of the process.
        """
        if environ["PATH_INFO"] == LIVEZ and environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
            response = alive()
            respond(Answer("200 OK", [*response.items(), *id_headers(environ)], [response.content]))
            return
        # Reading a large body would take the time of all other clients.
        is_long = body_length(environ) > READ_IN_LOOP
        found = None if is_long or self._loop_states is None else self.find(environ)
        if self._loop_states is None or found is None or found.response is None or is_counted_elsewhere(found.response):
            respond(None)
        else:
            self._loop_states.ask(found.digest, lambda state: respond(self.decide(found, state, environ)))

    def end_turn(self) -> None:
        """The loop has handled everything that had arrived."""
        if self._loop_states is not None:
            self._loop_states.end_turn()

    def find(self, environ: Environ) -> Found | None:
        """The stored response for a request; None if its kind is never stored. No input or output."""
        path = environ.get("PATH_INFO", "")
        if path.startswith(PROXY_ADDRESS):
            return self._find_check(environ)
        if environ["REQUEST_METHOD"] != "GET":
            return None
        key = digest_of(environ, KEY_PARTS) if path.startswith(API_PATHS) else page_digest(environ)
        response = self.responses.get(key)
        return Found(key, self.responses, response or self.visits.get(key))

    def _find_check(self, environ: Environ) -> Found:
        head = check_digest(environ)
        response = self.checks.get(head)
        if not has_body(environ):
            return Found(head, self.checks, response)
        if response is None:
            # Nobody without a valid key lets this process read bodies.
            return Found(None, self.checks, None)
        key = called_digest(environ, head)
        return Found(key, self.checks, self.checks.get(key) if key else None)

    def decide(self, found: Found, state: State | None, environ: Environ) -> Answer | None:
        """The stored response if nothing has changed since it was stored; None if Django has to answer.

        No input or output, except for the rate limiter.
        """
        cached, now = found.response, time.time()
        if cached is None or state is None:
            return None
        terms = cached.terms
        if now >= terms.valid_until or not state.meets(terms):
            return None
        chunks = [cached.content]
        if terms.body_key is not None:
            body = (BODIES if terms.caller else VISITOR_BODIES).get(terms.body_key)
            if body is None:
                return None
            chunks = cached.head.chunks(body)
        rate_headers = _charge(terms, environ, now)
        if rate_headers is None:
            return None
        if terms.caller is not None and now - cached.noted_at >= RESOLUTION_SECONDS:
            cached.noted_at = now
            LAST_USE.note_use(terms.caller.token, last_used_at=None, at=_moment(now))
        headers = [*cached.head.headers, *rate_headers, *id_headers(environ)]
        return Answer(cached.head.status, headers, chunks)

    def forward(self, found: Found, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Django's response, which is stored if its view offers it for reuse."""
        response = self._application(environ, start_response)
        terms = context_of(environ).reuse_terms
        if terms is not None and isinstance(response, HttpResponse):
            self._store(found, terms, response, environ)
        return response

    def _store(self, found: Found, terms: ReuseTerms, response: HttpResponse, environ: Environ) -> None:
        content = response.content if terms.body_key is None else b""
        if response.status_code not in REUSABLE_STATUSES or response.cookies or len(content) > MAX_CONTENT:
            return
        per_request = {"x-request-id", "request-id", *(terms.caller.dialect.rate_header_names if terms.caller else ())}
        headers = ((name, value) for name, value in response.items() if name.lower() not in per_request)
        head = response_head(f"{response.status_code} {response.reason_phrase}", tuple(headers))
        cache = found.cache if terms.caller else self.visits
        stored = CachedResponse(terms, head, content)
        key = found.key
        if found.cache is self.checks and has_body(environ):
            digest = check_digest(environ)
            cache.put(digest, stored)
            key = key or called_digest(environ, digest)
        if key is not None:
            cache.put(key, stored)


def is_counted_elsewhere(response: CachedResponse) -> bool:
    """Whether the request has to be counted by another process, which may not answer."""
    caller = response.terms.caller
    return bool(settings.REDIS_URL and caller and caller.rate_limit)


def id_headers(environ: Environ) -> list[tuple[str, str]]:
    """The headers with the request's id, for a request without a context: nothing else reads it."""
    request_id = request_id_in(environ)
    return [("x-request-id", request_id), ("request-id", request_id)]


def _charge(terms: ReuseTerms, environ: Environ, now: float) -> Iterable[tuple[str, str]] | None:
    """Counts the request against the caller's rate: the headers of the rate, or None if Django has to refuse it.

    Django refuses in the caller's format, and finds this request counted.
    """
    caller = terms.caller
    if caller is None:
        refusal = VISITS.refuse(address_in(environ))
        if refusal is not None:
            context_of(environ).quota = refusal
        return () if refusal is None else None
    if caller.networks and not is_within(address_in(environ), caller.networks):
        return None
    if not caller.rate_limit:
        return ()
    quota = limiter().hit(caller.rate_limit, f"token:{caller.token}")
    if not quota.allowed:
        context_of(environ).quota = quota
        return None
    return caller.dialect.rate_headers(quota, at=_moment(now)).items()


def _moment(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, tz=dt.UTC)


def check_digest(environ: Environ) -> bytes:
    """A digest of everything but the body that decides a check. Checks with and without a body have different ones.

    A response that is stored under the digest of a check with a body answers nothing: it shows that its key is valid.
    """
    parts = (*KEY_PARTS, *call_parts())
    return digest_of({**environ, "body": "1"}, (*parts, "body")) if has_body(environ) else digest_of(environ, parts)


def called_digest(environ: Environ, head: bytes) -> bytes | None:
    """The same with what the body names; None if Django has to refuse the body."""
    try:
        places = named_models(environ).places
    except ApiError:
        return None
    return hashlib.blake2b(head + repr(places).encode("utf-8", "surrogatepass"), digest_size=24).digest()


def page_digest(environ: Environ) -> bytes:
    """A digest of a request for a page, or for what programs get at the same address."""
    return digest_of(environ, PAGE_PARTS, "page" if reads_pages(environ.get("HTTP_USER_AGENT", "")) else "")


def digest_of(environ: Environ, parts: tuple[str, ...], *more: str) -> bytes:
    """A digest of the parts of a request that decide its response; they contain API keys and are not stored."""
    text = "\0".join([*(environ.get(name, "") for name in parts), *more])
    return hashlib.blake2b(text.encode("latin-1", "replace"), digest_size=24).digest()
