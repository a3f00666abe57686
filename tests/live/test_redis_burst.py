"""Several workers and one Redis: a key's first burst gets exactly its limit, and a Redis that hangs refuses nobody."""

import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.live.deployment import Operator, Server, serving
from tests.sizes import size
from tests.tokens.test_rate_limits_redis import Redis

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        shutil.which("redis-server") is None, reason="redis-server is not installed (apt-get install redis-server)"
    ),
]
LIMIT, REQUESTS, WORKERS = 40, 160, size(2, full=4)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    running = Redis(tmp_path)
    yield running
    running.process.send_signal(signal.SIGCONT)
    running.kill()


@pytest.fixture
def counted(database_url: str, redis: Redis, tmp_path: Path) -> Iterator[Server]:
    """Workers without a request so far: none has connected to Redis yet."""
    with serving(
        database_url, tmp_path, workers=WORKERS, application="tests.live.patient", REDIS_URL=redis.url
    ) as running:
        yield running


def burst(server: Server, key: str) -> Counter[int]:
    with ThreadPoolExecutor(16) as pool:
        return Counter(pool.map(lambda _: server.get("/v1/models", key=key).status, range(REQUESTS)))


def limited_key(operator: Operator) -> str:
    key: str = operator.run(f"result = world.key(rate_limit='{LIMIT}/hour')")
    return key


def test_a_burst_gets_exactly_the_limit_and_a_frozen_redis_leaves_it_to_each_worker(
    counted: Server, redis: Redis, operator: Operator
) -> None:
    assert burst(counted, limited_key(operator)) == {200: LIMIT, 429: REQUESTS - LIMIT}

    key = limited_key(operator)
    assert counted.get("/v1/models", key=key).status == 200
    redis.process.send_signal(signal.SIGSTOP)

    with ThreadPoolExecutor(16) as pool:
        first = Counter(pool.map(lambda _: counted.get("/v1/models", key=key).status, range(LIMIT)))
    rest = burst(counted, key)

    # No worker has had more than its own limit yet.
    assert first == {200: LIMIT}
    assert set(rest) <= {200, 429}
    assert LIMIT <= first[200] + rest[200] <= WORKERS * LIMIT
