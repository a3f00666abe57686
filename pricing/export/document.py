"""A document as a list of rows: stored as a body that shares rows with others, or written in pieces."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from catalog.exact import write_json
from tokens.http.bodies import Body

# Pieces have at least so many bytes, except the last one.
PIECE = 256 * 1024


@dataclass(frozen=True)
class Document:
    """The head, the rows with separators between them, and the tail; the rows can be read once."""

    head: bytes
    rows: Iterable[bytes]
    tail: bytes = b""
    separator: bytes = b","

    def body(self) -> Body:
        return Body.of_rows(self.head, self.rows, self.tail, separator=self.separator)

    def pieces(self) -> Iterator[bytes]:
        """The bytes in pieces, made while they are read."""
        pending, size, separator = [self.head], len(self.head), b""
        for row in self.rows:
            pending += (separator, row)
            separator = self.separator
            size += len(row)
            if size >= PIECE:
                yield b"".join(pending)
                pending, size = [], 0
        yield b"".join([*pending, self.tail])

    def digest(self) -> str:
        """A hash of the bytes in 32 digits, for rows that can be read again."""
        digest = hashlib.sha256()
        for piece in self.pieces():
            digest.update(piece)
        return digest.hexdigest()[:32]

    def __bytes__(self) -> bytes:
        return b"".join(self.pieces())


def member(name: str, value: Any) -> bytes:
    """A member of a JSON object."""
    return write_json(name) + b":" + write_json(value)
