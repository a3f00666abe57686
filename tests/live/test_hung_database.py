"""A database that stops answering delays nothing that does not need it; responses continue when it answers again."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from tests.live.deployment import Operator, serving
from tests.live.wire import head_of
from tests.servers import wait_until

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.sql,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server that could hang."),
]


class Proxy:
    """Forwards bytes between the application and the database until a test makes it hang."""

    def __init__(self, database_url: str) -> None:
        self.target = conninfo_to_dict(database_url)
        self.flows = threading.Event()
        self.flows.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = self.connect()
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=self.forward, args=(one, other), daemon=True).start()

    def connect(self) -> socket.socket:
        host = str(self.target.get("host", "localhost"))
        port = int(self.target.get("port") or 5432)
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server

    def forward(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65_536):
                self.flows.wait()
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(database_url: str) -> Iterator[Proxy]:
    proxy = Proxy(database_url)
    yield proxy
    proxy.flows.set()
    proxy.listener.close()


def test_a_hung_database_delays_only_what_needs_it(
    database_url: str, proxy: Proxy, operator: Operator, tmp_path: Path
) -> None:
    parts = urlsplit(database_url)
    with psycopg.connect(database_url) as direct:
        user, name = direct.info.user, direct.info.dbname
    url = parts._replace(netloc=f"{user}:{parts.password or ''}@127.0.0.1:{proxy.port}", path=f"/{name}", query="")
    key = operator.run(
        "world.model('hung', on='hung')\nworld.channel('hung', group='hung')\nresult = world.key('hung')"
    )
    with serving(url.geturl(), tmp_path, workers=1) as server, ThreadPoolExecutor(16) as clients:
        for _ in range(3):
            assert server.get("/v1/models", key=key).status == 200

        proxy.flows.clear()
        # More than there are threads, from the loop's cache and past it.
        waiting = [clients.submit(server.get, "/v1/models", key=key) for _ in range(6)]
        waiting += [clients.submit(server.get, f"/v1/models/none-{number}", key=key) for number in range(6)]
        time.sleep(0.5)
        for _ in range(5):
            start = time.monotonic()
            assert server.get("/livez").status == 200
            assert time.monotonic() - start < 1
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.sendall(head_of("GET /v1/models HTTP/1.1", "broken"))
                assert client.recv(100).startswith(b"HTTP/1.1 400")
            time.sleep(0.3)
        proxy.flows.set()

        assert {one.result().status for one in waiting} <= {200, 404, 503}
        wait_until(lambda: server.get("/v1/models", key=key).status == 200, "the database answers again")
