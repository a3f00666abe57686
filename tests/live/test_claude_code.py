"""Claude Code itself discovers the models of a running server. It runs in the full run only."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.live.deployment import Operator, Server
from tests.live.recorder import Sent, recording
from tests.live.test_clients import client_folder
from tests.sizes import FULL

pytestmark = [pytest.mark.django_db, pytest.mark.skipif(not FULL, reason="Claude Code runs in the full run")]

SHOWN = {"claude-discovered", "vendor/claude-discovered", "anthropic.discovered"}


@pytest.fixture(scope="module")
def good_key(server: Server, operator: Operator) -> str:
    key: str = operator.run(
        "world.channel('discovery', group='discovery')\n"
        f"for name in {sorted(SHOWN)!r} + ['gpt-discovered']:\n"
        "    world.model(name, on='discovery', display_name=f'The {name}')\n"
        "result = world.key('discovery')"
    )
    return key


def discover(server: Server, home: Path, key: str, *, variable: str = "ANTHROPIC_AUTH_TOKEN") -> tuple[list[Sent], Any]:
    """What one run of Claude Code requests, and the models that it stores; None if it stores none."""
    program = client_folder("node-full") / "node_modules/@anthropic-ai/claude-code-linux-x64/claude"
    if not program.exists():
        pytest.skip("Claude Code is not built for this machine")
    with recording(server.port) as recorder:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "ANTHROPIC_BASE_URL": recorder.url,
            variable: key,
            "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
            # Nothing leaves this machine.
            **dict.fromkeys(("DISABLE_AUTOUPDATER", "DISABLE_TELEMETRY", "DISABLE_ERROR_REPORTING"), "1"),
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1",
        }
        # The catalog answers no chat, so the run ends with its 404.
        subprocess.run(
            [program, "-p", "hello"],
            cwd=home, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False,
        )  # fmt: skip
    stored = home / ".claude/cache/gateway-models.json"
    return recorder.sent, json.loads(stored.read_text())["models"] if stored.exists() else None


@pytest.mark.parametrize(
    ("variable", "header"), [("ANTHROPIC_AUTH_TOKEN", "authorization"), ("ANTHROPIC_API_KEY", "x-api-key")]
)
def test_claude_code_offers_the_models_named_after_claude(
    server: Server, good_key: str, tmp_path: Path, variable: str, header: str
) -> None:
    sent, models = discover(server, tmp_path, good_key, variable=variable)

    lists = [(one.path, one.credential, one.version, one.status) for one in sent if one.path.startswith("/v1/models")]
    assert lists == [("/v1/models?limit=1000", header, "2023-06-01", 200)]
    assert {model["id"]: model["display_name"] for model in models} == {name: f"The {name}" for name in SHOWN}
    # A redirection would be a failure to it.
    assert not [one for one in sent if 300 <= one.status < 400]


def test_claude_code_stores_nothing_after_an_error(server: Server, operator: Operator, tmp_path: Path) -> None:
    abroad, empty = operator.run(
        "result = world.key('discovery', networks=['203.0.113.0/24']), world.key('discovery', allow=[])"
    )
    for name, key, status in (("unknown", "sk-unknown", 401), ("abroad", abroad, 403), ("empty", empty, 200)):
        home = tmp_path / name
        home.mkdir()

        sent, models = discover(server, home, key)

        assert [one.status for one in sent if one.path.startswith("/v1/models")] == [status], name
        assert not models, name
