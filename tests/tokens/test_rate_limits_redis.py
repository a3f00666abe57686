"""Rates counted in a real Redis: exact for all processes together, and no request fails when Redis fails."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from redis.connection import Connection

from catalog import caches
from tests import world
from tests.servers import free_port, wait_for_port
from tokens import rate_limits
from tokens.rate_limits import REDIS_TIMEOUT, Limiter

pytestmark = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="redis-server is not installed (apt-get install redis-server)"
)
PAUSE = 0.5


class Redis:
    """A redis-server that can be killed, frozen and brought back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_for_port(self.port, self.process)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    monkeypatch.setattr(rate_limits, "REDIS_PAUSE", PAUSE)
    # On a busy machine a healthy Redis may need longer than the configured timeout.
    monkeypatch.setattr(rate_limits, "REDIS_TIMEOUT", 1)
    server = Redis(tmp_path)
    yield server
    server.process.send_signal(signal.SIGCONT)
    server.kill()


def test_all_processes_together_get_no_more_than_the_limit(redis: Redis) -> None:
    # A limiter with its own connection simulates a process.
    limiters = [Limiter(redis.url) for _ in range(4)]

    with ThreadPoolExecutor(16) as pool:
        quotas = list(pool.map(lambda number: limiters[number % 4].hit("50/hour", "token:1"), range(200)))

    assert sum(quota.allowed for quota in quotas) == 50
    assert min(quota.remaining for quota in quotas) == 0


def test_a_first_burst_finds_one_whole_limiter(redis: Redis, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = redis.url
    addresses = []

    def slowly(url: str) -> None:
        addresses.append(url)
        time.sleep(0.05)

    monkeypatch.setattr(rate_limits, "_shared", slowly)

    with ThreadPoolExecutor(16) as pool:
        limiters = set(pool.map(lambda _: rate_limits.limiter(), range(16)))

    assert (len(limiters), len(addresses)) == (1, 1)


def test_an_invalid_redis_address_is_logged_and_refuses_nobody(caplog: pytest.LogCaptureFixture) -> None:
    assert Limiter("nonsense://:secret@127.0.0.1").hit("3/hour", "token:1").allowed
    assert "REDIS_URL cannot be used" in caplog.text
    assert "secret" not in caplog.text


def test_without_redis_each_process_counts_separately() -> None:
    limiters = [Limiter() for _ in range(2)]

    allowed = [limiter.hit("3/hour", "token:1").allowed for limiter in limiters for _ in range(5)]

    assert allowed == [True, True, True, False, False] * 2


def test_the_numbers_of_redis_reach_the_caller(redis: Redis) -> None:
    one, other = Limiter(redis.url), Limiter(redis.url)
    before = time.time()

    assert one.hit("3/minute", "token:1").remaining == 2
    quota = other.hit("3/minute", "token:1")
    assert (quota.allowed, quota.limit, quota.remaining) == (True, 3, 1)
    assert before + 59 <= quota.resets_at.timestamp() <= time.time() + 61


@pytest.mark.parametrize("fault", ["killed", "frozen"])
def test_a_redis_that_is_gone_costs_no_error_and_few_waits(
    redis: Redis, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limiter = Limiter(redis.url)
    limiter.hit("1000/hour", "token:1")
    if fault == "killed":
        redis.kill()
    else:
        redis.process.send_signal(signal.SIGSTOP)

    tries: list[Any] = []
    waits: list[Any] = []
    now = time.monotonic()
    for name in ("_connect", "read_response"):
        monkeypatch.setattr(Connection, name, counting(getattr(Connection, name), waits))
    monkeypatch.setattr(rate_limits, "_count", counting(rate_limits._count, tries))
    for number in range(300):
        clock = SimpleNamespace(time=time.time, monotonic=lambda at=now + number * PAUSE / 100: at)
        monkeypatch.setattr(rate_limits, "time", clock)
        assert limiter.hit("1000/hour", "token:1").allowed

    # In three pauses three hits try again; each waits for at most two timeouts of the socket, and no other hit waits.
    assert sum(first is limiter._shared for first in tries) == 3
    assert 3 <= len(waits) <= 6
    assert REDIS_TIMEOUT < 0.15


def counting(function: Callable[..., Any], calls: list[Any]) -> Callable[..., Any]:
    """Notes the first argument of each call."""

    def counted(first: Any, *rest: Any, **options: Any) -> Any:
        calls.append(first)
        return function(first, *rest, **options)

    return counted


@pytest.mark.parametrize("fault", ["killed", "frozen"])
def test_redis_counts_again_after_a_failure(redis: Redis, fault: str) -> None:
    limiter, other = Limiter(redis.url), Limiter(redis.url)
    limiter.hit("100/hour", "token:1")
    if fault == "killed":
        redis.kill()
    else:
        redis.process.send_signal(signal.SIGSTOP)
    limiter.hit("100/hour", "token:1")
    if fault == "killed":
        redis.start()
    else:
        redis.process.send_signal(signal.SIGCONT)
    time.sleep(PAUSE + 0.1)

    limiter.hit("100/hour", "token:1")
    before = other.hit("100/hour", "token:1").remaining
    limiter.hit("100/hour", "token:1")

    assert other.hit("100/hour", "token:1").remaining == before - 2


@pytest.mark.django_db
def test_requests_go_on_when_it_dies(redis: Redis, settings: Any, client: Client) -> None:
    settings.REDIS_URL = redis.url
    caches.clear_all()
    sent = {"authorization": f"Bearer {world.key(rate_limit='100/hour')}"}
    assert client.get("/v1/models", headers=sent)["x-ratelimit-remaining-requests"] == "99"
    redis.kill()

    answers = [client.get("/v1/models", headers=sent) for _ in range(10)]

    assert {answer.status_code for answer in answers} == {200}
    assert answers[-1]["x-ratelimit-remaining-requests"] == "90"
