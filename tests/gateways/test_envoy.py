"""Envoy: docs/gateways/envoy."""

import os
from collections.abc import Iterator

import pytest

from tests.gateways.gateway import Gateway, Line, configuration, post, running
from tests.gateways.informing import InformingSuite
from tests.gateways.programs import needs, program
from tests.gateways.suite import GEMINI
from tests.gateways.upstream import KEY, Upstream
from tests.servers import free_port

pytestmark = needs("envoy")


@pytest.fixture(scope="module")
def gateway(line: Line, running_models: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder, port = tmp_path_factory.mktemp("envoy"), free_port()
    files = configuration(
        "envoy",
        folder,
        {
            f"port_value: {ours}": f"port_value: {theirs}"
            for ours, theirs in ((8000, line.port), (8100, running_models.port), (8080, port))
        },
    )
    command = [program("envoy"), "-c", str(files / "envoy.yaml"), "--concurrency", "1", "--use-dynamic-base-id"]
    with running(command, port, folder, env=os.environ | {"UPSTREAM_KEY": KEY}) as log:
        yield Gateway(port, log=log, sends_own_host=False)


class TestEnvoy(InformingSuite):
    """Everything; it sends the caller's Host to the check."""

    def test_an_upstream_that_is_down_is_not_a_failed_check(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        with upstream.down():
            answers = [
                post(gateway, GEMINI.format("gw-chat"), {}, key=keys["customer"]),
                post(gateway, "/v1/chat/completions", {"model": "gw-chat"}, key=keys["customer"]),
            ]

        message = "The model does not answer right now. Try again."
        assert [(one.status, one.json()["error"]["message"]) for one in answers] == [(503, message)] * 2
