"""A server that stops, reloads or replaces a worker answers every request that it has accepted."""

import http.client
import itertools
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.live.deployment import Server, serving
from tests.live.wire import Raw, head_of
from tests.servers import SECONDS, is_listening, wait_until

pytestmark = pytest.mark.django_db

CLIENTS = 8
# Answered by the loop and by a thread.
PATHS = {"/livez": 200, "/v1/models": 401}


@dataclass
class Load:
    """What clients saw that send requests without a pause."""

    answered: int = 0
    failures: list[str] = field(default_factory=list)
    refused: int = 0


@contextmanager
def load(server: Server) -> Iterator[Load]:
    """Clients that use a connection until the server announces its end, and as many that use it for one request."""
    seen, stop = Load(), threading.Event()

    def ask(*, is_kept: bool) -> None:
        paths = itertools.cycle(PATHS.items())
        while not stop.is_set():
            client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
            try:
                client.connect()
            except ConnectionRefusedError:
                # Nothing listens any more: no request is lost.
                seen.refused += 1
                return
            try:
                is_open = True
                while is_open and not stop.is_set():
                    path, status = next(paths)
                    client.request("GET", path, headers={} if is_kept else {"Connection": "close"})
                    response = client.getresponse()
                    response.read()
                    assert response.status == status, response.status
                    seen.answered += 1
                    is_open = not response.will_close
            except (OSError, http.client.HTTPException, AssertionError) as error:
                seen.failures.append(repr(error))
                return
            finally:
                client.close()

    threads = [threading.Thread(target=ask, kwargs={"is_kept": number % 2 == 0}) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: seen.answered > 2 * CLIENTS or seen.failures, "the load has begun")
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_sigterm_under_load_answers_every_accepted_request(database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path) as server, load(server) as seen:
        os.kill(server.pid, signal.SIGTERM)
        wait_until(lambda: seen.refused + len(seen.failures) == CLIENTS, "all clients have noticed the end")

    assert seen.failures == []


def test_a_worker_is_replaced_without_a_lost_request(database_url: str, tmp_path: Path) -> None:
    arguments = "--max-requests=40 --max-requests-jitter=10"
    with (
        serving(database_url, tmp_path, GUNICORN_CMD_ARGS=arguments) as server,
        load(server) as seen,
    ):
        wait_until(
            lambda: server.log.count("Booting worker") >= 4 or seen.failures or seen.refused, "workers are replaced"
        )

    assert (seen.failures, seen.refused) == ([], 0)


def test_a_reload_loses_no_request(database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path) as server, load(server) as seen:
        os.kill(server.pid, signal.SIGHUP)
        wait_until(lambda: server.log.count("Booting worker") >= 4 or seen.failures, "new workers start")
        wait_until(lambda: server.log.count("Worker exiting") >= 2 or seen.failures, "the old ones end")

    assert (seen.failures, seen.refused) == ([], 0)


def test_sigterm_closes_idle_connections_and_waits_for_running_requests(database_url: str, tmp_path: Path) -> None:
    with (
        serving(database_url, tmp_path, workers=1, application="tests.live.short_times") as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as idle,
        socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as kept,
        socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as running,
    ):
        kept.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert kept.recv(65_536).startswith(b"HTTP/1.1 200")
        running.sendall(head_of("GET /wait HTTP/1.1"))
        wait_until(lambda: "waiting" in server.log, "the request runs")

        os.kill(server.pid, signal.SIGTERM)
        start = time.monotonic()
        wait_until(lambda: not is_listening(server.port), "nothing listens")
        # On its way when the server was stopped: answered, and the last one of its connection.
        kept.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        last = Raw(b"".join(iter(lambda: kept.recv(65_536), b"")))

        assert (last.status, last.headers["connection"]) == (200, "close")
        assert Raw(b"".join(iter(lambda: running.recv(65_536), b""))).status == 200
        assert idle.recv(1) == b""
        assert time.monotonic() - start < 20
