"""Web pages of every origin can read every response, including errors, with a key and without a cookie."""

import json
from typing import Any

import pytest
from django.test import Client, RequestFactory

from tests import world
from tokens.http.utf8 import Utf8Handler

pytestmark = pytest.mark.django_db

SDK_HEADERS = (
    "authorization, x-api-key, anthropic-version, anthropic-dangerous-direct-browser-access, x-goog-api-key, "
    "x-goog-api-client, content-type, user-agent, x-stainless-os, x-client"
)


def recorder(calls: list[Any]) -> Any:
    return lambda *arguments: calls.append(arguments)


def preflight(client: Client, path: str, **headers: str) -> Any:
    preflight = {"origin": "https://chat.example", "access-control-request-method": "GET"} | headers
    return client.options(path, headers=preflight)


@pytest.mark.parametrize(
    "path", ["/v1/models", "/v1beta/models/x", "/anthropic/v1/models", "/api/pricing", "/v1/nothing"]
)
def test_a_preflight_needs_no_key(client: Client, path: str) -> None:
    answer = preflight(client, path, **{"access-control-request-headers": SDK_HEADERS})

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["access-control-allow-origin"] == "*"
    assert answer["access-control-allow-headers"] == SDK_HEADERS
    assert answer["access-control-allow-methods"] == "GET, HEAD, POST, OPTIONS"
    assert answer["access-control-max-age"] == "86400"
    assert "access-control-allow-credentials" not in answer
    assert "content-type" not in answer


def test_a_preflight_echoes_only_names_of_headers(client: Client) -> None:
    answer = preflight(client, "/v1/models", **{"access-control-request-headers": 'x-a,\t"<b>é'})

    assert answer["access-control-allow-headers"] == "x-a,b"


def test_a_preflight_sends_no_key_back(client: Client) -> None:
    key = world.key()

    answer = preflight(client, "/v1/models", **{"access-control-request-headers": f"authorization, {key}"})

    assert answer["access-control-allow-headers"].startswith("authorization, ")
    assert key not in answer["access-control-allow-headers"]


@pytest.mark.parametrize(
    ("path", "status"),
    [("/v1/models", 401), ("/v1/nothing", 404), ("/v1beta/models?key=x", 401), ("/api/nothing", 404)],
)
def test_errors_are_readable_too(client: Client, path: str, status: int) -> None:
    answer = client.get(path, headers={"origin": "https://chat.example"})

    assert (answer.status_code, answer["access-control-allow-origin"]) == (status, "*")
    exposed = answer["access-control-expose-headers"].lower()
    for name in ("x-request-id", "request-id", "etag", "retry-after", "x-ratelimit-remaining-requests"):
        assert name in exposed


def test_a_session_gives_no_access(admin_client: Client) -> None:
    assert admin_client.get("/v1/models").status_code == 401


@pytest.mark.parametrize("charset", ["hex", "undefined", "utf-16", "rot13", "idna", "nonsense"])
@pytest.mark.usefixtures("one_connection")
def test_the_charset_of_an_unread_body_changes_nothing(charset: str) -> None:
    world.model()
    environ = RequestFactory().get(f"/v1/models?key={world.key()}&pageSize=5").environ
    began: list[Any] = []

    answer = Utf8Handler()(environ | {"CONTENT_TYPE": f"application/json; charset={charset}"}, recorder(began))

    assert began[0][0] == "200 OK"
    assert json.loads(b"".join(answer))["models"]


@pytest.mark.parametrize("call", ["generateContent", "streamGenerateContent", "countTokens", "embedContent", "predict"])
@pytest.mark.parametrize("prefix", ["/v1beta", "/v1"])
def test_a_call_of_a_model_gets_the_error_that_this_is_a_catalog(client: Client, prefix: str, call: str) -> None:
    world.model("gemini-3.8-flash")
    headers = {"x-goog-api-key": world.key()}

    answer = client.post(f"{prefix}/models/gemini-3.8-flash:{call}", b"{}", "application/json", headers=headers)

    assert answer.status_code == 404
    assert answer.json()["error"]["status"] == "NOT_FOUND"
    assert "catalog only" in answer.json()["error"]["message"]


@pytest.mark.parametrize("name", ["llama3:8b", "org/model:free", "ft:gpt-4o:org"])
def test_an_id_with_a_colon_is_not_a_call(client: Client, name: str) -> None:
    assert client.post(f"/v1/models/{name}").status_code == 405
