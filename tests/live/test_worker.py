"""Workers as real processes: killed, waiting for each other, cut off from the database, and told to end."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
from django.db import connection

from tests.live.deployment import ROOT, Operator, database_copy, environment_of
from tests.servers import SECONDS, wait_until
from tests.tokens.events.delivery.receivers import Receiver, receiver

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
SUBSCRIBE = """
from tokens.models import Webhook
webhook = Webhook(url={url!r}, events=['token.issued'])
result = webhook.assign_secret()
webhook.save_with(vendors=[], groups=[])
"""
ISSUE = "from tokens.events.outbox import emit\nresult = emit('token.issued', {'name': 'Ana'}).event_id"
STATES = (
    "from tokens.models import Delivery\n"
    "result = list(Delivery.objects.order_by('pk').values_list('state', 'attempts'))"
)
CUT = (
    "connection.cursor().execute('SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()')"
)


class Process:
    """A running run_worker; its lines are in a file."""

    def __init__(self, url: str, folder: Path, name: str, own_hosts: list[str], *options: str) -> None:
        self.log = folder / f"{name}.log"
        environment = environment_of(url) | {"FETCH_OWN_HOSTS": ",".join(own_hosts)}
        command = [sys.executable, "manage.py", "run_worker", *options]
        with self.log.open("wb") as log:
            self.running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)

    def says(self, text: str) -> bool:
        return text in self.log.read_text()

    def signal(self, number: int) -> int:
        """Sends a signal and returns how the process ended."""
        os.kill(self.running.pid, number)
        return self.running.wait(SECONDS)


@pytest.fixture(scope="module")
def url(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with django_db_blocker.unblock(), database_copy(tmp_path_factory.mktemp("worker")) as url:
        yield url


def at_first(do: Callable[[], object]) -> Callable[[], None]:
    """Does it at the first call alone."""
    left = [do]

    def call() -> None:
        if left:
            left.pop()()

    return call


def test_an_event_arrives_with_one_id_whatever_happens_to_workers(url: str, tmp_path: Path, settings: Any) -> None:
    operator = Operator(url)
    processes: list[Process] = []
    try:
        with receiver(settings) as host:
            run_through(url, tmp_path, settings.FETCH_OWN_HOSTS, operator, host, processes)
    finally:
        for process in processes:
            process.running.kill()
            process.running.wait()
        operator.close()


def run_through(
    url: str, folder: Path, own_hosts: list[str], operator: Operator, host: Receiver, processes: list[Process]
) -> None:
    secret = operator.run(SUBSCRIBE.format(url=host.url))
    processes += [Process(url, folder, name, own_hosts) for name in ("one", "two")]
    for text in ("Working as ", "Waiting: process "):
        wait_until(lambda text=text: any(process.says(text) for process in processes), text)  # type: ignore[misc]
    waiting, working = sorted(processes, key=lambda process: process.says("Working as "))
    assert not waiting.says("Working as ")

    # Killed while the receiver has the event and has not answered: it was sent, and nobody has recorded it.
    host.before = at_first(lambda: working.signal(signal.SIGKILL))
    first = operator.run(ISSUE)
    wait_until(lambda: operator.run(STATES) == [["delivered", 1]], "the other one delivers it")
    assert waiting.says("Working as ")
    assert waiting.says(f"token.issued {first} to Webhook to {host.url}: delivered.")
    assert host.ids == [first, first]
    assert host.bodies[0] == host.bodies[1]
    for headers, body in host.received:
        standardwebhooks.Webhook(secret).verify(body, headers)

    if connection.vendor == "postgresql":
        operator.run(CUT)
        wait_until(lambda: waiting.log.read_text().count("Working as ") == 2, "it works again")
    second = operator.run(ISSUE)
    wait_until(lambda: operator.run(STATES)[1:] == [["delivered", 1]], "it still delivers")

    # Told to end while a receiver does not answer.
    arrived = len(host.received)
    released = threading.Event()
    host.before = at_first(lambda: released.wait(SECONDS))
    third = operator.run(ISSUE)
    wait_until(lambda: len(host.received) > arrived, "the receiver has it")
    assert waiting.signal(signal.SIGTERM) == 0
    assert not released.is_set()
    released.set()
    # It did not wait as long as for an answer.
    assert operator.run(STATES)[2:] == [["pending", 0]]
    assert waiting.says("1 delivery on the way: sent again after the next start.")

    processes.append(Process(url, folder, "once", own_hosts, "--once"))
    assert processes[-1].running.wait(SECONDS) == 0
    assert operator.run(STATES)[2:] == [["delivered", 1]]
    assert host.ids[2:] == [second, third, third]
    logs = "".join(process.log.read_text() for process in processes)
    assert secret.removeprefix("whsec_") not in logs
    assert "Traceback" not in logs
