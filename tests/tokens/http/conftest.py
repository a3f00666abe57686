"""A server with the fast path, and how often a request reaches Django behind it."""

from collections.abc import Iterator

import pytest

from tests.tokens.http.fast_server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()
