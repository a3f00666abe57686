"""A database of one test module, with real commits: for tests with several connections at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from django.core.management import call_command
from django.db import connections

from catalog import caches
from config.settings import database
from tests.live.deployment import database_copy

Result = TypeVar("Result")


@contextmanager
def own_database(folder: Path) -> Iterator[None]:
    """Makes a copy of the migrated test database the default one of every thread for the block.

    The tests' own database is in memory on SQLite, where threads block each other as they never do in a file.
    """
    with database_copy(folder) as url:
        suite, settings = connections["default"], connections.settings["default"]
        own: Any = database(url)
        # The pool belongs to the tests' own database.
        own["OPTIONS"].pop("pool", None)
        connections.settings["default"] = connections.configure_settings({"default": own})["default"]
        connections["default"] = connections.create_connection("default")
        caches.clear_all()
        try:
            # Pytest has migrated no database where no other test needs one.
            call_command("migrate", verbosity=0)
            yield
        finally:
            connections["default"].close()
            connections.settings["default"] = settings
            connections["default"] = suite
            caches.clear_all()


def in_another_connection(work: Callable[[], Result]) -> Result:
    """Runs the work in a thread, which has a connection of its own, and waits for it."""

    def run() -> Result:
        try:
            return work()
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result(timeout=60)
