"""Rendered answers, kept as bytes: building a list costs a hundred times what serving it costs.

A body is kept under all that decides it (the catalog's revision among them), so an entry is never wrong and never
cleared; old ones fall out at the end when the memory they may take is full.
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

from tokens.counters import RENDERED

# Part of every ETag: raise it when the same data would be rendered differently.
FORMAT = 1
# Smaller bodies do not get smaller enough to pay for the header.
GZIP_FROM = 1024
MEMORY = 64 * 1024 * 1024
# The weight in Accept-Encoding by which a client refuses a coding.
NEVER = re.compile(r"q=0(?:\.0*)?")
# What an entry takes beside its bytes, roughly: without it, many tiny bodies would take many times MEMORY.
OVERHEAD = 1024


@dataclass(frozen=True)
class Body:
    """One answer's bytes, plain and (if worth it) compressed, with the tag that names them."""

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
    """The least recently used bodies that fit into `memory` bytes; safe between threads."""

    def __init__(self, memory: int = MEMORY) -> None:
        self.memory = memory
        self.used = 0
        self._bodies: OrderedDict[Hashable, Body] = OrderedDict()
        self._lock = threading.Lock()

    def get_or_render(self, key: Hashable, render: Callable[[], bytes]) -> Body:
        """The body kept under the key, or a new one; two threads may render the same one, and get equal bytes."""
        with self._lock:
            if key in self._bodies:
                self._bodies.move_to_end(key)
                return self._bodies[key]
        body = Body.of(render())
        RENDERED.inc()
        with self._lock:
            self._keep(key, body)
        return body

    def touch(self, key: Hashable) -> None:
        """Makes the body under the key the last one to fall out, for whoever gives it again from elsewhere."""
        with self._lock:
            if key in self._bodies:
                self._bodies.move_to_end(key)

    def clear(self) -> None:
        with self._lock:
            self._bodies.clear()
            self.used = 0

    def _keep(self, key: Hashable, body: Body) -> None:
        if body.size > self.memory or key in self._bodies:
            return
        self._bodies[key] = body
        self.used += body.size
        while self.used > self.memory:
            self.used -= self._bodies.popitem(last=False)[1].size


BODIES = BodyCache()


def respond(request: HttpRequest, body: Body, *, cache_control: str) -> HttpResponse:
    """The body as an answer: 304 where the client has it, compressed where the client takes that."""
    response = HttpResponse(content_type="application/json")
    response["ETag"] = body.etag
    response["Cache-Control"] = cache_control
    patch_vary_headers(response, ["Accept-Encoding"])
    if _has(request, body):
        response.status_code = 304
        del response["Content-Type"]
    elif body.gzipped is not None and _takes_gzip(request):
        response.content = body.gzipped
        response["Content-Encoding"] = "gzip"
    else:
        response.content = body.plain
    return response


def _has(request: HttpRequest, body: Body) -> bool:
    """Weak comparison, as If-None-Match asks: a proxy that compresses marks our tag as weak."""
    tags = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in tags or body.etag in (tag.removeprefix("W/") for tag in tags)


def _takes_gzip(request: HttpRequest) -> bool:
    header = request.headers.get("Accept-Encoding", "").lower().replace(" ", "")
    offers = (offer.partition(";") for offer in header.split(","))
    return any(coding == "gzip" and not NEVER.fullmatch(weight) for coding, _, weight in offers)
