"""The workers of one machine render a body once between them, and a new worker does not start cold."""

import os
import signal
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.live.deployment import Operator, Server, serving
from tests.servers import wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

TOKEN = "a-token-of-the-monitoring"
# Enough that rendering their list takes longer than a file.
MODELS = "result = [world.model(f'shared-{number}').pk for number in range(200)] and None"


def rendered(server: Server) -> float:
    families = text_string_to_metric_families(server.get("/metrics", key=TOKEN).body.decode())
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == "modelbook_bodies_rendered_total"
    )


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def shared_folders(server: Server) -> list[Path]:
    parents = {Path("/dev/shm"), Path(tempfile.gettempdir())}  # noqa: S108
    return [folder for parent in parents for folder in parent.glob(f"modelbook-bodies-{server.pid}-*")]


def replace_a_worker(server: Server, sent: signal.Signals = signal.SIGTERM) -> None:
    killed = children(server.pid)[0]
    os.kill(killed, sent)
    wait_until(
        lambda: killed not in (running := children(server.pid)) and len(running) == 2, "another worker replaces it"
    )


@pytest.fixture(scope="module")
def running(database_url: str, operator: Operator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    operator.run(MODELS)
    with serving(database_url, tmp_path_factory.mktemp("shared"), workers=2, METRICS_TOKEN=TOKEN) as server:
        wait_until(lambda: server.log.count("takes requests") == 2, "both workers are warm")
        yield server


def test_many_clients_after_a_change_cause_one_rendering_on_the_machine(running: Server, operator: Operator) -> None:
    before = rendered(running)
    operator.run("world.model('shared-new')")

    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(lambda _: running.get("/api/pricing"), range(32)))

    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert b"shared-new" in answers[0].body
    assert rendered(running) - before == 1


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_a_new_worker_renders_nothing_that_the_others_have_rendered(running: Server, sent: signal.Signals) -> None:
    for path in ("/api/pricing", "/"):
        running.get(path, accept="text/html")
    before = rendered(running)

    replace_with_a_warm_worker(running, sent)
    for _ in range(20):
        assert running.get("/api/pricing").status == 200
        assert running.get("/", accept="text/html").status == 200

    # It warms up with a search, which is never stored, and with two pages of the site's own host, where this test is no
    # visitor. What the test has requested would be two more.
    assert rendered(running) - before <= 3


def replace_with_a_warm_worker(server: Server, sent: signal.Signals) -> None:
    number = server.log.count("takes requests")
    replace_a_worker(server, sent)
    wait_until(lambda: server.log.count("takes requests") > number, "the other worker is warm")


def test_the_folder_is_private_and_replaced_with_the_code(running: Server) -> None:
    (before,) = shared_folders(running)
    assert oct(before.stat().st_mode & 0o777) == "0o700"
    assert {oct(path.stat().st_mode & 0o777) for path in before.iterdir()} <= {"0o600"}

    os.kill(running.pid, signal.SIGHUP)
    wait_until(lambda: shared_folders(running) not in ([], [before]), "another folder replaces it")

    assert not before.exists()
    assert running.get("/api/pricing").status == 200


def test_the_folder_is_removed_at_the_end(database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path, workers=1) as server:
        wait_until(lambda: server.get("/api/pricing").status == 200, "it answers")
        assert len(shared_folders(server)) == 1

    assert shared_folders(server) == []
