"""nginx with njs: docs/gateways/nginx/nginx.conf."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateways.gateway import Gateway, Line, configuration, nginx, post, running
from tests.gateways.nginx_suite import NginxSuite
from tests.gateways.upstream import KEY, Upstream
from tests.servers import free_port
from tests.sizes import size

MODULE = Path("/usr/lib/nginx/modules/ngx_http_js_module.so")

pytestmark = pytest.mark.skipif(
    shutil.which("nginx") is None or not MODULE.exists(),
    reason="nginx with njs is not installed (apt-get install nginx-light libnginx-mod-http-js)",
)


@pytest.fixture(scope="module")
def gateway(line: Line, running_models: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    ports = {":8000": f":{line.port}", ":8100": f":{running_models.port}", ":8080": f":{port}", "UPSTREAM_KEY": KEY}
    files = configuration("nginx", folder, ports)
    with running(nginx(files), port, folder) as log:
        yield Gateway(port, log=log)


class TestNginx(NginxSuite):
    """Everything."""

    def test_a_large_body_is_checked_whole(self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]) -> None:
        body = {"messages": [{"role": "user", "content": "x" * size(10_000_000, full=66_000_000)}], "model": "gw-chat"}

        answered = post(gateway, "/v1/chat/completions", body, key=keys["customer"])
        refused = post(gateway, "/v1/chat/completions", body | {"fallbacks": ["gw-secret"]}, key=keys["customer"])

        assert (answered.status, refused.status, upstream.models) == (200, 403, ["gw-chat"])
