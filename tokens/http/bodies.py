"""Rendered bodies, cached as bytes: rendering a list costs a hundred times as much as sending it.

A body is stored under everything that decides it (counters of catalog/db/revision.py among them), so an entry is never
wrong and needs no invalidation. The least recently used bodies are evicted when the memory limit is reached.

A body is a sequence of blocks. Bodies with equal rows have equal blocks, which are stored and compressed once: a list
after one change, or for a key that sees all models but one, takes the memory and the compression of one block.
"""

import hashlib
import re
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from weakref import WeakValueDictionary

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags

from catalog import caches
from tokens.http.shared.files import SharedFiles, shared_files
from tokens.metric_counters import RENDERED

# Part of every ETag: increase it when the same data is rendered differently.
FORMAT = 1
# Smaller bodies do not shrink enough to pay for the header.
GZIP_FROM = 1024
# A block ends after at least so many bytes, at a row whose checksum says so: a row that is added or removed changes its
# own block, and all others keep their boundaries. Smaller blocks compress worse; larger ones are shared less.
BLOCK_FROM = 12 * 1024
ROWS_PER_BOUNDARY = 8
# Limits of each process. Visitors can request ever different pages and must not evict the lists of customers.
KEY_MEMORY = 64 * 1024 * 1024
VISITOR_MEMORY = 64 * 1024 * 1024
# What a body, and each of its blocks, takes beside its bytes, roughly: without it, many tiny bodies would take many
# times the limit.
OVERHEAD = 1024
BLOCK_OVERHEAD = 256
# Seconds that a request waits for another one that renders the same body; longer than any statement may take.
MAX_WAIT = 60.0
# Seconds. A body that was rendered faster is not worth a file.
SHARED_FROM = 0.005
# Larger bodies are sent in pieces, without a copy of the whole.
PIECE = 1024 * 1024
# The weight in Accept-Encoding by which a client refuses a coding.
REFUSED_WEIGHT = re.compile(r"q=0(?:\.0*)?")
# A gzip file without name and time, and the end of its compressed data (RFC 1952, RFC 1951).
GZIP_START = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
DEFLATE_END = b"\x03\x00"


class Block:
    """A part of bodies, compressed once. Blocks with equal bytes are one object (see `block_of`)."""

    def __init__(self, plain: bytes) -> None:
        self.plain = plain

    @cached_property
    def deflated(self) -> bytes:
        """Compressed so that the next block of a body can follow: it refers to no other one, and ends at a byte."""
        compressor = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        return compressor.compress(self.plain) + compressor.flush(zlib.Z_FULL_FLUSH)

    @property
    def size(self) -> int:
        return BLOCK_OVERHEAD + len(self.plain) + len(self.__dict__.get("deflated", b""))


# Bytes -> their block, as long as a body has it.
_blocks: WeakValueDictionary[bytes, Block] = WeakValueDictionary()
_blocks_lock = threading.Lock()


def block_of(plain: bytes) -> Block:
    """The block of these bytes: one object for equal bytes."""
    with _blocks_lock:
        return _blocks.setdefault(plain, Block(plain))


