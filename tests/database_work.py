"""How much work the database does for some queries, as a number that does not depend on the machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection

# What the current transaction has read: rows of scanned tables, and rows found by an index.
TUPLES = "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"


@dataclass
class Work:
    """SQLite: steps of its virtual machine. PostgreSQL: rows read."""

    amount: int = 0


@contextmanager
def database_work() -> Iterator[Work]:
    """The work of the queries in the block, in a transaction; complete after the block."""
    work = Work()
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        before = _tuples()
        yield work
        work.amount = _tuples() - before
        return

    def count() -> int:
        work.amount += 1
        return 0

    raw = connection.connection
    raw.set_progress_handler(count, 1)
    try:
        yield work
    finally:
        raw.set_progress_handler(None, 1)


def _tuples() -> int:
    with connection.cursor() as cursor:
        cursor.execute(TUPLES)
        return int(cursor.fetchone()[0])
