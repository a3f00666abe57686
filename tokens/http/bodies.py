"""Rendered bodies, cached as bytes: rendering a list costs a hundred times as much as sending it.

A body is stored under everything that decides it (the catalog's revision among them), so an entry is never wrong and
needs no invalidation. The least recently used bodies are evicted when the memory limit is reached.
"""

import gzip
import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags

from catalog import caches
from tokens.metric_counters import RENDERED

# Part of every ETag: increase it when the same data is rendered differently.
FORMAT = 1
# Smaller bodies do not shrink enough to pay for the header.
GZIP_FROM = 1024
MEMORY = 64 * 1024 * 1024
# The weight in Accept-Encoding by which a client refuses a coding.
REFUSED_WEIGHT = re.compile(r"q=0(?:\.0*)?")
# What an entry takes beside its bytes, roughly: without it, many tiny bodies would take many times MEMORY.
OVERHEAD = 1024


@dataclass(frozen=True)
class Body:
    """The bytes of a response body, plain and (if that is smaller) compressed, with their ETag."""

    plain: bytes
    gzipped: bytes | None
    etag: str

    @classmethod
    def of(cls, plain: bytes) -> "Body":
        etag = f'"{FORMAT}-{hashlib.sha256(plain).hexdigest()[:32]}"'
        return cls(plain, gzip.compress(plain, 6, mtime=0) if len(plain) >= GZIP_FROM else None, etag)

    @property
    def size(self) -> int:
        return OVERHEAD + len(self.plain) + len(self.gzipped or b"")


class BodyCache:
    """The most recently used bodies that fit into `memory` bytes; safe between threads."""

    def __init__(self, memory: int = MEMORY) -> None:
        self.memory = memory
        self.used = 0
        self._bodies: OrderedDict[Hashable, Body] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Body | None:
        """The body stored under the key, which becomes the most recently used one."""
        with self._lock:
            body = self._bodies.get(key)
            if body is not None:
                self._bodies.move_to_end(key)
            return body

    def get_or_render(self, key: Hashable, render: Callable[[], bytes]) -> Body:
        """The body stored under the key, or a new one; two threads may render the same one, and get equal bytes."""
        body = self.get(key)
        if body is None:
            body = Body.of(render())
            RENDERED.inc()
            self._store(key, body)
        return body

    def clear(self) -> None:
        with self._lock:
            self._bodies.clear()
            self.used = 0

    def _store(self, key: Hashable, body: Body) -> None:
        with self._lock:
            if body.size > self.memory or key in self._bodies:
                return
            self._bodies[key] = body
            self.used += body.size
            while self.used > self.memory:
                self.used -= self._bodies.popitem(last=False)[1].size


BODIES = caches.register(BodyCache())


def respond(request: HttpRequest, body: Body, *, cache_control: str) -> HttpResponse:
    """The body as a response: 304 if the client has it, compressed if the client accepts that."""
    response = HttpResponse(content_type="application/json")
    response["ETag"] = body.etag
    response["Cache-Control"] = cache_control
    patch_vary_headers(response, ["Accept-Encoding"])
    if _client_has(request, body):
        response.status_code = 304
        del response["Content-Type"]
    elif body.gzipped is not None and _accepts_gzip(request):
        response.content = body.gzipped
        response["Content-Encoding"] = "gzip"
    else:
        response.content = body.plain
    return response


def _client_has(request: HttpRequest, body: Body) -> bool:
    """Weak comparison, as RFC 9110 defines If-None-Match: a proxy that compresses marks our tag as weak."""
    tags = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in tags or body.etag in (tag.removeprefix("W/") for tag in tags)


def _accepts_gzip(request: HttpRequest) -> bool:
    header = request.headers.get("Accept-Encoding", "").lower().replace(" ", "")
    codings = (coding.partition(";") for coding in header.split(","))
    return any(name == "gzip" and not REFUSED_WEIGHT.fullmatch(weight) for name, _, weight in codings)