@dataclass(frozen=True)
class Body:
    """The bytes of a response body, plain and (if it is not tiny) compressed, with their ETag.

    Equal bytes have equal tags, in every process and however they are divided into blocks.
    """

    blocks: tuple[Block, ...]
    etag: str
    length: int
    # CRC-32 of the plain bytes, which gzip requires.
    checksum: int

    @classmethod
    def of(cls, plain: bytes) -> "Body":
        """The body of a whole text: JSON, or lines."""
        return cls._of_texts(_divide_text(plain))

    @classmethod
    def of_parts(cls, parts: Iterable[bytes]) -> "Body":
        """The parts one after the other. Parts that several bodies have in common are stored once."""
        return cls.of_rows(b"", parts, b"", separator=b"")

    @classmethod
    def of_rows(cls, head: bytes, rows: Iterable[bytes], tail: bytes, *, separator: bytes = b",") -> "Body":
        """A list: the head, the rows with separators between them, the tail."""
        return cls._of_texts(_divide(head, rows, tail, separator))

    @classmethod
    def _of_texts(cls, texts: Iterable[bytes]) -> "Body":
        blocks, digest, length, checksum = [], hashlib.sha256(), 0, 0
        for text in texts:
            blocks.append(block_of(text))
            digest.update(text)
            length += len(text)
            checksum = zlib.crc32(text, checksum)
        body = cls(tuple(blocks), f'"{FORMAT}-{digest.hexdigest()[:32]}"', length, checksum)
        if body.is_compressed:
            # Now, by the thread that renders: those that wait for the body would all do it.
            for block in blocks:
                _ = block.deflated
        return body

    def dump(self) -> bytes:
        """The body as bytes that `load` reads: compressed, block by block."""
        parts = [block.deflated for block in self.blocks]
        head = msgspec.json.encode((self.etag, self.length, self.checksum, [len(part) for part in parts]))
        return b"".join([len(head).to_bytes(4, "little"), head, *parts])

    @classmethod
    def load(cls, dumped: bytes) -> "Body":
        start = 4 + int.from_bytes(dumped[:4], "little")
        etag, length, checksum, sizes = msgspec.json.decode(dumped[4:start], type=tuple[str, int, int, list[int]])
        blocks = []
        for size in sizes:
            deflated = dumped[start : start + size]
            start += size
            block = block_of(zlib.decompressobj(-zlib.MAX_WBITS).decompress(deflated))
            block.__dict__.setdefault("deflated", deflated)
            blocks.append(block)
        return cls(tuple(blocks), etag, length, checksum)

    @property
    def is_compressed(self) -> bool:
        return self.length >= GZIP_FROM

    @property
    def plain(self) -> bytes:
        return self.blocks[0].plain if len(self.blocks) == 1 else b"".join(block.plain for block in self.blocks)

    @property
    def gzipped(self) -> bytes | None:
        return b"".join(self._gzip_parts()) if self.is_compressed else None

    @property
    def gzipped_length(self) -> int:
        return sum(map(len, self._gzip_parts()))

    def pieces(self, *, gzipped: bool) -> Iterator[bytes]:
        """The plain or compressed bytes in pieces of about PIECE bytes."""
        pending, size = [], 0
        for part in self._gzip_parts() if gzipped else (block.plain for block in self.blocks):
            pending.append(part)
            size += len(part)
            if size >= PIECE:
                yield b"".join(pending)
                pending, size = [], 0
        yield b"".join(pending)

    def _gzip_parts(self) -> Iterator[bytes]:
        yield GZIP_START
        for block in self.blocks:
            yield block.deflated
        yield DEFLATE_END + self.checksum.to_bytes(4, "little") + (self.length % 2**32).to_bytes(4, "little")

    @property
    def size(self) -> int:
        """The memory that the body takes if it shares nothing."""
        return self.overhead + sum(block.size for block in set(self.blocks))

    @property
    def overhead(self) -> int:
        """The memory that the body takes beside its blocks."""
        return OVERHEAD + 8 * len(self.blocks)


def _divide(head: bytes, rows: Iterable[bytes], tail: bytes, separator: bytes) -> Iterator[bytes]:
    """The texts of the blocks of a list."""
    start, pending, size = head, list[bytes](), 0
    for row in rows:
        pending.append(row)
        size += len(row)
        if size >= BLOCK_FROM and zlib.crc32(row) % ROWS_PER_BOUNDARY == 0:
            yield start + separator.join(pending)
            start, pending, size = separator, [], 0
    if pending:
        yield start + separator.join(pending) + tail
    else:
        yield tail if start is separator else start + tail


