"""Traefik: docs/gateways/traefik."""

import os
from collections.abc import Iterator

import pytest

from tests.gateways.gateway import Gateway, Line, configuration, post, running
from tests.gateways.programs import needs, program
from tests.gateways.rarer_calls import RarerCallsSuite
from tests.gateways.upstream import KEY, Upstream
from tests.servers import free_port, wait_until

pytestmark = needs("traefik")


@pytest.fixture(scope="module")
def gateway(line: Line, running_models: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder, port = tmp_path_factory.mktemp("traefik"), free_port()
    files = configuration(
        "traefik", folder, {":8000": f":{line.port}", ":8100": f":{running_models.port}", ":8080": f":{port}"}
    )
    command = [program("traefik"), "--configFile=traefik.yaml"]
    with running(command, port, files, env=os.environ | {"UPSTREAM_KEY": KEY}) as log:
        gateway = Gateway(
            port,
            log=log,
            opens_websockets=False,
            accepts_keys_in_query=False,
            explains_outages=False,
            warns_of_budgets=False,
        )
        # Traefik listens before it has read its routes.
        wait_until(lambda: post(gateway, "/v1/models", method="GET").status == 401, "Traefik has its routes")
        yield gateway


class TestTraefik(RarerCallsSuite):
    """Everything but keys in the query, websockets, and an explanation while Modelbook is down."""
