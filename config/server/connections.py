"""A client's connection as the worker sees it: what has arrived of a request, and what is left to send of a response.

Only the worker's loop receives. The loop and the thread that answers a request both send; nobody waits for the client:
what it does not take at once is stored here, the larger part on disk, and the loop sends it later.
"""

import datetime as dt
import io
import os
import resource
import socket
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Any, BinaryIO

from gunicorn import util  # type: ignore[import-untyped]

from config.server.chunks import BodyError, Chunks

# Bytes received at once.
RECEIVED = 64 * 1024
# Bytes of a response that wait in memory; what follows them waits in a file.
IN_MEMORY = 1024 * 1024
# Bytes read from that file at once.
READ = 256 * 1024
# Chunks that are sent by one call of the system, which allows 1024.
MAX_CHUNKS = 1024
# Bytes of a request's body that are stored in memory; a longer body is stored in a file.
BODY_IN_MEMORY = 64 * 1024


class State(Enum):
    """What the connection waits for."""

    HEAD = auto()
    BODY = auto()
    # The application, in a thread.
    RESPONSE = auto()
    # The client, to take the rest of the response.
    SENDING = auto()
    # The client, to close the connection too.
    CLOSING = auto()


@dataclass
class Disk:
    """How many bytes of requests and responses the files of one worker hold, and may hold; safe between threads."""

    limit: int
    used: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def take(self, count: int) -> bool:
        """Counts these bytes; False if they are too many."""
        with self._lock:
            if self.used + count > self.limit:
                return False
            self.used += count
            return True

    def give_back(self, count: int) -> None:
        with self._lock:
            self.used -= count