def _divide_text(text: bytes) -> Iterator[bytes]:
    """The texts of the blocks of a text whose rows are the objects of a JSON list, or lines."""
    separator = b"},{" if text.startswith((b"{", b"[")) else b"\n"
    start, row = 0, BLOCK_FROM
    while True:
        row = text.find(separator, row)
        end = text.find(separator, row + len(separator)) if row >= 0 else -1
        if end < 0:
            yield text[start:]
            return
        if zlib.crc32(text[row:end]) % ROWS_PER_BOUNDARY == 0:
            yield text[start:end]
            start, row = end, end + BLOCK_FROM
        else:
            row = end


@dataclass(eq=False)
class Flight:
    """The rendering of a body by one thread, which others wait for, or are answered after."""

    thread: int = field(default_factory=threading.get_ident)
    done: threading.Event = field(default_factory=threading.Event)
    body: Body | None = None
    error: Exception | None = None
    # What to call at the end; None after it.
    then: list[Callable[[], None]] | None = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def call_at_end(self, call: Callable[[], None]) -> None:
        """Makes the call when the body is rendered or has failed: now, or in the thread that renders."""
        with self.lock:
            if self.then is not None:
                self.then.append(call)
                return
        call()

    def end(self) -> None:
        self.done.set()
        with self.lock:
            calls, self.then = self.then or [], None
        for call in calls:
            call()


class Deferred(BaseException):
    """Another thread renders the body: the server answers the request after that, and it occupies no thread until then.

    Not an `Exception`: no handler of errors between the cache and the server may answer.
    """

    def __init__(self, flight: Flight) -> None:
        self.flight = flight


_thread = threading.local()


@contextmanager
def deferring() -> Iterator[None]:
    """Lets this thread raise `Deferred` where it would wait for another thread."""
    _thread.may_defer = True
    try:
        yield
    finally:
        _thread.may_defer = False


class BodyCache:
    """The most recently used bodies that fit into `memory` bytes; safe between threads.

    `used` counts a block once, however many bodies have it.
    """

    def __init__(self, memory: int, files: SharedFiles | None = None) -> None:
        self.memory = memory
        self.files = files
        self.used = 0
        self._bodies: OrderedDict[Hashable, Body] = OrderedDict()
        # Block -> how many bodies have it, and its size when it was counted.
        self._uses: dict[Block, tuple[int, int]] = {}
        self._flights: dict[Hashable, Flight] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Body | None:
        """The body stored under the key, which becomes the most recently used one."""
        with self._lock:
            return self._find(key)

    def get_or_render(self, key: Hashable, render: Callable[[], "Body | bytes"], *, is_stored: bool = True) -> Body:
        """The body stored under the key, or a new one.

        One thread renders a body, and the others that need it wait, also if it is not stored afterwards (for keys with
        values that clients choose freely). If it fails, one of those that waited tries again; if that fails too, all
        of them get its exception. The key must contain the counters as the caller's own snapshot has them: a thread
        that has waited may then render from its snapshot. Inside `deferring`, it raises `Deferred` instead of waiting.
        """
        end, failures = time.monotonic() + MAX_WAIT, 0
        while True:
            with self._lock:
                body = self._find(key)
                if body is not None:
                    return body
                flight = self._flights.get(key)
                if flight is None:
                    flight = self._flights[key] = Flight()
                    break
            is_own = flight.thread == threading.get_ident()
            if not is_own and getattr(_thread, "may_defer", False):
                raise Deferred(flight)
            if is_own or not flight.done.wait(max(end - time.monotonic(), 0)):
                return self._render(key, render, is_stored=is_stored)
            if flight.body is not None:
                return flight.body
            failures += flight.error is not None
            if flight.error is not None and failures > 1:
                raise flight.error
        try:
            flight.body = self._render(key, render, is_stored=is_stored)
        except Exception as error:
            flight.error = error
            raise
        else:
            return flight.body
        finally:
            with self._lock:
                del self._flights[key]
            flight.end()

    def clear(self) -> None:
        with self._lock:
            self._bodies.clear()
            self._uses.clear()
            self.used = 0

    def _find(self, key: Hashable) -> Body | None:
        body = self._bodies.get(key)
        if body is not None:
            self._bodies.move_to_end(key)
        return body

    def _render(self, key: Hashable, render: Callable[[], "Body | bytes"], *, is_stored: bool) -> Body:
        if not is_stored:
            return _render_body(render)
        name = self.files.name_of(key) if self.files else None
        body = _render_body(render) if self.files is None or name is None else _share_body(self.files, name, render)
        self._store(key, body)
        return body

    def _store(self, key: Hashable, body: Body) -> None:
        if body.size > self.memory:
            return
        with self._lock:
            if key in self._bodies:
                return
            self._bodies[key] = body
            self.used += body.overhead
            for block in body.blocks:
                uses, size = self._uses.get(block, (0, block.size))
                self._uses[block] = uses + 1, size
                self.used += 0 if uses else size
            while self.used > self.memory:
                self._evict()

    def _evict(self) -> None:
        _, body = self._bodies.popitem(last=False)
        self.used -= body.overhead
        for block in body.blocks:
            uses, size = self._uses.pop(block)
            if uses > 1:
                self._uses[block] = uses - 1, size
            else:
                self.used -= size


