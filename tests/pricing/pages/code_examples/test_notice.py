"""The start and the checks mention a missing address of the gateway."""

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pricing.apps import check_gateway
from pricing.pages.code_examples.notice import NO_GATEWAY
from tests.config.installation import ROOT, Installation


@pytest.mark.parametrize(("address", "is_shown"), [("", True), ("https://api.example.com", False)])
def test_checks_of_a_deployment_say_it(settings: Any, address: str, is_shown: bool) -> None:
    settings.PUBLIC_BASE_URL = address

    assert [message.msg for message in check_gateway()] == [NO_GATEWAY] * is_shown
    # It is no reason to refuse a deployment.
    assert all(message.level < logging.WARNING for message in check_gateway())


@pytest.mark.parametrize(("address", "is_shown"), [("", True), ("https://api.example.com", False)])
def test_quickstart_and_the_server_say_it(tmp_path: Path, address: str, is_shown: bool) -> None:
    environment = Installation(f"sqlite:///{tmp_path / 'modelbook.sqlite3'}").environment | {
        "DJANGO_SETTINGS_MODULE": "config.settings", "PUBLIC_BASE_URL": address,
    }  # fmt: skip
    quickstart = [sys.executable, "manage.py", "quickstart", "--no-serve", "--empty"]
    made = subprocess.run(quickstart, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert (NO_GATEWAY in made.stderr) == is_shown

    logged = (
        "import types, config.gunicorn as server\n"
        "server.when_ready(types.SimpleNamespace(log=types.SimpleNamespace(warning=print)))"
    )
    started = subprocess.run([sys.executable, "-c", logged], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert started.returncode == 0, started.stderr
    assert (NO_GATEWAY in started.stdout) == is_shown
