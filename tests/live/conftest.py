"""One deployment for all live tests of a run: some workers on a database of their own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.deployment import Operator, Server, database_copy, serving
from tests.sizes import size


@pytest.fixture(scope="session")
def database_url(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with django_db_blocker.unblock(), database_copy(tmp_path_factory.mktemp("live")) as url:
        yield url


@pytest.fixture(scope="session")
def server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("gunicorn")
    with serving(database_url, folder, workers=size(2, full=4)) as running:
        yield running


@pytest.fixture(scope="session")
def operator(database_url: str) -> Iterator[Operator]:
    running = Operator(database_url)
    yield running
    running.close()
