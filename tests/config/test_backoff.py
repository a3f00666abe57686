"""After an outage of PostgreSQL, the pool connects again within about a second, however long the outage was."""

import logging
import socket
import time
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg_pool import ConnectionPool
from psycopg_pool.base import AttemptWithBackoff

from config.backoff import limit_pauses
from config.settings import TCP_OPTIONS, database
from tests.postgres import throwaway_server


@pytest.fixture(autouse=True)
def _limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restores psycopg's own pauses after the test, which are those of a process without PostgreSQL."""
    for name in ("INITIAL_DELAY", "update_delay"):
        monkeypatch.setattr(AttemptWithBackoff, name, getattr(AttemptWithBackoff, name))
    limit_pauses()


def test_pauses_grow_to_a_second_and_no_further() -> None:
    attempt, now, pauses = AttemptWithBackoff(timeout=300), 1_000.0, []
    while not attempt.time_to_give_up(now):
        attempt.update_delay(now)
        pauses.append(attempt.delay)
        now += attempt.delay

    assert pauses[0] < 0.02
    assert 0.9 < max(pauses) <= 1.0
    assert pauses[:8] == sorted(pauses[:8])
    assert now == pytest.approx(1_300)


@pytest.mark.sql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server.")
def test_the_pool_tries_every_second_while_the_server_is_down(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "psycopg.pool")
    with (
        throwaway_server() as server,
        ConnectionPool(server.get_uri(), min_size=1, max_size=2, timeout=60, open=True) as pool,
    ):
        pool.wait()
        server.stop()
        pool.check()
        time.sleep(4.5)
        server.ensure_postgres_running()
        back_at = time.monotonic()
        with pool.connection() as connected:
            connected.execute("SELECT 1")
        waited = time.monotonic() - back_at

    moments = [record.created for record in caplog.records if "error connecting" in record.getMessage()]
    assert max(later - earlier for earlier, later in pairwise(moments)) < 1.6
    assert waited < 1.6


def test_a_connection_ends_when_its_host_does_not_respond_any_more() -> None:
    options = database("postgres://user:secret@db.example/name")["OPTIONS"]

    assert {name: options[name] for name in TCP_OPTIONS} == TCP_OPTIONS
    # libpq refuses names that it does not know.
    psycopg.conninfo.make_conninfo(**{name: options[name] for name in TCP_OPTIONS})


def test_options_in_the_address_win() -> None:
    options = database("postgres://user:secret@db.example/name?keepalives_idle=90")["OPTIONS"]

    assert (options["keepalives_idle"], options["tcp_user_timeout"]) == (90, 10_000)


def test_a_server_that_accepts_and_never_answers_costs_seconds() -> None:
    """As one that is stopped, or a host behind a firewall that drops everything."""
    options: dict[str, Any] = TCP_OPTIONS | {"connect_timeout": 2}
    with socket.create_server(("127.0.0.1", 0)) as listening:
        begin = time.monotonic()
        with pytest.raises(psycopg.errors.ConnectionTimeout):
            psycopg.connect(host="127.0.0.1", port=listening.getsockname()[1], user="x", dbname="x", **options)

    assert time.monotonic() - begin < 30
