"""Many clients at once, and clients that keep others waiting: what each of them sees."""

import re
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from tests.bench.writes import PRICE
from tests.live.deployment import Operator, Server

# A slow client sends one byte in so many seconds.
SLOWNESS = 2.0
METRICS_TOKEN = "only-for-this-bench"


def stampede(server: Server, operator: Operator, path: str, *, clients: int, rounds: int) -> dict[str, float]:
    """After one save: how long the slowest of the clients waits, relative to one alone, and /livez in seconds."""
    alone, slowest, alive = [], [], []
    for number in range(rounds):
        operator.run(PRICE.format(n=7_000_000 + 2 * number))
        alone.append(max(_at_once(server, path, 1)))
        operator.run(PRICE.format(n=7_000_001 + 2 * number))
        with probing(server) as probes:
            slowest.append(max(_at_once(server, path, clients)))
        alive.append(max(probes))
    slow, one = statistics.median(slowest), statistics.median(alone)
    return {"alone_s": one, "slowest_s": slow, "of_alone": slow / one, "livez_s": statistics.median(alive)}


def _at_once(server: Server, path: str, clients: int) -> list[float]:
    """The seconds that each of so many clients waits for its answer."""
    took: list[float] = []
    barrier = threading.Barrier(clients)

    def ask() -> None:
        barrier.wait()
        began = time.monotonic()
        assert server.get(path).status == 200
        took.append(time.monotonic() - began)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(took) == clients, "a client got no answer"
    return took


@contextmanager
def probing(server: Server) -> Iterator[list[float]]:
    """Asks /livez all the time in the block; the list has the seconds of each answer."""
    took: list[float] = []
    stop = threading.Event()

    def probe() -> None:
        while not stop.is_set():
            began = time.monotonic()
            server.get("/livez")
            took.append(time.monotonic() - began)
            stop.wait(0.02)

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        yield took
    finally:
        stop.set()
        thread.join()


def slow_clients(server: Server, *, count: int, seconds: float, key: str) -> dict[str, float]:
    """While so many clients send a head and as many a body byte by byte: the longest answer of others, in seconds."""
    head = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
    body = b"POST /api/pricing/quote HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
    with ExitStack() as stack:
        sockets = [stack.enter_context(_dripping(server, start)) for start in [head] * count + [body] * count]
        time.sleep(0.5)
        lists: list[float] = []
        with probing(server) as probes:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                began = time.monotonic()
                assert server.get("/v1/models", key=key).status == 200
                lists.append(time.monotonic() - began)
        assert len(sockets) == 2 * count
    return {"livez_s": max(probes), "list_s": max(lists)}


@contextmanager
def _dripping(server: Server, start: bytes) -> Iterator[None]:
    client = socket.create_connection(("127.0.0.1", server.port))
    client.sendall(start)
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(SLOWNESS):
            try:
                client.sendall(b"x")
            except OSError:
                return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        client.close()


def hits(server: Server, ask_all: Callable[[], object]) -> float:
    """The share of the requests of the second pass that were answered without rendering; one worker, with metrics."""
    ask_all()
    before = _counts(server)
    ask_all()
    after = _counts(server)
    rendered, asked = after[0] - before[0], after[1] - before[1]
    return 1 - rendered / asked


def scopes(server: Server, keys: Sequence[str]) -> float:
    """The hits of the second pass over keys with different scopes."""
    return hits(server, lambda: [server.get("/v1/models", key=key, accept_encoding="gzip") for key in keys])


def visitors_beside_keys(server: Server, keys: Sequence[str], *, searches: int) -> float:
    """The hits of keys in their second pass, after so many different searches of visitors."""
    for key in keys:
        server.get("/v1/models", key=key)
    for number in range(searches):
        server.get(f"/?q=word{number}", accept="text/html")
    before = _counts(server)
    for key in keys:
        server.get("/v1/models", key=key)
    return 1 - (_counts(server)[0] - before[0]) / len(keys)


def _counts(server: Server) -> tuple[float, float]:
    """Bodies rendered so far, and requests answered for models."""
    text = server.get("/metrics", key=METRICS_TOKEN).body.decode()
    rendered: list[str] = re.findall(r"^modelbook_bodies_rendered_total(?:{.*})? (.+)$", text, re.MULTILINE)
    asked: list[str] = re.findall(r'^modelbook_requests_total{area="models".*} (.+)$', text, re.MULTILINE)
    return _sum(rendered), _sum(asked)


def _sum(values: list[str]) -> float:
    return sum(map(float, values))
