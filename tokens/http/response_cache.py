"""Responses that may be sent again without Django, and the conditions for it."""

import datetime as dt
import functools
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

from catalog import caches
from tokens.auth.authentication import Caller
from tokens.context import ReuseTerms
from tokens.dialects.base import Dialect
from tokens.http.bodies import Body

# A response takes about a kilobyte: its terms and the key of its body, whose memory tokens/http/bodies.py limits.
MAX_RESPONSES = 50_000
# A token that sends ever different requests evicts only its own responses.
MAX_RESPONSES_PER_TOKEN = 16


def reuse_terms(caller: Caller, dialect: Dialect, *, body_key: Hashable, on: dt.date) -> ReuseTerms | None:
    """The terms of a list of one day (UTC); None if another key of the same request may become valid before its end."""
    if not caller.is_lasting:
        return None
    midnight = dt.datetime.combine(on + dt.timedelta(days=1), dt.time(), tzinfo=dt.UTC)
    return ReuseTerms(
        counters=(caller.revision, caller.permissions),
        valid_until=min(midnight, caller.scope.expires_at or midnight).timestamp(),
        token=caller.token,
        rate_limit=caller.rate_limit,
        dialect=dialect,
        networks=caller.scope.networks,
        body_key=body_key,
    )


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """The status and headers of a response, without those that differ between equal requests."""

    status: str
    headers: tuple[tuple[str, str], ...]
    is_not_modified: bool
    is_gzipped: bool

    def body_bytes(self, body: Body) -> bytes:
        """The bytes that follow this head."""
        if self.is_not_modified:
            return b""
        return (body.gzipped or b"") if self.is_gzipped else body.plain


@functools.lru_cache(maxsize=1024)
def response_head(status: str, headers: tuple[tuple[str, str], ...]) -> ResponseHead:
    """One object for all responses with this head: keys that see the same list share it."""
    is_gzipped = any(name.lower() == "content-encoding" for name, _ in headers)
    return ResponseHead(status, headers, is_not_modified=status.startswith("304"), is_gzipped=is_gzipped)


@dataclass(slots=True)
class CachedResponse:
    """A response that may be sent again."""

    terms: ReuseTerms
    head: ResponseHead
    # When the use of the token was last noted, in seconds since the epoch.
    noted_at: float = field(default_factory=time.time)


class ResponseCache:
    """The most recently used responses, limited per token and in total; safe between threads."""

    def __init__(self) -> None:
        self._responses: OrderedDict[bytes, CachedResponse] = OrderedDict()
        self._keys_by_token: dict[int, OrderedDict[bytes, None]] = {}
        self._lock = threading.Lock()
        caches.register(self)

    def __len__(self) -> int:
        return len(self._responses)

    def get(self, key: bytes) -> CachedResponse | None:
        """The response stored under the key, which becomes the most recently used one."""
        with self._lock:
            response = self._responses.get(key)
            if response is not None:
                self._responses.move_to_end(key)
                self._keys_by_token[response.terms.token].move_to_end(key)
            return response

    def put(self, key: bytes, response: CachedResponse) -> None:
        with self._lock:
            if key in self._responses:
                self._evict(key)
            keys_of_token = self._keys_by_token.setdefault(response.terms.token, OrderedDict())
            self._responses[key], keys_of_token[key] = response, None
            if len(keys_of_token) > MAX_RESPONSES_PER_TOKEN:
                self._evict(next(iter(keys_of_token)))
            if len(self._responses) > MAX_RESPONSES:
                self._evict(next(iter(self._responses)))

    def clear(self) -> None:
        with self._lock:
            self._responses.clear()
            self._keys_by_token.clear()

    def _evict(self, key: bytes) -> None:
        token = self._responses.pop(key).terms.token
        keys_of_token = self._keys_by_token[token]
        del keys_of_token[key]
        if not keys_of_token:
            del self._keys_by_token[token]