def _render_body(render: Callable[[], Body | bytes]) -> Body:
    rendered = render()
    RENDERED.inc()
    return rendered if isinstance(rendered, Body) else Body.of(rendered)


def _share_body(files: SharedFiles, name: str, render: Callable[[], Body | bytes]) -> Body:
    """The body that another worker of this machine has rendered, or a new one that all of them can use."""
    stored = files.read(name)
    if stored is None:
        with files.turn(name):
            stored = files.read(name)
            if stored is None:
                begin = time.monotonic()
                body = _render_body(render)
                if time.monotonic() - begin >= SHARED_FROM:
                    files.write(name, body.dump())
                return body
    return Body.load(stored)


# The bodies of requests with a valid key, and those of all others.
SHARED = shared_files()
BODIES = caches.register(BodyCache(KEY_MEMORY, SHARED))
VISITOR_BODIES = caches.register(BodyCache(VISITOR_MEMORY, SHARED))


class BodyResponse(HttpResponse):
    """A response that sends a body in pieces, and joins it only if something reads `content`."""

    def __init__(self, body: Body, *, gzipped: bool) -> None:
        super().__init__(content_type="application/json")
        self._container = Pieces(body, gzipped)
        self["Content-Length"] = str(body.gzipped_length if gzipped else body.length)


@dataclass(frozen=True)
class Pieces:
    """The bytes of a body, which can be iterated over again."""

    body: Body
    gzipped: bool

    def __iter__(self) -> Iterator[bytes]:
        return self.body.pieces(gzipped=self.gzipped)


def respond(request: HttpRequest, body: Body, *, cache_control: str) -> HttpResponse:
    """The body as a response: 304 if the client has it, compressed if the client accepts that."""
    if _client_has(request, body):
        response = HttpResponse(status=304)
        del response["Content-Type"]
    else:
        gzipped = body.is_compressed and _accepts_gzip(request)
        response = BodyResponse(body, gzipped=gzipped)
        if gzipped:
            response["Content-Encoding"] = "gzip"
    response["ETag"] = body.etag
    response["Cache-Control"] = cache_control
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _client_has(request: HttpRequest, body: Body) -> bool:
    """Weak comparison, as RFC 9110 defines If-None-Match: a proxy that compresses marks our tag as weak."""
    tags = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in tags or body.etag in (tag.removeprefix("W/") for tag in tags)


def _accepts_gzip(request: HttpRequest) -> bool:
    header = request.headers.get("Accept-Encoding", "").lower().replace(" ", "")
    codings = (coding.partition(";") for coding in header.split(","))
    return any(name == "gzip" and not REFUSED_WEIGHT.fullmatch(weight) for name, _, weight in codings)
