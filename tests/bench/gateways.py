"""The time that the check adds to a call: the same gateway with and without the check answers in turn."""

import http.client
import json
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tests.gateways.gateway import HERE, configuration, nginx, running
from tests.gateways.upstream import KEY, running_upstream
from tests.live.deployment import Server
from tests.servers import SECONDS, free_port

# What asks Modelbook in each configuration, and what replaces it.
CHECKS = {"nginx": "js_content modelbook.check;", "nginx-plain": 'try_files "" @call;'}
UNCHECKED = "proxy_pass http://models; include upstream_headers.conf; proxy_buffering off;"
CHAT, AZURE = "/v1/chat/completions", "/openai/deployments/{}/chat/completions"
ROUNDS, CALLS = 20, 20


@dataclass(frozen=True)
class Case:
    """A call through a configuration, with a body of so many bytes."""

    title: str
    gateway: str
    path: str
    size: int


CASES = (
    Case("nginx with njs, body of 1 KB", "nginx", CHAT, 1_000),
    Case("nginx with njs, body of 100 KB", "nginx", CHAT, 100_000),
    Case("nginx with njs, body of 3 MB", "nginx", CHAT, 3_000_000),
    Case("nginx without njs, Azure's address", "nginx-plain", AZURE, 1_000),
)


def latencies(modelbook: Server, folder: Path, *, key: str, model: str) -> list[tuple[str, ...]]:
    """Median and 95th percentile of each case without the check and with it, in milliseconds."""
    rows = []
    # A gateway does not wait until a new worker has loaded the catalog.
    modelbook.get("/api/token", key=key)
    with ExitStack() as stack:
        models = stack.enter_context(running_upstream())
        ports = {
            (gateway, is_checked): stack.enter_context(
                _gateway(gateway, folder, {":8000": modelbook.port, ":8100": models.port}, is_checked=is_checked)
            )
            for gateway in CHECKS
            for is_checked in (False, True)
        }
        for case in CASES:
            times: dict[bool, list[float]] = {False: [], True: []}
            count = CALLS if case.size < 1_000_000 else CALLS // 5
            for number in range(ROUNDS + 1):
                for is_checked in times:
                    measured = list(_calls(ports[case.gateway, is_checked], case, count, key=key, model=model))
                    times[is_checked] += measured if number else []
                models.clear()
            figures = [figure for is_checked in times for figure in _summary(times[is_checked])]
            added = statistics.median(times[True]) - statistics.median(times[False])
            rows.append((case.title, *(f"{figure:.1f}" for figure in (*figures, added))))
    return rows


def _summary(seconds: list[float]) -> tuple[float, float]:
    return statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]


def _calls(port: int, case: Case, count: int, *, key: str, model: str) -> Iterator[float]:
    """Milliseconds of each call on one connection."""
    body = json.dumps({"messages": [{"role": "user", "content": "x" * case.size}], "model": model}).encode()
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    client = http.client.HTTPConnection(HERE, port, timeout=SECONDS)
    for _ in range(count):
        began = time.perf_counter()
        client.request("POST", case.path.format(quote(model, safe="")), body=body, headers=headers)
        response = client.getresponse()
        response.read()
        yield (time.perf_counter() - began) * 1000
        if response.status != 200:
            raise RuntimeError(f"{case.title}: {response.status}")
    client.close()


@contextmanager
def _gateway(name: str, folder: Path, ports: Mapping[str, int], *, is_checked: bool) -> Iterator[int]:
    """The port of the configuration, or of the same without its check."""
    port, place = free_port(), folder / f"{name}-{is_checked}"
    changes: dict[str, object] = {ours: f":{theirs}" for ours, theirs in ports.items()}
    changes |= {":8080": f":{port}", "UPSTREAM_KEY": KEY} | ({} if is_checked else {CHECKS[name]: UNCHECKED})
    place.mkdir()
    with running(nginx(configuration(name, place, changes)), port, place):
        yield port
