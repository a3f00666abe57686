"""A lock blocks other processes on both databases, and those that wait say for whom."""

import datetime as dt
import os
import re
import socket
import threading
from pathlib import Path

import pytest
from django.db import connection

from catalog.db.locking import ProcessLock, one_at_a_time

pytestmark = pytest.mark.sql


@pytest.fixture(autouse=True)
def _in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets SQLite's database have a file, beside which its locks are."""
    if connection.vendor == "sqlite":
        monkeypatch.setattr(connection, "is_in_memory_db", lambda: False)
        monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "database"))


@pytest.mark.django_db
def test_the_second_waits_for_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    steps: list[str] = []
    second = threading.Thread(target=hold_the_lock, args=(steps, connection.settings_dict["NAME"]))

    with one_at_a_time("test"):
        second.start()
        second.join(timeout=0.5)
        steps.append("the first is done")
    second.join(timeout=30)

    assert steps == ["the first is done", "the second has it"]
    message = capsys.readouterr().err
    since = re.fullmatch(
        f"Waiting for the lock of test, which process {os.getpid()} on {re.escape(socket.gethostname())} "
        r"since (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)Z holds\.\n",
        message,
    )
    assert since, message
    held_since = dt.datetime.fromisoformat(since[1]).replace(tzinfo=dt.UTC)
    assert dt.timedelta() <= dt.datetime.now(tz=dt.UTC) - held_since < dt.timedelta(minutes=5)


@pytest.mark.django_db
def test_the_name_of_a_long_host_fits(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "h" * 300)
    second = threading.Thread(target=hold_the_lock, args=([], connection.settings_dict["NAME"]))

    with one_at_a_time("test"):
        second.start()
        second.join(timeout=0.5)
    second.join(timeout=30)

    assert re.search(r"process \d+ on h+ since \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ holds", capsys.readouterr().err)


@pytest.mark.django_db
def test_who_does_not_wait_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        with one_at_a_time("test"):
            pass

    assert capsys.readouterr().err == ""


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no settings of a connection.")
def test_the_connection_is_as_before_afterwards() -> None:
    def settings() -> list[str]:
        with connection.cursor() as cursor:
            names = ("statement_timeout", "application_name")
            return [cursor.execute(f"SHOW {name}").fetchone()[0] for name in names]

    before = settings()
    with one_at_a_time("test"):
        assert settings() != before

    assert settings() == before


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no file.")
def test_the_text_of_a_file_is_not_trusted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    second = threading.Thread(target=hold_the_lock, args=([], connection.settings_dict["NAME"]))

    with one_at_a_time("test"):
        (tmp_path / "database.test.lock").write_text("process 1\nanother line")
        second.start()
        second.join(timeout=0.5)
    second.join(timeout=30)

    assert capsys.readouterr().err == "Waiting for the lock of test, which another process holds.\n"


def hold_the_lock(steps: list[str], name: str) -> None:
    """Holds the lock in another thread, which has its own connection."""
    if connection.vendor == "sqlite":
        connection.is_in_memory_db = lambda: False  # type: ignore[attr-defined]
        connection.settings_dict["NAME"] = name
    try:
        with one_at_a_time("test"):
            steps.append("the second has it")
    finally:
        connection.close()


@pytest.mark.django_db
def test_a_process_keeps_the_lock_until_it_gives_it_away() -> None:
    first, second = ProcessLock("test"), ProcessLock("test")
    try:
        assert first.take() is None
        assert first.is_held()
        holder = second.take()
        assert re.fullmatch(rf"process {os.getpid()} on \S+ since [\d-]+ [\d:]+Z", holder or "")
        assert not second.is_held()

        first.release()
        assert not first.is_held()
        assert second.take() is None
        assert second.is_held()
    finally:
        first.release()
        second.release()


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="A lock of a file is never lost.")
def test_a_process_that_lost_its_connection_knows_that_it_lost_the_lock() -> None:
    first, second = ProcessLock("test"), ProcessLock("test")
    try:
        assert first.take() is None
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE %s",
                [f"process {os.getpid()} on %"],
            )
        assert not first.is_held()
        assert second.take() is None
        assert first.take() is not None
    finally:
        first.release()
        second.release()
