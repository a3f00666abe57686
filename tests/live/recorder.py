"""A proxy between a client and the server that records what the client sends and which status it gets."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers import SECONDS

# Where clients send a key, in the order in which this table of them looks.
CREDENTIALS = ("x-goog-api-key", "x-api-key", "api-key", "authorization")
PER_CONNECTION = {"connection", "upgrade", "http2-settings", "transfer-encoding", "keep-alive"}


@dataclass(frozen=True)
class Sent:
    """One request: `path` has its query; `credential` is the header, or `?key=`, that has the key."""

    method: str
    path: str
    credential: str
    key: str
    version: str
    status: int


class Recorder:
    """Forwards to the server at `port`; `sent` has every request of the client, in order.

    All go over one connection, so that one worker of the server counts them against the rate of a key. The first one
    with the key `limited` is sent twice: if the key allows one at a time, the client gets a 429.
    """

    def __init__(self, port: int, *, limited: str = "") -> None:
        self.sent: list[Sent] = []
        self.limited = limited
        self.lock = threading.Lock()
        self.upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name: value for name, value in self.headers.items() if name.lower() not in PER_CONNECTION}
                with recorder.lock:
                    if recorder.is_to_be_limited(self):
                        recorder.ask(self.command, self.path, body or None, headers)
                    answer, content = recorder.ask(self.command, self.path, body or None, headers)
                    recorder.note(self, answer.status)
                self.send_response_only(answer.status, answer.reason)
                for name, value in answer.getheaders():
                    if name.lower() not in PER_CONNECTION | {"content-length"}:
                        self.send_header(name, value)
                length = answer.getheader("content-length", "0") if self.command == "HEAD" else str(len(content))
                if answer.status not in {204, 304}:
                    self.send_header("content-length", length)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_HEAD = do_POST = do_OPTIONS = forward  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Writes nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def ask(self, *request: Any) -> tuple[http.client.HTTPResponse, bytes]:
        for _ in range(2):
            try:
                self.upstream.request(*request)
                answer = self.upstream.getresponse()
                return answer, answer.read()
            except (http.client.HTTPException, OSError):
                # The server closes a connection that was idle.
                self.upstream.close()
        raise ConnectionError("the server does not answer")

    def is_to_be_limited(self, request: BaseHTTPRequestHandler) -> bool:
        key = credential_of(request)[1]
        return key == self.limited != "" and key not in {one.key for one in self.sent}

    def note(self, request: BaseHTTPRequestHandler, status: int) -> None:
        name, key = credential_of(request)
        version = request.headers.get("anthropic-version") or ""
        self.sent.append(Sent(request.command, request.path, name, key, version, status))


def credential_of(request: BaseHTTPRequestHandler) -> tuple[str, str]:
    """The header, or `?key=`, that has the key, and the key."""
    name = next((name for name in CREDENTIALS if request.headers.get(name)), "")
    query = parse_qs(urlsplit(request.path).query)
    if "key" in query and not name:
        return "?key=", query["key"][0]
    return name, (request.headers.get(name) or "").removeprefix("Bearer ")


@contextmanager
def recording(port: int, *, limited: str = "") -> Iterator[Recorder]:
    recorder = Recorder(port, limited=limited)
    thread = threading.Thread(target=recorder.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield recorder
    finally:
        recorder.server.shutdown()
        recorder.server.server_close()
        recorder.upstream.close()
        thread.join()
