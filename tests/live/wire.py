"""Requests as bytes on a socket, as no HTTP client would send them, and their answers as bytes."""

import json
import socket
from dataclasses import dataclass
from typing import Any

from tests.servers import SECONDS


@dataclass(frozen=True)
class Raw:
    """An answer, read until the server closed the connection."""

    whole: bytes

    @property
    def status(self) -> int:
        return int(self.whole.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        lines = self.whole.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def body(self) -> bytes:
        """The bytes after the head, without the marks of chunks."""
        body = self.whole.partition(b"\r\n\r\n")[2]
        if self.headers.get("transfer-encoding") != "chunked":
            return body
        content = b""
        while body:
            size, _, rest = body.partition(b"\r\n")
            length = int(size or b"0", 16)
            content, body = content + rest[:length], rest[length + 2 :] if length else b""
        return content

    def json(self) -> Any:
        return json.loads(self.body)


def head_of(start: str, *lines: str) -> bytes:
    """A request's head: the first line, its headers, and a wish to be left alone afterwards."""
    return "\r\n".join([start, "Host: 127.0.0.1", "Connection: close", *lines, "", ""]).encode()


def send(port: int, sent: bytes) -> Raw:
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as line:
        line.sendall(sent)
        return Raw(b"".join(iter(lambda: line.recv(65_536), b"")))
