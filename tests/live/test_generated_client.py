"""A client that openapi-python-client generates from the served document performs a shop's day."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.live.deployment import Operator, Server
from tests.live.test_clients import PROGRAMS, client_folder, run
from tokens import keys

pytestmark = pytest.mark.django_db

GENERATOR = "openapi-python-client"
WARNING = re.compile(r"WARNING parsing (.*)")
# The generator reads no Atom feeds.
NOT_GENERATED = ["GET /api/pricing/changes.atom within prices."]


@pytest.fixture(scope="module")
def generated(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder with the package `shop_client`, and what the generator said."""
    needs, folder = client_folder(GENERATOR), tmp_path_factory.mktemp("generated")
    document = folder / "openapi.json"
    document.write_bytes(server.get("/openapi.json").body)
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(document)]
    finished = subprocess.run(
        [*command, "--meta", "none", "--output-path", str(folder / "shop_client")],
        cwd=folder, env={"PYTHONPATH": str(needs), "PATH": ""}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return folder, finished.stdout + finished.stderr


def test_the_generator_understands_the_whole_management_api(generated: tuple[Path, str]) -> None:
    assert WARNING.findall(generated[1]) == NOT_GENERATED


def test_a_generated_client_performs_a_shops_day(
    server: Server, operator: Operator, generated: tuple[Path, str]
) -> None:
    operator.run("world.model('gpt-of-the-shop'); world.model('claude-of-the-shop')")
    key = operator.run("result = world.admin_key('tokens')[1]")
    instructions = {"url": server.url, "key": key, "folder": str(generated[0])}

    seen: dict[str, Any] = run(
        [sys.executable, str(PROGRAMS / "shop_day.py")], instructions, PYTHONPATH=str(client_folder(GENERATOR))
    )

    assert keys.is_ours(seen["key"])
    assert set(seen["trial"]) >= {"keys", "groups", "prices"}
    assert seen["metadata"] == {"customer": 42}
    assert seen["repeated"] == ["true", True, None]
    assert seen["limited"] == ["600/minute", {"amount": "7.5", "currency": "USD", "period": "month"}]
    assert seen["refused"] == [412, "urn:modelbook:problem:precondition-failed"]
    assert "gpt-of-the-shop" in seen["models"]
    assert "claude-of-the-shop" not in seen["models"]
    assert seen["usage"] == []
    assert seen["rotated"][0]
    assert keys.is_ours(seen["rotated"][1])
    assert "Ada's shop account" in seen["listed"]
    assert seen["revoked"] == ["disabled", False]
    assert server.get("/v1/models", key=seen["rotated"][1]).status == 401
