"""The image, the compose file and gunicorn's configuration say what a deployment relies on."""

import datetime as dt
import re
import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parent.parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = (ROOT / "compose.yaml").read_text()


def gunicorn() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "config" / "gunicorn.py"))


def test_the_image_runs_without_privileges_and_has_a_health_check() -> None:
    instructions = re.findall(r"^[A-Z]+", DOCKERFILE, re.MULTILINE)

    assert instructions.count("FROM") == 2
    assert "HEALTHCHECK" in instructions
    assert instructions.index("USER") < instructions.index("CMD")
    assert "--require-hashes -r requirements.lock" in DOCKERFILE


def test_everything_the_image_needs_exists_and_nothing_else_is_sent() -> None:
    ignored, *included = (ROOT / ".dockerignore").read_text().split()

    names = [name.removeprefix("!") for name in included if name.startswith("!")]
    assert ignored == "*"
    assert {"manage.py", "requirements.lock", "catalog", "tokens", "pricing", "config"} <= set(names)
    assert [name for name in names if not (ROOT / name).exists() and name != "README.md"] == []


def test_the_image_migrates_before_it_serves() -> None:
    command = DOCKERFILE[DOCKERFILE.index("\nCMD") :]

    assert command.index("manage.py migrate") < command.index("exec gunicorn --config config/gunicorn.py config.wsgi")


def test_compose_sets_only_known_variables_and_no_secret() -> None:
    app = COMPOSE[COMPOSE.index("  app:") :]
    variables = dict(re.findall(r"^      ([A-Z_]+): (.+)$", app, re.MULTILINE))

    documented = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert set(variables) <= set(documented)
    assert variables["SECRET_KEY"].startswith("${SECRET_KEY:?")
    assert variables["TOKEN_PEPPERS"].startswith("${TOKEN_PEPPERS:?")


@pytest.mark.parametrize(("host", "bind"), [("0.0.0.0", "0.0.0.0:9000"), ("::1", "[::1]:9000")])  # noqa: S104
def test_host_and_port_come_from_the_environment(host: str, bind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", host)
    monkeypatch.setenv("PORT", "9000")

    assert gunicorn()["bind"] == bind


def test_a_wrong_number_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "many")

    with pytest.raises(SystemExit, match="WEB_CONCURRENCY: The value must be a whole number of 1 or more"):
        gunicorn()


def test_the_access_line_has_no_query_and_no_referer() -> None:
    line = gunicorn()["access_log_format"]

    assert not {"%(r)s", "%(q)s", "%(f)s"} & set(re.findall(r"%\([^)]+\)s", line))


def test_the_access_line_shows_the_caller_behind_a_proxy(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    environ = {
        "PATH_INFO": "/v1/models", "REQUEST_METHOD": "GET", "REMOTE_ADDR": "10.0.0.1",
        "HTTP_X_FORWARDED_FOR": "203.0.113.5", "RAW_URI": "/v1/models", "SERVER_PROTOCOL": "HTTP/1.1",
    }  # fmt: skip
    response = SimpleNamespace(headers=[], status="200 OK", sent=2)
    module = gunicorn()

    line = module["access_line"](response, environ, dt.timedelta(0))
    logger = module["SecretsLogger"](Config())
    atoms = logger.atoms(response, SimpleNamespace(headers=[]), environ, dt.timedelta(0))

    assert '203.0.113.5 "GET /v1/models" 200' in line
    assert atoms["h"] == "203.0.113.5"


def test_idle_connections_outlive_those_of_okhttp() -> None:
    """A client that closes first never sends a request into a connection that is being closed."""
    assert gunicorn()["keepalive"] > 300
