"""A lock across processes and machines, which the database provides and which a crash releases."""

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


@contextmanager
def one_at_a_time(name: str, *, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Waits for the lock of this name and holds it for the block."""
    connection = connections[using]
    if connection.vendor == "postgresql":
        with _advisory_lock(connection, name):
            yield
    elif connection.vendor == "sqlite" and not connection.is_in_memory_db():  # type: ignore[attr-defined]
        with _file_lock(Path(f"{connection.settings_dict['NAME']}.{name}.lock")):
            yield
    else:
        yield


@contextmanager
def _advisory_lock(connection: BaseDatabaseWrapper, name: str) -> Iterator[None]:
    key = [NAMESPACE, zlib.crc32(name.encode()) - 2**31]
    with connection.cursor() as cursor:
        # No timeout, neither for waiting nor for the statements under the lock.
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", key)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
            cursor.execute("RESET statement_timeout")


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    # Not removed afterwards: another process may be waiting for this file.
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