class Unsent:
    """The bytes that are still to be sent, in order."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._chunks: deque[memoryview] = deque()
        self._size = 0
        self._file: BinaryIO | None = None
        self._read = self._written = 0

    def __bool__(self) -> bool:
        return bool(self._chunks)

    def add(self, data: bytes | memoryview) -> None:
        """Stores bytes; OSError if they do not fit."""
        # Bytes in memory are only referred to: a stored body is not copied for a client that reads it slowly.
        if self._file is None and self._size < IN_MEMORY:
            self._chunks.append(memoryview(data))
            self._size += len(data)
            return
        if not self._disk.take(len(data)):
            raise OSError("Too many bytes wait for slow clients.")
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  (open until its last byte is sent)
        while data:
            count = os.pwrite(self._file.fileno(), data, self._written)
            self._written += count
            data = data[count:]

    def first(self) -> memoryview:
        return self._chunks[0]

    def drop(self, count: int) -> None:
        """Removes this many bytes from the start of the first chunk: they are sent."""
        self._size -= count
        if count < len(self._chunks[0]):
            self._chunks[0] = self._chunks[0][count:]
            return
        self._chunks.popleft()
        if not self._chunks and self._file is not None:
            chunk = os.pread(self._file.fileno(), READ, self._read)
            self._chunks.append(memoryview(chunk))
            self._read, self._size = self._read + len(chunk), self._size + len(chunk)
            if self._read == self._written:
                self._close_file()

    def clear(self) -> None:
        self._chunks.clear()
        self._size = 0
        self._close_file()

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._disk.give_back(self._written)
            self._file, self._read, self._written = None, 0, 0


class Exchange:
    """A request, from the arrival of its head to the end of its response; `max_body` limits a body in chunks."""

    def __init__(self, head: Any, max_body: int) -> None:
        self.head = head
        # Seconds of the monotonic clock.
        self.since = time.monotonic()
        self.is_logged = False
        self.body: Any = io.BytesIO()
        # Bytes of the body that have arrived.
        self.arrived = 0
        self._chunks = Chunks(max_body) if head.is_chunked else None
        self._disk: Disk | None = None
        self._reserved = 0

    @property
    def elapsed(self) -> dt.timedelta:
        """The time since the head has arrived."""
        return dt.timedelta(seconds=time.monotonic() - self.since)

    @property
    def is_complete(self) -> bool:
        """Whether the whole body has arrived."""
        return self.arrived == self.head.body_length if self._chunks is None else self._chunks.is_complete

    @property
    def environ(self) -> dict[str, Any]:
        """What the environ of a complete request states of its body; chunks have become one body with a length."""
        length = {} if self._chunks is None else {"CONTENT_LENGTH": str(self.arrived)}
        return {**length, "wsgi.input": self.body}

    def add(self, data: bytes, disk: Disk) -> bytes:
        """Stores a part of the body: the bytes that follow it; BodyError if it cannot be read or does not fit."""
        if self._chunks is None:
            missing = self.head.body_length - self.arrived
            content, rest = data[:missing], data[missing:]
        else:
            content, rest = self._chunks.read(data)
        self._store(content, disk)
        if self.is_complete:
            self.body.seek(0)
        return rest

    def _store(self, content: bytes, disk: Disk) -> None:
        length = max(self.arrived + len(content), self.head.body_length)
        if self.arrived + len(content) > BODY_IN_MEMORY and length > self._reserved:
            if not disk.take(length - self._reserved):
                raise BodyError("service_unavailable")
            self._reserved = length
            if self._disk is None:
                self._disk = disk
                file = tempfile.TemporaryFile()  # noqa: SIM115  (open until the response is complete)
                file.write(self.body.getvalue())
                self.body = file
        self.body.write(content)
        self.arrived += len(content)

    def close(self) -> None:
        self.body.close()
        if self._disk is not None:
            self._disk.give_back(self._reserved)
            self._disk = None


class Connection:
    """A client's socket. `sendall` makes it the socket that gunicorn's `Response` writes to."""

    def __init__(
        self, sock: socket.socket, client: Any, server: Any, *, disk: Disk, on_unsent: Callable[..., None]
    ) -> None:
        sock.setblocking(False)
        self.sock = sock
        # The addresses of both ends, as gunicorn passes them on.
        self.client, self.server = client, server
        self.state = State.HEAD
        # What the selector reports for this socket at the moment.
        self.events = 0
        # Seconds of the monotonic clock: when the state was entered, and when it ends at the latest.
        self.since = 0.0
        self.deadline = 0.0
        # The bytes received for the current state, and how many of them were searched for the end of a head.
        self.received = bytearray()
        self.searched = 0
        # The current `Exchange`, and whether another one may follow on this connection.
        self.request: Any = None
        self.is_kept = False
        self.sent = 0
        self._unsent = Unsent(disk)
        self._on_unsent = on_unsent
        self._lock = threading.Lock()
        self._is_closed = False

    @property
    def has_unsent(self) -> bool:
        return bool(self._unsent)

    def receive(self) -> bytes | None:
        """The bytes that have arrived; empty at the client's end, None if there are none yet."""
        try:
            return self.sock.recv(RECEIVED)
        except BlockingIOError:
            return None

    @property
    def is_waiting(self) -> bool:
        """Whether only its client can continue."""
        return self.state in (State.HEAD, State.CLOSING)

    def has_arrived(self) -> bool:
        """Whether there are bytes of a request to receive."""
        try:
            return self.state is not State.CLOSING and bool(self.sock.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def sendall(self, *chunks: bytes) -> None:
        """Sends what the client takes now, and stores the rest; OSError if the connection is closed."""
        with self._lock:
            if self._is_closed:
                raise BrokenPipeError("The connection is closed.")
            count = 0
            if not self._unsent:
                with suppress(BlockingIOError):
                    count = self.sock.sendmsg(chunks[:MAX_CHUNKS]) if len(chunks) > 1 else self.sock.send(chunks[0])
                self.sent += count
            had_unsent = bool(self._unsent)
            for chunk in chunks:
                if count < len(chunk):
                    self._unsent.add(memoryview(chunk)[count:])
                count = max(count - len(chunk), 0)
            has_unsent = bool(self._unsent)
        if has_unsent and not had_unsent:
            self._on_unsent(self)

    def send_more(self) -> None:
        """Sends what the client takes of the rest."""
        with self._lock:
            while self._unsent:
                try:
                    count = self.sock.send(self._unsent.first())
                except BlockingIOError:
                    return
                self.sent += count
                self._unsent.drop(count)

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            self._unsent.clear()
            self.sock.close()


@dataclass(frozen=True, slots=True)
class Sent:
    """What the access log needs of a response."""

    status: str
    headers: Iterable[tuple[str, str]]
    sent: int


def max_connections(configured: int) -> int:
    """The number of connections that leave a quarter of the files this process may open to everything else."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return configured if files == resource.RLIM_INFINITY else min(configured, files * 3 // 4)


@lru_cache(maxsize=2)
def http_date(second: int) -> str:
    """The value of the header Date; `second` is a time since the epoch."""
    date: str = util.http_date(second)
    return date
