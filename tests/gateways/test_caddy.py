"""Caddy: docs/gateways/caddy."""

import os
from collections.abc import Iterator

import pytest

from tests.gateways.gateway import Gateway, Line, configuration, running
from tests.gateways.informing import InformingSuite
from tests.gateways.programs import needs, program
from tests.gateways.upstream import KEY, Upstream
from tests.servers import free_port

pytestmark = needs("caddy")


@pytest.fixture(scope="module")
def gateway(line: Line, running_models: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder, port = tmp_path_factory.mktemp("caddy"), free_port()
    files = configuration(
        "caddy", folder, {":8000": f":{line.port}", ":8100": f":{running_models.port}", ":8080": f":{port}"}
    )
    command = [program("caddy"), "run", "--config", str(files / "Caddyfile")]
    with running(command, port, folder, env=os.environ | {"UPSTREAM_KEY": KEY}) as log:
        yield Gateway(port, log=log, opens_websockets=False)


class TestCaddy(InformingSuite):
    """Everything but websockets."""
