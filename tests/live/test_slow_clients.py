"""Clients that send or read slowly occupy nothing that others need."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.live.deployment import Server, serving
from tests.live.wire import Raw, head_of
from tests.servers import wait_until

pytestmark = pytest.mark.django_db

MANY = 64
# Bytes of a large response in tests/live/short_times.py, which no buffer of the system takes.
LARGE = 6 * 1024 * 1024
# Seconds for which an idle connection is kept.
KEPT = 1
# Seconds. A client that waits longer than this behind slow ones would notice them; the machine may be busy.
SOON = 1.0
START = b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n"
BODY = b"POST /api/pricing/quote HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n{"
# Path -> status of requests that everybody may send: the loop answers the first, threads the others.
PROMPT = {"/livez": 200, "/v1/models": 401, "/readyz": 200}
# What the worker waits for in these tests, instead of the seconds in config/server/worker.py.
SHORT = "tests.live.short_times"


@pytest.fixture(scope="module")
def own(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker with short timeouts: what is blocked in it is blocked for everybody."""
    folder: Path = tmp_path_factory.mktemp("slow")
    arguments = f"--keep-alive={KEPT}"
    with serving(database_url, folder, workers=1, application=SHORT, GUNICORN_CMD_ARGS=arguments) as server:
        for path in PROMPT:
            server.get(path)
        yield server


