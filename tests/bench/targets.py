"""The servers that are measured: Modelbook, and a bare application that returns the same answers."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.live.deployment import Answer, Server, environment_of, gunicorn
from tests.servers import free_port

# What each server adds by itself.
OWN_HEADERS = frozenset({"server", "date", "connection", "transfer-encoding"})
# gunicorn's own worker with threads, with an access log: the limit of the fixed server.
BARE = "-k gthread -w 2 --threads 4 --access-logfile - tests.bench.bare"


@dataclass(frozen=True)
class Target:
    """A request that clients repeat."""

    label: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    # Whether it is sent with a key.
    has_key: bool = True
    # Its path at LiteLLM's proxy, where that answers the same question.
    litellm: str = ""

    @property
    def name(self) -> str:
        return self.label.replace(" ", "-").replace(",", "").replace("/", "_")

    def sent(self, key: str) -> dict[str, str]:
        """Every header of the request."""
        return {**self.headers, "X-Bench": self.name} | ({"Authorization": f"Bearer {key}"} if self.has_key else {})


GZIP = {"Accept-Encoding": "gzip"}
HTML = {"Accept": "text/html"}


def targets(model: str, etag: str) -> tuple[Target, ...]:
    """The requests of the first table; `etag` is that of the list."""
    return (
        Target("model list", "/v1/models", litellm="/v1/models"),
        Target("model list, gzip", "/v1/models", GZIP),
        Target("model list, unchanged (304)", "/v1/models", {"If-None-Match": etag}, 304),
        Target("one model", f"/v1/models/{model}", litellm=f"/v1/models/{model}"),
        Target("authorize a call", f"/api/authorize?model={model}", status=204),
        Target("rights of a key", "/api/token"),
        Target("price list", "/api/pricing", has_key=False),
        Target("price list, gzip", "/api/pricing", GZIP, has_key=False),
        Target("catalog page, gzip", "/", GZIP | HTML, has_key=False),
    )


@contextmanager
def bare(folder: Path, answers: Mapping[str, Answer]) -> Iterator[Server]:
    """The bare application with these answers; yields the running server."""
    for name, answer in answers.items():
        headers = [pair for pair in answer.headers.items() if pair[0].lower() not in OWN_HEADERS]
        (folder / f"{name}.head").write_text(json.dumps({"status": answer.status, "headers": headers}))
        (folder / f"{name}.body").write_bytes(answer.body)
    port = free_port()
    environment = environment_of("sqlite://:memory:") | {"BENCH_ANSWERS": str(folder)}
    with gunicorn(port, folder, "-b", f"127.0.0.1:{port}", *BARE.split(), environment=environment) as server:
        yield server


def ask(server: Server, target: Target, key: str) -> Answer:
    """One answer of the server."""
    return server.get(target.path, **{name.replace("-", "_"): value for name, value in target.sent(key).items()})
