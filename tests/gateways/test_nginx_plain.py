"""nginx without njs: docs/gateways/nginx-plain/nginx.conf."""

import shutil
from collections.abc import Iterator

import pytest

from tests.gateways.gateway import Gateway, Line, chat, configuration, nginx, running
from tests.gateways.nginx_suite import NginxSuite
from tests.gateways.upstream import KEY, Upstream
from tests.servers import free_port

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed (apt-get install nginx)")
# The address of the gateway in front in the configuration.
FRONT = "127.0.0.3"


@pytest.fixture(scope="module")
def gateway(line: Line, running_models: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder, port = tmp_path_factory.mktemp("nginx-plain"), free_port()
    ports = {":8000": f":{line.port}", ":8100": f":{running_models.port}", ":8080": f":{port}", "UPSTREAM_KEY": KEY}
    files = configuration("nginx-plain", folder, ports)
    with running(nginx(files), port, folder) as log:
        yield Gateway(port, reads_bodies=False, reads_multipart=False, reads_fallbacks=False, log=log)


class TestPlainNginx(NginxSuite):
    """What the address names; the rest is refused."""

    def test_a_gateway_in_front_may_name_the_model(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        def ask(source: str, name: str) -> int:
            return chat(gateway, "gw-chat", key=keys["customer"], source=source, x_gateway_model_name=name).status

        assert [ask(FRONT, "gw-chat"), ask(FRONT, "gw-secret"), ask("127.0.0.1", "gw-chat")] == [200, 403, 403]
        assert upstream.models == ["gw-chat"]
        assert "x-gateway-model-name" not in upstream.received[0].headers

    def test_the_gateway_in_front_states_the_callers_address(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        def ask(source: str) -> int:
            sent = {"x_gateway_model_name": "gw-chat", "x_forwarded_for": "127.0.0.2"}
            return chat(gateway, "gw-chat", key=keys["here"], source=source, **sent).status

        assert [ask(FRONT), ask("127.0.0.1")] == [200, 403]
        assert upstream.models == ["gw-chat"]
