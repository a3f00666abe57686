"""/metrics of a running server: one sum over its workers, also after some of them were replaced."""

import os
import signal
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.live.deployment import Server, serving
from tests.servers import wait_until

pytestmark = pytest.mark.django_db

TOKEN = "a-token-of-the-monitoring"


def requests(server: Server) -> float:
    answer = server.get("/metrics", key=TOKEN)
    assert answer.status == 200
    return sum(
        sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
        if sample.name == "modelbook_requests_total" and sample.labels["area"] == "models"
    )


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_all_workers_count_together(database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path, workers=2, METRICS_TOKEN=TOKEN) as server:
        for _ in range(60):
            assert server.get("/v1/models").status == 401
        assert requests(server) == 60

        killed = children(server.pid)[0]
        os.kill(killed, signal.SIGTERM)
        wait_until(
            lambda: killed not in (running := children(server.pid)) and len(running) == 2, "another worker replaces it"
        )
        for _ in range(40):
            assert server.get("/v1/models").status == 401
        assert requests(server) == 100
        assert server.get("/metrics").status == 401
