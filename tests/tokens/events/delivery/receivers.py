"""Receivers of events for tests: real servers that verify signatures and answer as a test says."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tokens.models import Webhook


@dataclass
class Receiver:
    """A running server: what it received, in order, and what it answers."""

    url: str = ""
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    # Statuses of the next answers; then 204.
    statuses: list[int] = field(default_factory=list)
    content: bytes = b""
    # Called before each answer, e.g. to wait.
    before: Callable[[], object] = lambda: None

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.received]

    @property
    def bodies(self) -> list[bytes]:
        return [body for _, body in self.received]


@contextmanager
def receiver(settings: Any, **columns: Any) -> Iterator[Receiver]:
    """A receiver at an address that the operator allows."""
    running = Receiver(**columns)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            running.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            running.before()
            status = running.statuses.pop(0) if running.statuses else 200 if running.content else 204
            self.send_response(status)
            self.send_header("Content-Length", str(len(running.content)))
            self.end_headers()
            self.wfile.write(running.content)

        def log_message(self, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *args: Any) -> None:
            """A sender that is killed hangs up."""

    server = Server(("127.0.0.1", 0), Handler)
    running.url = f"http://127.0.0.1:{server.server_port}/hook"
    settings.FETCH_OWN_HOSTS = [*settings.FETCH_OWN_HOSTS, f"127.0.0.1:{server.server_port}"]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()


def subscribe(url: str, *events: str, kind: str = "webhook", **columns: Any) -> tuple[Webhook, str]:
    """A webhook for this address, and its secret."""
    row = Webhook(kind=kind, url=url, events=list(events), **columns)
    row.full_clean()
    secret = row.assign_secret() if kind == "webhook" else ""
    row.save_with(vendors=[], groups=[])
    return row, secret
