"""Request heads: the bytes up to the empty line, read by gunicorn's parser, which decides what is refused.

Clients send the same head all day, so the worker stores what it read from the most recent ones. A stored head is found
by the digest of its bytes and of the addresses of both ends, which decide everything that the parser reads: it believes
X-Forwarded-Proto only if a trusted proxy sends it.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gunicorn.http import errors, wsgi  # type: ignore[import-untyped]
from gunicorn.http.message import Request  # type: ignore[import-untyped]
from gunicorn.http.unreader import IterUnreader  # type: ignore[import-untyped]

END = b"\r\n\r\n"
# The whole head: gunicorn limits the number of headers and each of them, which together allow 1.6 MB for a connection.
MAX_HEAD = 128 * 1024
# An entry takes a few kilobytes: only short heads are stored.
MAX_HEADS = 4096
MAX_STORED = 4 * 1024
# What gunicorn puts into an environ that belongs to one connection or one response.
NOT_OF_THE_HEAD = ("wsgi.input", "gunicorn.socket", "wsgi.early_hints", "REMOTE_ADDR", "REMOTE_PORT")


@dataclass(frozen=True, slots=True)
class Head:
    """A request without its body, and without what belongs to its connection."""

    # gunicorn's request, which its `Response` needs.
    message: Any
    environ: Mapping[str, Any]
    body_length: int
    # No length is known before the last chunk.
    is_chunked: bool
    expects_continue: bool

    @property
    def title(self) -> str:
        """Method and path, for the log."""
        return f"{self.environ['REQUEST_METHOD']} {self.environ['PATH_INFO']}"

    def environ_for(self, client: Any, body: Mapping[str, Any]) -> dict[str, Any]:
        """The WSGI environ of the request; `body` is what it states of the body."""
        address, port = (client[0], str(client[1])) if isinstance(client, tuple) else (str(client), "")
        return {**self.environ, "REMOTE_ADDR": address, "REMOTE_PORT": port, **body}


class Heads:
    """Reads heads, and stores the most recently used ones. Only the worker's loop uses it."""

    def __init__(self, cfg: Any) -> None:
        self._cfg = cfg
        self._heads: OrderedDict[bytes, Head] = OrderedDict()

    def read(self, data: bytes, client: Any, server: Any) -> Head:
        """The head with these bytes; gunicorn's ParseException if it cannot be read."""
        address = client[0] if isinstance(client, tuple) else client
        digest = hashlib.blake2b(repr((address, server)).encode() + data, digest_size=24).digest()
        head = self._heads.get(digest)
        if head is not None:
            self._heads.move_to_end(digest)
            return head
        head = self._parse(data, client, server)
        if len(data) <= MAX_STORED:
            self._heads[digest] = head
            if len(self._heads) > MAX_HEADS:
                self._heads.popitem(last=False)
        return head

    def _parse(self, data: bytes, client: Any, server: Any) -> Head:
        message = read_message(self._cfg, data, client)
        # The loop sends 100 Continue, when it wants the body; `create` would send it now.
        expects_continue, message._expected_100_continue = message._expected_100_continue, False  # noqa: SLF001
        _, environ = wsgi.create(message, None, client, server, self._cfg)
        for name in NOT_OF_THE_HEAD:
            environ.pop(name, None)
        environ["wsgi.multithread"] = True
        # Other encodings beside the chunks are left to the application, which refuses or ignores such a body.
        is_chunked = environ.get("HTTP_TRANSFER_ENCODING", "").strip().lower() == "chunked"
        if is_chunked:
            # The application gets the whole body, with its length.
            del environ["HTTP_TRANSFER_ENCODING"]
        # gunicorn has verified that it is a number, and that only one of the two is there.
        return Head(
            message,
            environ,
            body_length=int(environ.get("CONTENT_LENGTH", 0)),
            is_chunked=is_chunked,
            expects_continue=expects_continue,
        )


def read_message(cfg: Any, data: bytes, client: Any) -> Any:
    """gunicorn's request; ParseException if it cannot be read, NoMoreData if it is incomplete."""
    return Request(cfg, IterUnreader([data]), client)


def check_incomplete(cfg: Any, data: bytes, client: Any) -> None:
    """ParseException if no head can begin like this, whatever follows."""
    if len(data) > MAX_HEAD:
        # The line may be the part that is too long, which has an error of its own.
        _read_incomplete(cfg, data, client)
        raise errors.LimitRequestHeaders("The head is too large.")
    # gunicorn is asked only if it may refuse: reading a slow client's head again at each byte takes quadratic time.
    is_long_line = len(data) > cfg.limit_request_line + 2 and b"\n" not in data[2 : cfg.limit_request_line + 4]
    if is_long_line or data.count(b"\n") != data.count(b"\r\n"):
        _read_incomplete(cfg, data, client)


def _read_incomplete(cfg: Any, data: bytes, client: Any) -> None:
    try:
        read_message(cfg, data, client)
    except errors.NoMoreData:
        return
