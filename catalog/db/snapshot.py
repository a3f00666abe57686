"""One view of the database for all statements of a response, so that no commit can come between two of them.

Without it, a price list that reads sheets and rates in two statements would mix the sheets before a change with the
rates after it. The revision is one of the rows: read inside the snapshot, it names exactly the state that was read.

A snapshot takes no lock that a writer waits for, and waits for no writer. It should end with the response: while it is
open, SQLite cannot restart its write-ahead log, and PostgreSQL cannot remove the versions of rows that it can see. So a
body is rendered completely inside it, and sent afterwards.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import DEFAULT_DB_ALIAS, Error, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

# SQLite's own mode is IMMEDIATE (see config/settings.py), which would take the write lock.
BEGIN = {"postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "sqlite": "BEGIN DEFERRED"}
# SQLite has no transactions that only read, and PRAGMA query_only makes it compile all statements again.
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


@contextmanager
def snapshot(*, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """All statements of the block see the database as it is at the first one; writes fail.

    The transaction is opened by the first statement, so a block without one needs no database. Inside another snapshot
    the block joins it. Inside a transaction that writes it changes nothing: writers hold the row of the revision, so no
    other commit comes between their statements.

    The block may close the connection, e.g. because the database is gone. Nothing is raised at its end.
    """
    connection = connections[using]
    if connection.in_atomic_block or in_snapshot(connection):
        yield
        return
    transaction = ReadTransaction(connection)
    try:
        with connection.execute_wrapper(transaction):
            yield
    finally:
        transaction.end()


@contextmanager
def no_snapshot(*, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Ends an open snapshot for a block that writes, e.g. a trial whose changes are rolled back.

    The next statement after the block starts a new one: the caller shows what the block's own transaction has read.
    """
    connection = connections[using]
    open_ones = [wrapper for wrapper in connection.execute_wrappers if isinstance(wrapper, ReadTransaction)]
    for transaction in open_ones:
        transaction.end()
        transaction.is_paused = True
    try:
        yield
    finally:
        for transaction in open_ones:
            transaction.is_paused = False


def in_snapshot(connection: BaseDatabaseWrapper) -> bool:
    """Whether a snapshot is open on this connection."""
    return any(
        isinstance(wrapper, ReadTransaction) and not wrapper.is_paused for wrapper in connection.execute_wrappers
    )


def may_store(*, using: str = DEFAULT_DB_ALIAS) -> bool:
    """Whether what this connection reads is committed: what a transaction has written may be rolled back."""
    connection = connections[using]
    return in_snapshot(connection) or not connection.in_atomic_block


class ReadTransaction:
    """A wrapper of statements that starts the transaction before the first one.

    It uses the driver's connection itself. Django's `atomic` would begin a transaction that writes, and it connects
    again at its end if the database is gone.
    """

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        # The driver's connection on which the transaction is open.
        self.begun_on: Any = None
        self.is_paused = False

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if self.begun_on is None:
            # A writer's transaction may begin before the first read; SQLite's begins with a statement.
            if not (self.is_paused or self.connection.in_atomic_block or sql.startswith("BEGIN")):
                self.begin()
        elif self.connection.connection is not self.begun_on:
            raise OperationalError("The connection was closed inside a snapshot.")
        if self.begun_on is not None and sql.startswith(WRITES):
            raise OperationalError("A snapshot is read-only.")
        return execute(sql, params, many, context)

    def begin(self) -> None:
        self.begun_on = self.connection.connection
        # Known to Django, so that an `atomic` inside is a savepoint.
        self.connection.autocommit = False
        self.run(BEGIN[self.connection.vendor])

    def end(self) -> None:
        """Ends the transaction; closes a connection that does not answer."""
        if self.begun_on is not None and self.connection.connection is self.begun_on:
            try:
                self.run("ROLLBACK")
                self.connection.autocommit = True
            except Error:
                with suppress(Error):
                    self.connection.close()
        self.begun_on = None

    def run(self, statement: str) -> None:
        with self.connection.wrap_database_errors:
            self.begun_on.execute(statement)
