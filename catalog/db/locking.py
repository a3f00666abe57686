"""One at a time, on however many machines: a lock that the database's own kind provides, freed even by a crash."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

# Windows lacks it; there is no gunicorn on Windows either.
with suppress(ImportError):
    import fcntl

# The first half of PostgreSQL's two-part lock keys: "mdlb", so as not to meet another program's locks.
NAMESPACE = 0x6D646C62


@contextmanager
def one_at_a_time(name: str, *, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Waits until no other process holds the lock of this name, and holds it for the block."""
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
        # Whoever waits, waits as long as it takes; so may what is done under the lock.
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
    # Not removed afterwards: somebody may be waiting for this very file.
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
