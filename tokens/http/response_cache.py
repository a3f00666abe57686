"""Responses that may be sent again without Django, and the terms of reuse."""

import datetime as dt
import functools
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

from catalog import caches
from catalog.db import revision
from catalog.db.revision import Counters
from tokens.auth.authentication import Caller
from tokens.auth.token_rows import DECIDING
from tokens.context import CallerTerms, Identity, ReuseTerms
from tokens.dialects.base import Dialect
from tokens.http.bodies import Body

# The counters of what a response is built from.
OF_MODELS = (revision.MODELS,)
OF_PRICES = (revision.MODELS, revision.PRICES, revision.POPULARITY)

# What an entry takes, roughly, in bytes: its key, its places in two orders, its terms.
ENTRY = 1024
# The same if it shares the response of another entry.
SHARED_ENTRY = 320
# Bytes of a body that is stored with its response, and not in tokens/http/bodies.py.
MAX_CONTENT = 4096


def midnight_after(day: dt.date) -> dt.datetime:
    """The end of a day (UTC), when models retire."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), tzinfo=dt.UTC)


def caller_terms(
    caller: Caller,
    dialect: Dialect,
    counters: tuple[str, ...],
    *,
    until: dt.datetime,
    body_key: Hashable = None,
    shows_token: bool = False,
) -> ReuseTerms | None:
    """The terms of a response to the caller; None if it may change in a way that no terms can name.

    Another key of the same request may become valid by itself. `shows_token`: the response also contains what only
    /api/token shows; a use of the token changes that and raises no counter, so its own row has to be compared.
    """
    identity = caller.identity
    if not caller.is_lasting or (shows_token and identity is None):
        return None
    if identity is None:
        counters = (*counters, revision.PERMISSIONS)
    elif not shows_token:
        identity = Identity(identity.digest, tuple(row[: len(DECIDING)] for row in identity.rows))
    return ReuseTerms(
        counters=_values(caller.counters, counters),
        valid_until=min(until, caller.scope.expires_at or until).timestamp(),
        caller=CallerTerms(caller.token, caller.rate_limit, dialect, caller.scope.networks),
        identity=identity,
        body_key=body_key,
    )


def visitor_terms(values: Counters, counters: tuple[str, ...], *, until: dt.datetime, body_key: Hashable) -> ReuseTerms:
    """The terms of a response that every visitor without a key gets."""
    return ReuseTerms(_values(values, counters), until.timestamp(), body_key=body_key)


def _values(values: Counters, names: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    return tuple((name, getattr(values, name)) for name in names)


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """The status and headers of a response, without those that differ between equal requests."""

    status: str
    headers: tuple[tuple[str, str], ...]
    is_not_modified: bool
    is_gzipped: bool

    def chunks(self, body: Body) -> list[bytes]:
        """The bytes that follow this head."""
        return [b""] if self.is_not_modified else [*body.pieces(gzipped=self.is_gzipped)]


@functools.lru_cache(maxsize=1024)
def response_head(status: str, headers: tuple[tuple[str, str], ...]) -> ResponseHead:
    """One object for all responses with this head: keys that see the same list share it."""
    is_gzipped = any(name.lower() == "content-encoding" for name, _ in headers)
    return ResponseHead(status, headers, is_not_modified=status.startswith("304"), is_gzipped=is_gzipped)


@dataclass(slots=True)
class CachedResponse:
    """A response that may be sent again; `content` is its body if it is not in tokens/http/bodies.py."""

    terms: ReuseTerms
    head: ResponseHead
    content: bytes = b""
    # When the use of the token was last noted, in seconds since the epoch.
    noted_at: float = field(default_factory=time.time, compare=False)


class ResponseCache:
    """The most recently used responses that fit into `memory`, limited per caller; safe between threads.

    A caller that sends ever different requests evicts only its own responses. Equal responses to different requests of
    one caller are stored once.
    """

    def __init__(self, *, memory: int, max_per_caller: int) -> None:
        self.memory, self.max_per_caller = memory, max_per_caller
        self.used = 0
        self._responses: OrderedDict[bytes, tuple[CachedResponse, int]] = OrderedDict()
        # Token (None: visitors) -> the keys of its responses, the least recently used first.
        self._keys_by_caller: dict[int | None, OrderedDict[bytes, None]] = {}
        self._lock = threading.Lock()
        caches.register(self)

    def __len__(self) -> int:
        return len(self._responses)

    def get(self, key: bytes) -> CachedResponse | None:
        """The response stored under the key, which becomes the most recently used one."""
        with self._lock:
            entry = self._responses.get(key)
            if entry is None:
                return None
            self._responses.move_to_end(key)
            self._keys_by_caller[_token(entry[0])].move_to_end(key)
            return entry[0]

    def put(self, key: bytes, response: CachedResponse) -> None:
        with self._lock:
            if key in self._responses:
                self._evict(key)
            keys = self._keys_by_caller.setdefault(_token(response), OrderedDict())
            size = ENTRY + len(response.content)
            last, _ = self._responses[next(reversed(keys))] if keys else (None, 0)
            if last is not None and last == response:
                response, size = last, SHARED_ENTRY
            self._responses[key], keys[key] = (response, size), None
            self.used += size
            if len(keys) > self.max_per_caller:
                self._evict(next(iter(keys)))
            while self.used > self.memory:
                self._evict(next(iter(self._responses)))

    def clear(self) -> None:
        with self._lock:
            self._responses.clear()
            self._keys_by_caller.clear()
            self.used = 0

    def _evict(self, key: bytes) -> None:
        response, size = self._responses.pop(key)
        self.used -= size
        token = _token(response)
        keys = self._keys_by_caller[token]
        del keys[key]
        if not keys:
            del self._keys_by_caller[token]


def _token(response: CachedResponse) -> int | None:
    return response.terms.caller.token if response.terms.caller else None
