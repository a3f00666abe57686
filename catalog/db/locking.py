"""Locks across processes and machines, and how long a request waits for those of other writers."""

import datetime as dt
import io
import os
import socket
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from catalog.db.snapshot import in_snapshot

# Missing on Windows, where gunicorn does not run either.
with suppress(ImportError):
    import fcntl

# The first half of PostgreSQL's two-part lock keys, "mdlb", so that keys differ from other programs' keys.
NAMESPACE = 0x6D646C62
# PostgreSQL cuts longer names of applications.
MAX_APPLICATION_NAME = 63
SELECT_HOLDER = """
    SELECT activity.application_name FROM pg_locks JOIN pg_stat_activity AS activity USING (pid)
    WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND objsubid = 2 AND granted
"""

# How soon PostgreSQL notices that the machine of a connection is gone, in seconds and packets.
SERVER_KEEPALIVES = {"tcp_keepalives_idle": 10, "tcp_keepalives_interval": 3, "tcp_keepalives_count": 3}

# How long a request waits for a lock. A person is waiting, and so do all other requests that need its thread.
REQUEST_SECONDS = 5
BUSY = "Another change is being saved. Nothing was changed; try again."
# What PostgreSQL raises when a writer waits too long, or when two writers wait for each other.
LOST_LOCKS = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)


