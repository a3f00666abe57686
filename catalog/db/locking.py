"""A lock across processes and machines, which the database provides and which a crash releases."""

import datetime as dt
import os
import socket
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

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


@contextmanager
def one_at_a_time(name: str, *, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Waits for the lock of this name and holds it for the block; says on stderr which process it waits for."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        with _advisory_lock(connection, name):
            yield
    elif connection.vendor == "sqlite" and not connection.is_in_memory_db():  # type: ignore[attr-defined]
        with _file_lock(Path(f"{connection.settings_dict['NAME']}.{name}.lock"), name):
            yield
    else:
        yield


@contextmanager
def _advisory_lock(connection: BaseDatabaseWrapper, name: str) -> Iterator[None]:
    key = [NAMESPACE, zlib.crc32(name.encode()) - 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        if not cursor.fetchone()[0]:
            # As the unsigned numbers that pg_locks has.
            cursor.execute(SELECT_HOLDER, [number % 2**32 for number in key])
            _report_wait(name, *cursor.fetchone() or [""])
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
            _report_wait(name, path.read_text(errors="replace"))
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


def _report_wait(name: str, holder: str) -> None:
    # A holder of an earlier release has no such text.
    known = holder if holder.startswith("process ") and holder.isprintable() else "another process"
    sys.stderr.write(f"Waiting for the lock of {name}, which {known} holds.\n")
    sys.stderr.flush()
