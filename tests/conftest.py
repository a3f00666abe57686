"""Fixtures that every test may use."""

from collections.abc import Iterator
from types import ModuleType

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from pricing.curation.margins import _at_a_loss
from pricing.pages.listing.cards import shelf
from pricing.published.prices import turns
from tests import world as the_world
from tests.config.installation import NewDatabase, database_in
from tokens.auth.authentication import _auto_groups
from tokens.auth.last_use import USAGE
from tokens.http.response_cache import BODIES
from tokens.rate_limits import FAILURES, KNOWN, VISITORS, _made


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the files of tests/golden/ as answers are now")


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """A test that rolls back takes revision and keys of rows back too, which nothing outside a test can do."""
    BODIES.clear()
    USAGE.__init__()  # type: ignore[misc]
    FAILURES.__init__()  # type: ignore[misc]
    KNOWN.__init__()  # type: ignore[misc]
    VISITORS.__init__()  # type: ignore[misc]
    _made.cache_clear()
    _auto_groups.cache_clear()
    turns.cache_clear()
    _at_a_loss.cache_clear()
    shelf.cache_clear()


@pytest.fixture(scope="session")
def new_database() -> NewDatabase:
    """Makes databases of the kind that the suite runs on, empty and for a while."""
    return database_in


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
