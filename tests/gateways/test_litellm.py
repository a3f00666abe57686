"""LiteLLM's proxy: docs/gateways/litellm/."""

import sys
from collections.abc import Iterator

import pytest

from tests.gateways.gateway import Gateway, Line, configuration, running
from tests.gateways.suite import GatewaySuite
from tests.gateways.upstream import KEY, Upstream
from tests.live.test_clients import client_folder
from tests.servers import free_port

MASTER_KEY = "sk-master-0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def gateway(line: Line, running_models: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder, port = tmp_path_factory.mktemp("litellm"), free_port()
    files = configuration("litellm", folder, {":8100": f":{running_models.port}"})
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(client_folder("litellm")),
        "MODELBOOK_URL": f"http://127.0.0.1:{line.port}",
        "UPSTREAM_KEY": KEY,
        "LITELLM_MASTER_KEY": MASTER_KEY,
        # Its own price list, without the network.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "FORWARDED_ALLOW_IPS": "",
        **dict.fromkeys(("NO_DOCS", "NO_REDOC", "NO_OPENAPI", "DISABLE_ADMIN_UI"), "true"),
    }
    command = [sys.executable, "-m", "litellm.proxy.proxy_cli", "--config", str(files / "config.yaml")]
    with running([*command, "--host", "127.0.0.1", "--port", str(port)], port, folder, env=environment):
        yield Gateway(
            port,
            passes_result=False,
            serves_catalog=False,
            opens_websockets=False,
            gemini_version="v1beta",
            unreadable_status=500,
        )


class TestLiteLLM(GatewaySuite):
    """Everything but lists of other dialects than OpenAI's, and websockets."""
