"""Hosts for tests of fetching: a real server that misbehaves on request."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DOCUMENT = b'{"gpt-4o": {"mode": "chat", "litellm_provider": "openai", "input_cost_per_token": 0.0000025}}'
# Bytes of a slow response: ten seconds of them.
DRIPS = 200
Answer = Callable[["Handler"], object]


class Handler(BaseHTTPRequestHandler):
    """The path selects the response."""

    protocol_version = "HTTP/1.1"
    requests: list[dict[str, str]]

    def do_GET(self) -> None:
        self.requests.append(dict(self.headers.items()) | {"path": self.path})
        ANSWERS[self.path.partition("?")[0].split("/")[1]](self)

    def do_POST(self) -> None:
        # Received before the answer, and still there once the client has it.
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.requests.append(dict(self.headers.items()) | {"path": self.path, "body": body.decode()})
        ANSWERS[self.path.partition("?")[0].split("/")[1]](self)

    def log_message(self, *args: Any) -> None:
        pass

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def drip(self, start: bytes) -> None:
        """Sends single bytes for longer than any client waits."""
        self.wfile.write(start)
        for number in range(DRIPS):
            self.requests[-1]["dripped"] = str(number)
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.05)


def same_or_new(handler: Handler) -> None:
    if handler.headers["If-None-Match"] == '"one"':
        handler.answer(b"", 304, ETag='"one"')
    else:
        handler.answer(DOCUMENT, ETag='"one"', Last_Modified="Sun, 22 Nov 2026 00:00:00 GMT")


def lead_on(handler: Handler) -> None:
    """/away/https://… leads there; /loop to itself; /hops/2 over one more place to the document."""
    kind, _, rest = handler.path[1:].partition("/")
    left = int(rest) if kind == "hops" else 0
    targets = {"away": rest, "loop": handler.path, "hops": f"/hops/{left - 1}" if left > 1 else "/plain"}
    handler.answer(b"", 302, Location=targets[kind])


def endless(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(10_000):
            handler.wfile.write(b"x" * 65536)
    except OSError:
        pass
    handler.close_connection = True


def bomb() -> bytes:
    """300 MB of zeros in 300 kB."""
    return gzip.compress(bytes(300 * 1024**2), compresslevel=1)


ANSWERS: dict[str, Answer] = {
    "plain": lambda handler: handler.answer(DOCUMENT),
    "same": same_or_new,
    "packed": lambda handler: handler.answer(gzip.compress(DOCUMENT), Content_Encoding="gzip"),
    "html": lambda handler: handler.answer(b"<html>", Content_Type="text/html"),
    "missing": lambda handler: handler.answer(b"", 404),
    "broken": lambda handler: handler.answer(DOCUMENT, 500),
    "away": lead_on,
    "loop": lead_on,
    "hops": lead_on,
    "long": lambda handler: handler.answer(b"x", Content_Length=str(10**12)),
    "cut": lambda handler: handler.answer(DOCUMENT, Content_Length="1000", Connection="close"),
    "endless": endless,
    "bomb": lambda handler: handler.answer(bomb(), Content_Encoding="gzip"),
    "half": lambda handler: handler.answer(gzip.compress(DOCUMENT)[:-12], Content_Encoding="gzip"),
    "damaged": lambda handler: handler.answer(b"no gzip", Content_Encoding="gzip"),
    "brotli": lambda handler: handler.answer(DOCUMENT, Content_Encoding="br"),
    "slow-headers": lambda handler: handler.drip(b"HTTP/1.1 200 OK\r\nX-Long: "),
    "slow-body": lambda handler: handler.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"),
    "continues": lambda handler: handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "noise": lambda handler: handler.wfile.write(b"\x00\xff" * 100 + b"\r\n\r\n"),
    "nothing": lambda handler: handler.connection.shutdown(socket.SHUT_RDWR),
}


@contextmanager
def server(context: Any = None) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """host:port of a running server, and the requests that reach it; with a TLS context, over TLS."""

    class Mine(Handler):
        requests: list[dict[str, str]] = []

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *args: Any) -> None:
            """Clients that hang up are the subject here."""

    running = Quiet(("127.0.0.1", 0), Mine)
    if context is not None:
        running.socket = context.wrap_socket(running.socket, server_side=True)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{running.server_port}", Mine.requests
    finally:
        running.shutdown()
        running.server_close()
