"""`run_worker --once` does what is due and exits; a process that waits does nothing."""

import datetime as dt
from typing import Any

import pytest
from django.core.management import call_command

from catalog.db.locking import ProcessLock
from catalog.models import Source
from pricing.models import WorkerState
from pricing.worker import loop
from tests.catalog.imports.hosts import server
from tests.tokens.events.delivery.receivers import receiver, subscribe
from tokens.events.outbox import emit

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def run_once(capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """The exit code, and the lines without their times."""
    code = 0
    try:
        call_command("run_worker", "--once")
    except SystemExit as ended:
        code = int(str(ended.code))
    return code, [line[20:] for line in capsys.readouterr().out.splitlines()]


def test_what_is_due_is_done_once(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_once(capsys) == (0, [])
    with server() as (name, _), receiver(settings) as host:
        settings.FETCH_OWN_HOSTS = [*settings.FETCH_OWN_HOSTS, name]
        Source.objects.create(slug="litellm", name="LiteLLM", url=f"http://{name}/plain", sync=True)
        webhook, _ = subscribe(host.url)
        event = emit("token.issued", {"name": "Ana"})

        code, lines = run_once(capsys)

    assert code == 0
    assert event is not None
    assert lines[0].startswith("source litellm: waits for review (")
    assert f"token.issued {event.event_id} to {webhook}: delivered." in lines
    state = WorkerState.load()
    assert state is not None
    assert state.process.startswith("process ")
    assert dt.timedelta() <= dt.datetime.now(tz=dt.UTC) - state.seen_at < dt.timedelta(minutes=5)


def test_the_exit_code_says_that_something_failed(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with receiver(settings, statuses=[500]) as host:
        subscribe(host.url)
        emit("token.issued", {"name": "Ana"})
        code, lines = run_once(capsys)

    assert code == 1
    assert "The receiver answered 500. The next attempt is at " in lines[0]
    with server() as (name, _):
        settings.FETCH_OWN_HOSTS = [name]
        Source.objects.create(slug="litellm", name="LiteLLM", url=f"http://{name}/missing", sync=True)
        assert run_once(capsys)[0] == 1


def test_another_process_that_works_does_what_is_due(
    settings: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProcessLock, "take", lambda _: "process 1 on another since today")
    with receiver(settings) as host:
        subscribe(host.url)
        emit("token.issued", {"name": "Ana"})
        assert run_once(capsys) == (0, ["process 1 on another since today works already, and does what is due."])
    assert host.received == []
    assert WorkerState.load() is None


def test_a_worker_that_waits_asks_again_and_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    worker = loop.Worker(lines.append)
    asked: list[int] = []

    def take(_: ProcessLock) -> str:
        asked.append(1)
        if len(asked) == 3:
            worker.stop()
        return "process 1 on another since today"

    monkeypatch.setattr(ProcessLock, "take", take)
    monkeypatch.setattr(loop, "LOCK_SECONDS", 0.01)

    worker.run()

    assert lines == ["Waiting: process 1 on another since today works."]
    assert len(asked) == 3