@pytest.fixture(scope="module")
def small(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker that keeps ten connections."""
    folder: Path = tmp_path_factory.mktemp("small")
    with serving(database_url, folder, workers=1, GUNICORN_CMD_ARGS="--worker-connections=10") as server:
        for path in PROMPT:
            server.get(path)
        yield server


@contextmanager
def slow_clients(server: Server, count: int, start: bytes, *, then: bytes = b"X") -> Iterator[list[socket.socket]]:
    """So many connections that sent `start`, and send one more byte every half a second."""
    stop = threading.Event()
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(count)]
        for client in clients:
            client.sendall(start)

        def drip() -> None:
            while not stop.wait(0.5):
                for client in clients:
                    try:
                        client.sendall(then)
                    except OSError:
                        continue

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield clients
        finally:
            stop.set()
            thread.join()


def assert_prompt(server: Server) -> None:
    """/livez, and a request that a thread has to answer, are answered soon."""
    for path, status in PROMPT.items():
        # What slow clients delay, they delay each time; another program on a busy machine does not.
        assert any(_seconds_of(server, path, status) < SOON for _ in range(3)), path


def _seconds_of(server: Server, path: str, status: int) -> float:
    start = time.monotonic()
    assert server.get(path).status == status
    return time.monotonic() - start


@pytest.mark.parametrize(
    ("heads", "bodies", "silent"),
    [(10, 0, 0), (MANY, MANY, MANY)],
    ids=["ten that send a head slowly", "heads, bodies and silence"],
)
def test_slow_senders_delay_nobody(own: Server, heads: int, bodies: int, silent: int) -> None:
    with slow_clients(own, heads, START), slow_clients(own, bodies, BODY), slow_clients(own, silent, b"", then=b""):
        time.sleep(0.2)
        for _ in range(3):
            assert_prompt(own)


@pytest.mark.parametrize(("start", "code"), [(START, "request_timeout"), (BODY, "request_timeout")])
def test_a_request_that_does_not_arrive_in_time_gets_an_error_of_the_api(own: Server, start: bytes, code: str) -> None:
    with slow_clients(own, 1, start, then=b"X") as [client]:
        answer = Raw(b"".join(iter(lambda: client.recv(65_536), b"")))

    assert (answer.status, answer.json()["error"]["code"]) == (408, code)
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-should-retry"] == "true"
    assert answer.headers["x-request-id"] == answer.headers["request-id"]


def test_slow_readers_of_large_responses_delay_nobody(own: Server) -> None:
    """They ask for a large response, in one piece or in many, and read nothing."""
    with ExitStack() as stack:
        for number in range(MANY):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", own.port))
            client.sendall(head_of(f"GET /large/{('one', 'many')[number % 2]} HTTP/1.1"))
        time.sleep(0.5)
        for _ in range(3):
            assert_prompt(own)


@pytest.mark.parametrize("pieces", ["one", "many"])
def test_a_slow_reader_gets_every_byte(own: Server, pieces: str) -> None:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", own.port))
        client.sendall(head_of(f"GET /large/{pieces} HTTP/1.1"))
        received = bytearray()
        while part := client.recv(256 * 1024):
            received += part
            time.sleep(0.001)
    body = Raw(bytes(received)).body

    assert len(body) == LARGE
    assert body == b"".join(number.to_bytes(8, "big") for number in range(LARGE // 8))


def test_a_client_that_reads_nothing_is_cut_off(own: Server) -> None:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", own.port))
        client.sendall(head_of("GET /large/one HTTP/1.1"))
        time.sleep(6)
        received = sum(map(len, iter(lambda: client.recv(1024 * 1024), b"")))

    assert 0 < received < LARGE


def test_livez_is_answered_while_all_threads_wait(own: Server) -> None:
    with ExitStack() as stack:
        for _ in range(8):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", own.port)))
            client.sendall(head_of("GET /wait HTTP/1.1"))
        wait_until(lambda: own.log.count("waiting") >= 4, "the threads wait")
        start = time.monotonic()
        answer = own.get("/livez")
        took = time.monotonic() - start

    assert (answer.status, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["x-request-id"] == answer.headers["request-id"]
    assert took < SOON


def test_requests_for_a_body_that_is_being_rendered_occupy_no_thread(own: Server) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", own.port))) for _ in range(16)]
        for client in clients:
            client.sendall(head_of("GET /rendered HTTP/1.1"))
        wait_until(lambda: "rendering" in own.log, "a thread renders")
        assert_prompt(own)
        answers = [Raw(b"".join(iter(partial(client.recv, 65_536), b""))) for client in clients]

    assert [(answer.status, answer.body) for answer in answers] == [(200, b"rendered")] * 16
    assert own.log.count("rendering") == 1


def test_a_large_body_arrives_complete(own: Server) -> None:
    sent = bytes(range(256)) * 4096 * 5
    with socket.create_connection(("127.0.0.1", own.port)) as client:
        client.sendall(head_of("POST /echo HTTP/1.1", f"Content-Length: {len(sent)}", "Expect: 100-continue"))
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(sent)
        answer = Raw(b"".join(iter(lambda: client.recv(65_536), b"")))

    assert (answer.status, answer.body == sent) == (200, True)


def test_a_body_in_chunks_arrives_complete_and_the_next_request_after_it(own: Server) -> None:
    sent = bytes(range(256)) * 350
    head = b"POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (sent[:10], sent[10:80_000], sent[80_000:]))
    with socket.create_connection(("127.0.0.1", own.port)) as client:
        client.sendall(head + chunks + b"0\r\n\r\n" + head_of("GET /livez HTTP/1.1"))
        received = b"".join(iter(lambda: client.recv(65_536), b""))

    first, _, second = received.partition(sent)
    assert (first.count(b"HTTP/1.1 200 OK"), second.count(b"HTTP/1.1 200 OK")) == (1, 1)


def test_a_body_above_the_limit_is_refused_before_it_is_sent(own: Server) -> None:
    with socket.create_connection(("127.0.0.1", own.port)) as client:
        client.sendall(head_of("POST /echo HTTP/1.1", f"Content-Length: {10**12}", "Expect: 100-continue"))
        answer = Raw(b"".join(iter(lambda: client.recv(65_536), b"")))

    assert (answer.status, answer.json()["error"]["code"]) == (413, "request_too_large")


def test_pipelined_requests_are_answered_after_the_end_of_the_client(own: Server) -> None:
    """A client that closes its direction after its requests waits for all answers."""
    with socket.create_connection(("127.0.0.1", own.port)) as client:
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 4)
        client.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: client.recv(65_536), b""))

    assert received.count(b"HTTP/1.1 200 OK") == 4


@pytest.mark.parametrize("start", [b"", START], ids=["silent", "in a head"])
def test_clients_that_wait_with_all_connections_make_room(small: Server, start: bytes) -> None:
    with slow_clients(small, 40, start, then=b""):
        time.sleep(0.2)
        assert_prompt(small)


def ask(client: socket.socket) -> bytes:
    """The answer to a request on a connection that stays open; empty if the server has closed it."""
    try:
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        return client.recv(65_536)
    except ConnectionError:
        return b""


def test_the_connection_that_is_idle_for_the_longest_time_makes_room(small: Server) -> None:
    with ExitStack() as stack:

        def connect() -> socket.socket:
            return stack.enter_context(socket.create_connection(("127.0.0.1", small.port)))

        clients = [connect() for _ in range(8)]
        for client in [*clients, clients[0]]:
            assert b"200 OK" in ask(client)
        for client in (connect(), connect(), connect()):
            assert b"200 OK" in ask(client)

        assert ask(clients[1]) == b""
        assert b"200 OK" in ask(clients[0])
        assert b"200 OK" in ask(clients[7])


def test_an_idle_connection_is_kept_and_then_closed(own: Server) -> None:
    with socket.create_connection(("127.0.0.1", own.port)) as client:
        for pause in (0, KEPT / 2):
            time.sleep(pause)
            assert b"Connection: keep-alive" in ask(client)
        start = time.monotonic()
        assert client.recv(1) == b""

    assert time.monotonic() - start > KEPT / 2
