"""HAProxy: docs/gateways/haproxy."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.gateways.gateway import Gateway, Line, configuration, post, running
from tests.gateways.informing import InformingSuite
from tests.gateways.programs import needs, program
from tests.gateways.upstream import KEY, Upstream
from tests.servers import free_port

pytestmark = needs("haproxy")


@contextmanager
def haproxy(line: Line, upstream: Upstream, folder: Path, changes: dict[str, str]) -> Iterator[Gateway]:
    port = free_port()
    ports = {":8000": f":{line.port}", ":8100": f":{upstream.port}", ":8080": f":{port}"}
    files = configuration("haproxy", folder, ports | changes)
    command = [program("haproxy"), "-f", "haproxy.cfg"]
    with running(command, port, files, env=os.environ | {"UPSTREAM_KEY": KEY}) as log:
        yield Gateway(port, log=log)


@pytest.fixture(scope="module")
def gateway(line: Line, running_models: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with haproxy(line, running_models, tmp_path_factory.mktemp("haproxy"), {}) as running_haproxy:
        yield running_haproxy


class TestHAProxy(InformingSuite):
    """Everything."""


@pytest.mark.django_db
def test_an_error_in_lua_allows_nothing(line: Line, upstream: Upstream, keys: dict[str, str], tmp_path: Path) -> None:
    """HAProxy continues with the next rule then."""
    with haproxy(line, upstream, tmp_path, {"local lines = {": "error() local lines = {"}) as gateway:
        answer = post(gateway, "/v1beta/models/gw-chat:generateContent", {}, key=keys["customer"])

    assert (answer.status, answer.json()["error"]["code"]) == (503, "service_unavailable")
    assert upstream.received == []