@contextmanager
def limited_lock_waits(*, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Lets the statements of the block wait REQUEST_SECONDS for a lock; for requests, because commands may wait longer.

    The limit is set with the first statement, so a block without one needs no database, and neither does a snapshot,
    which waits for no lock.
    """
    connection = connections[using]
    if any(isinstance(wrapper, LockLimit) for wrapper in connection.execute_wrappers):
        yield
        return
    limit = LockLimit(connection)
    try:
        with connection.execute_wrapper(limit):
            yield
    finally:
        limit.end()


class LockLimit:
    """A wrapper of statements that sets the limit before the first one."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        # The driver's connection that has the limit.
        self.limited: Any = None

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        raw = self.connection.connection
        if self.limited is not raw and not in_snapshot(self.connection):
            self.limited = raw
            with self.connection.wrap_database_errors:
                # The first statement of a request reads its caller. Inside a transaction, a rollback would undo this.
                raw.execute(self._statement(round(REQUEST_SECONDS * 1000)))
        return execute(sql, params, many, context)

    def end(self) -> None:
        """Restores the connection's own limit; closes a connection that does not answer."""
        if self.limited is None or self.limited is not self.connection.connection:
            return
        try:
            with self.connection.wrap_database_errors:
                self.limited.execute(self._statement(None))
        except Error:
            with suppress(Error):
                self.connection.close()

    def _statement(self, milliseconds: int | None) -> str:
        if self.connection.vendor == "postgresql":
            return "RESET lock_timeout" if milliseconds is None else f"SET lock_timeout = {milliseconds}"
        own = int(self.connection.settings_dict["OPTIONS"].get("timeout", 5) * 1000)
        return f"PRAGMA busy_timeout = {own if milliseconds is None else milliseconds}"


def is_lock_timeout(error: BaseException) -> bool:
    """Whether a statement failed because another writer held a lock; the same request can succeed later."""
    cause = error.__cause__
    return isinstance(cause, LOST_LOCKS) or getattr(cause, "sqlite_errorname", "").startswith(
        ("SQLITE_BUSY", "SQLITE_LOCKED")
    )


@contextmanager
def one_at_a_time(name: str, *, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Waits for the lock of this name and holds it for the block; says on stderr which process it waits for."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        with _advisory_lock(connection, name):
            yield
    elif connection.vendor == "sqlite" and not connection.is_in_memory_db():  # type: ignore[attr-defined]
        with _file_lock(_lock_path(connection, name), name):
            yield
    else:
        yield


class ProcessLock:
    """A lock that one process holds as long as it lives, and that it loses with its connection to PostgreSQL.

    Trying costs one statement, and waiting none: a statement that waits for days would keep PostgreSQL from removing
    old versions of rows.
    """

    def __init__(self, name: str, *, using: str = DEFAULT_DB_ALIAS) -> None:
        self._name = name
        self._key = _advisory_key(name)
        # One of its own, not from the pool: Django replaces a connection that was lost without saying so.
        self._connection = connections.create_connection(using)
        options = {key: value for key, value in self._connection.settings_dict["OPTIONS"].items() if key != "pool"}
        self._connection.settings_dict = {**self._connection.settings_dict, "OPTIONS": options}
        # The driver's connection or the file that has the lock.
        self._held: Any = None
        # This process, as others see it while it has the lock.
        self.holder = ""

    def take(self) -> str | None:
        """None if this process has the lock now; otherwise the process that has it, as far as it is known."""
        self.holder = _holder(MAX_APPLICATION_NAME)
        if self._connection.vendor == "postgresql":
            return self._take_advisory()
        if self._connection.vendor == "sqlite" and not self._connection.is_in_memory_db():  # type: ignore[attr-defined]
            return self._take_file(_lock_path(self._connection, self._name))
        self._held = self
        return None

    def is_held(self) -> bool:
        """Whether this process still has the lock; asks PostgreSQL."""
        if self._connection.vendor != "postgresql" or self._held is None:
            return self._held is not None
        try:
            with self._connection.wrap_database_errors:
                self._held.execute("SELECT 1")
        except Error:
            self.release()
            return False
        return True

    def release(self) -> None:
        """Gives the lock to the next process."""
        held, self._held = self._held, None
        with suppress(Error), self._connection.wrap_database_errors:
            if self._connection.vendor == "postgresql" and held is not None:
                # The lock ends with the connection too, but only when PostgreSQL notices it.
                held.execute("SELECT pg_advisory_unlock(%s, %s)", self._key)
        with suppress(Error):
            self._connection.close()
        if isinstance(held, io.IOBase):
            with held:
                held.truncate(0)

    def _take_advisory(self) -> str | None:
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", self._key)
            if not cursor.fetchone()[0]:
                return _read_holder(cursor, self._key)
            cursor.execute("SELECT set_config('application_name', %s, false)", [self.holder])
            # If this machine disappears, PostgreSQL finds out in 20 seconds, and not in two hours.
            for name, value in SERVER_KEEPALIVES.items():
                cursor.execute(f"SET {name} = {value}")
        self._held = self._connection.connection
        return None

    def _take_file(self, path: Path) -> str | None:
        file = path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return _known_holder(path.read_text(errors="replace"))
        file.truncate(0)
        file.write(self.holder)
        file.flush()
        self._held = file
        return None


@contextmanager
def _advisory_lock(connection: BaseDatabaseWrapper, name: str) -> Iterator[None]:
    key = _advisory_key(name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        if not cursor.fetchone()[0]:
            _report_wait(name, _read_holder(cursor, key))
            # No timeout for waiting.
            cursor.execute("SET statement_timeout = 0")
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", key)
        # No timeout for the statements under the lock.
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SELECT set_config('application_name', %s, false)", [_holder(MAX_APPLICATION_NAME)])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
            cursor.execute("RESET statement_timeout")
            cursor.execute("RESET application_name")


@contextmanager
def _file_lock(path: Path, name: str) -> Iterator[None]:
    # Not removed afterwards: another process may be waiting for this file.
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _report_wait(name, _known_holder(path.read_text(errors="replace")))
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(_holder())
        file.flush()
        yield
        file.truncate(0)


def _holder(length: int = 200) -> str:
    """This process as a text for those that wait: its number, its machine, and the time at which it got the lock."""
    process, since = f"process {os.getpid()} on ", f" since {dt.datetime.now(tz=dt.UTC):%Y-%m-%d %H:%M:%SZ}"
    return process + socket.gethostname()[: max(length - len(process) - len(since), 0)] + since


def _advisory_key(name: str) -> list[int]:
    return [NAMESPACE, zlib.crc32(name.encode()) - 2**31]


def _lock_path(connection: BaseDatabaseWrapper, name: str) -> Path:
    return Path(f"{connection.settings_dict['NAME']}.{name}.lock")


def _read_holder(cursor: Any, key: list[int]) -> str:
    # As the unsigned numbers that pg_locks has.
    cursor.execute(SELECT_HOLDER, [number % 2**32 for number in key])
    return _known_holder(*cursor.fetchone() or [""])


def _known_holder(text: str) -> str:
    # A holder of an earlier release has no such text.
    return text if text.startswith("process ") and text.isprintable() else "another process"


def _report_wait(name: str, holder: str) -> None:
    sys.stderr.write(f"Waiting for the lock of {name}, which {holder} holds.\n")
    sys.stderr.flush()
