"""How much writes beside the requests cost, relative to the quiet state in the same round."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.bench.load import Speed, cpu_seconds, load
from tests.live.deployment import ROOT, Operator, Server, environment_of

# What the operator does -> code for its process; {n} is the number of the change.
ISSUE = "Token.objects.issue('issued {n}', groups=[world.token_group()])"
PRICE = (
    "world.price(AIModel.objects.order_by('pk')[{n} % 100], input=str({n} % 50 + 1), output='9',"
    " starts_at=world.LONG_AGO + __import__('datetime').timedelta(seconds={n}))"
)
HIDE = "AIModel.objects.filter(pk=AIModel.objects.order_by('pk')[{n} % 100].pk).set_status('{status}')"
# Label -> (code, times a second).
BESIDE = {
    "1 key issued per second": (ISSUE, 1),
    "10 keys issued per second": (ISSUE, 10),
    "1 price edited per second": (PRICE, 1),
}
PER_WRITE = 100


def throughput(
    server: Server, url: str, keys: list[str], *, seconds: int, rounds: int
) -> dict[str, tuple[float, float]]:
    """What is written -> requests a second and processor time per request, as multiples of the quiet state."""
    measured: dict[str, list[tuple[float, float]]] = {label: [] for label in BESIDE}
    number = 0
    for _ in range(rounds):
        for label, (code, rate) in BESIDE.items():
            quiet = _speed(server, keys, seconds)
            with writing(url, code, rate=rate, start=number):
                busy = _speed(server, keys, seconds)
            number += 10_000
            measured[label].append((busy.per_second / quiet.per_second, busy.cpu_us / quiet.cpu_us))
    return {label: _medians(pairs) for label, pairs in measured.items()}


def _speed(server: Server, keys: list[str], seconds: int) -> Speed:
    return load(server.port, server.pid, seconds=seconds, headers={}, keys=keys)


def _medians(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(first for first, _ in pairs), statistics.median(second for _, second in pairs)


@contextmanager
def writing(url: str, code: str, *, rate: float, start: int) -> Iterator[None]:
    """Another process changes something so many times a second, in the block."""
    command = [sys.executable, "-m", "tests.bench.writes", code, str(rate), str(start)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment_of(url), stdout=subprocess.PIPE, text=True)
    assert process.stdout
    process.stdout.readline()
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def per_request(server: Server, operator: Operator, keys: list[str], *, writes: int) -> dict[str, float]:
    """What is written once in PER_WRITE requests -> the processor time per request, as a multiple of the quiet one."""
    kinds = {
        "a price edited": lambda n: PRICE.format(n=n),
        "a token edited": lambda n: f"Token.objects.filter(pk=Token.objects.latest('pk').pk).update(name='edited {n}')",
        "a model hidden or shown": lambda n: HIDE.format(n=n // 2, status=("draft", "published")[n % 2]),
    }
    for key in keys * 2:
        server.get("/v1/models", key=key)
    quiet = _cpu_of(server, keys, writes)
    return {
        label: _cpu_of(server, keys, writes, lambda n, code=code: operator.run(code(n))) / quiet
        for label, code in kinds.items()
    }


def _cpu_of(server: Server, keys: list[str], rounds: int, write: Any = None) -> float:
    """Seconds of the server's processor time for PER_WRITE requests, the mean of the rounds."""
    cpu = cpu_seconds(server.pid)
    for number in range(rounds):
        if write:
            write(number)
        for turn in range(PER_WRITE):
            assert server.get("/v1/models", key=keys[turn % len(keys)]).status == 200
    return (cpu_seconds(server.pid) - cpu) / rounds


def main(code: str, rate: float, start: int) -> None:
    import django

    django.setup()

    from catalog.models import AIModel
    from tests import world
    from tokens.models import Token

    names = {"AIModel": AIModel, "Token": Token, "world": world}
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    number = start
    while True:
        exec(code.format(n=number), names)  # noqa: S102
        number += 1
        time.sleep(1 / rate)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
