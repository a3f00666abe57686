"""Fixtures that every test may use."""

import gc
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from xdist.scheduler import LoadScopeScheduling

from catalog import caches
from tests import world as the_world
from tests.config.installation import NewDatabase, database_in
from tests.own_database import own_database

# The folders whose tests share one running server, the longest first.
SERVED = ("tests/live/", "tests/gateways/")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the files of tests/golden/ as answers are now")


class OneModuleAfterAnother(LoadScopeScheduling):  # type: ignore[misc]
    """Gives workers whole modules, which share what is expensive, and one worker all tests of one running server."""

    def _split_scope(self, nodeid: str) -> str:
        return next(filter(nodeid.startswith, SERVED), nodeid.partition("::")[0])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest groups first; transactional tests stay last: they leave a database without its first rows.

    What copies the database comes before them.
    """

    mixed = sorted(path for path, kinds in _kinds_of_modules(items).items() if len(kinds) > 1)
    if mixed:
        # The first one would start the whole module, before tests that need those rows.
        raise pytest.UsageError(f"Move the transactional tests to a module of their own: {', '.join(mixed)}")

    def place(item: pytest.Item) -> tuple[int, bool]:
        served = [item.nodeid.startswith(folder) for folder in SERVED]
        return [*served, True].index(True), "copied_database" not in getattr(item, "fixturenames", ())

    items.sort(key=place)


def _kinds_of_modules(items: list[pytest.Item]) -> dict[str, set[bool]]:
    """Path of a module -> whether its tests are transactional."""
    kinds: dict[str, set[bool]] = {}
    for item in items:
        marker = item.get_closest_marker("django_db")
        is_transactional = bool(marker and marker.kwargs.get("transaction"))
        is_transactional |= not {"transactional_db", "live_server"}.isdisjoint(getattr(item, "fixturenames", ()))
        if not item.nodeid.startswith(SERVED):
            kinds.setdefault(item.nodeid.partition("::")[0], set()).add(is_transactional)
    return kinds


def pytest_collection_finish() -> None:
    """What is imported by now is there until the end: looking for garbage in it takes a twentieth of all the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    # By the number of their tests, modules of transactional tests would come before others.
    config.option.loadscopereorder = False
    return OneModuleAfterAnother(config, log)


@pytest.fixture(autouse=True)
def _empty_caches() -> None:
    """A test that rolls back also rolls back the revision and the keys of rows, which never happens outside tests."""
    caches.clear_all()


@pytest.fixture(scope="session")
def new_database() -> NewDatabase:
    """Makes databases of the kind that the suite runs on, empty and for a while."""
    return database_in


@pytest.fixture(scope="module")
def copied_database(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """The default database of every thread: a module's own, with real commits."""
    with django_db_blocker.unblock(), own_database(tmp_path_factory.mktemp("own")):
        yield


@pytest.fixture
def world(db: None) -> ModuleType:
    """The cast; see tests/world.py."""
    return the_world


@pytest.fixture
def one_connection() -> Iterator[None]:
    """For calls of the WSGI application itself: it would close the connection that the test's transaction is on."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)
