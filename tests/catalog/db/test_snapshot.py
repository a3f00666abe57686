"""A snapshot shows one state of the database, blocks no writer, refuses writes, and survives a lost connection."""

import threading

import pytest
from django.db import Error, OperationalError, connection, transaction

from catalog.db import revision
from catalog.db.snapshot import in_snapshot, no_snapshot, snapshot
from catalog.models import Vendor
from tests.own_database import in_another_connection

pytestmark = pytest.mark.sql


@pytest.fixture(autouse=True)
def _vendors(copied_database: None) -> None:
    Vendor.objects.all().delete()
    add("first")


def add(slug: str) -> None:
    Vendor.objects.create(slug=slug, name=slug)


def slugs() -> list[str]:
    return list(Vendor.objects.order_by("slug").values_list("slug", flat=True))


def test_a_commit_between_two_reads_is_not_seen() -> None:
    with snapshot():
        number = revision.current()
        in_another_connection(lambda: add("second"))

        assert slugs() == ["first"]
        assert revision.current() == number

    assert slugs() == ["first", "second"]
    assert revision.current() > number


def test_nested_snapshots_are_one() -> None:
    with snapshot():
        slugs()
        in_another_connection(lambda: add("second"))
        with snapshot():
            assert slugs() == ["first"]
        with transaction.atomic():
            assert slugs() == ["first"]
        assert in_snapshot(connection)

    assert not in_snapshot(connection)


def test_a_snapshot_inside_a_transaction_that_writes_changes_nothing() -> None:
    with transaction.atomic():
        add("second")
        with snapshot():
            add("third")

    assert slugs() == ["first", "second", "third"]


def test_a_transaction_may_write_before_the_first_read() -> None:
    with snapshot():
        with transaction.atomic():
            add("second")
        assert slugs() == ["first", "second"]


def test_a_write_inside_is_refused() -> None:
    with snapshot():
        slugs()
        with pytest.raises(Error, match=r"read-?only"):
            add("second")

    add("third")
    assert slugs() == ["first", "third"]


def test_a_trial_may_write_outside_of_an_open_snapshot() -> None:
    with snapshot():
        slugs()
        with no_snapshot(), transaction.atomic():
            add("second")
            transaction.set_rollback(True)
        in_another_connection(lambda: add("third"))
        assert slugs() == ["first", "third"]
        in_another_connection(lambda: add("fourth"))
        assert slugs() == ["first", "third"]


def test_a_snapshot_does_not_wait_for_a_writer() -> None:
    has_written, may_commit = threading.Event(), threading.Event()

    def write_slowly() -> None:
        with transaction.atomic():
            add("second")
            has_written.set()
            assert may_commit.wait(30)

    writer = threading.Thread(target=in_another_connection, args=[write_slowly])
    writer.start()
    try:
        assert has_written.wait(30)
        with snapshot():
            assert slugs() == ["first"]
    finally:
        may_commit.set()
        writer.join()


def test_a_lost_connection_ends_in_one_error_and_is_replaced() -> None:
    with snapshot():
        slugs()
        lose_the_connection()
        with pytest.raises(Error):
            slugs()

    assert slugs() == ["first"]
    assert connection.get_autocommit()


def test_an_end_without_a_connection_raises_nothing() -> None:
    with snapshot():
        slugs()
        lose_the_connection()

    assert slugs() == ["first"]


def test_a_connection_that_an_error_handler_closed_is_not_used_again() -> None:
    with snapshot():
        slugs()
        connection.close()
        with pytest.raises(OperationalError, match="closed inside a snapshot"):
            slugs()

    assert slugs() == ["first"]


def test_without_a_statement_no_database_is_needed() -> None:
    connection.close()
    with snapshot():
        assert connection.connection is None


def lose_the_connection() -> None:
    """Ends the connection behind Django's back, as a restart of the server does."""
    if connection.vendor == "postgresql":
        process = connection.connection.info.backend_pid
        in_another_connection(lambda: terminate(process))
    else:
        connection.connection.close()


def terminate(process: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [process])
