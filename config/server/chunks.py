"""Bodies that arrive in chunks (Transfer-Encoding: chunked), as Caddy, Traefik and programs that stream send them.

A body whose chunks another program could read differently is refused: what follows it would be another request to one
of the two.
"""

import re

# A size, and an extension, which nobody uses.
LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[\t -~\x80-\xff]*)?")
TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*")
END_OF_LINE = b"\r\n"
MAX_LINE = 1024
MAX_TRAILERS = 8 * 1024
# Chunks of any size; further ones must have so many bytes on average. Reading a chunk takes the time of other clients.
SMALL_CHUNKS = 1000
AVERAGE = 64


class BodyError(ValueError):
    """The body is not received any further; `code` is that of the API's error."""

    def __init__(self, code: str = "bad_request") -> None:
        super().__init__(code)
        self.code = code


class Chunks:
    """Reads the chunks of one body of at most `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        # Bytes of the chunks up to the current one, which may be incomplete.
        self.length = 0
        self.is_complete = False
        self._count = 0
        # Bytes that the current chunk lacks, and the beginning of a line.
        self._missing = 0
        self._pending = b""
        self._has_last = False

    def read(self, data: bytes) -> tuple[bytes, bytes]:
        """The content in these bytes, and those behind the body; BodyError if nobody can read it."""
        data, self._pending = self._pending + data, b""
        content, at = [], 0
        while not self.is_complete:
            taken = data[at : at + self._missing]
            content.append(taken)
            at += len(taken)
            self._missing -= len(taken)
            after = (
                None
                if self._missing
                else self._read_trailers(data, at)
                if self._has_last
                else self._read_line(data, at)
            )
            if after is None:
                self._pending = data[at:]
                return b"".join(content), b""
            at = after
        return b"".join(content), data[at:]

    def _read_line(self, data: bytes, at: int) -> int | None:
        """Reads the size of the next chunk: the place behind it, None if the line is incomplete."""
        if self._count:
            # The end of the chunk before.
            if not END_OF_LINE.startswith(data[at : at + 2]):
                raise BodyError
            at += 2
        end = data.find(END_OF_LINE, at, at + MAX_LINE)
        if end < 0:
            if len(data) - at >= MAX_LINE:
                raise BodyError
            return None
        match = LINE.fullmatch(data, at, end)
        if match is None:
            raise BodyError
        self._missing = int(match[1], 16)
        self._has_last = not self._missing
        self._count += 1
        self.length += self._missing
        if self.length > self.limit:
            raise BodyError("request_too_large")
        if self._count > SMALL_CHUNKS + self.length // AVERAGE:
            raise BodyError
        return end + 2

    def _read_trailers(self, data: bytes, at: int) -> int | None:
        """Skips the lines behind the last chunk: the place behind them, None if they are incomplete."""
        while True:
            end = data.find(END_OF_LINE, at)
            if end == at:
                self.is_complete = True
                return end + 2
            if len(data) - at > MAX_TRAILERS or (end >= 0 and TRAILER.fullmatch(data, at, end) is None):
                raise BodyError
            if end < 0:
                return None
            at = end + 2
