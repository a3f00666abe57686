"""HAProxy: docs/gateways/haproxy."""

import os
from collections.abc import Iterator

import pytest

from tests.gateways.gateway import Gateway, Line, configuration, running
from tests.gateways.programs import needs, program
from tests.gateways.suite import GatewaySuite
from tests.gateways.upstream import KEY, Upstream
from tests.servers import free_port

pytestmark = needs("haproxy")


@pytest.fixture(scope="module")
def gateway(line: Line, running_models: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder, port = tmp_path_factory.mktemp("haproxy"), free_port()
    files = configuration(
        "haproxy", folder, {":8000": f":{line.port}", ":8100": f":{running_models.port}", ":8080": f":{port}"}
    )
    command = [program("haproxy"), "-f", "haproxy.cfg"]
    with running(command, port, files, env=os.environ | {"UPSTREAM_KEY": KEY}):
        yield Gateway(port)


class TestHAProxy(GatewaySuite):
    """Everything."""
