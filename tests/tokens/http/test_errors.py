"""Every failure of the API is JSON in OpenAI's format, with its headers, and reveals nothing."""

import logging
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client

from tests import world
from tokens.api_error import CODES, ApiError
from tokens.http.errors import as_api_error

pytestmark = pytest.mark.django_db


def refusal(client: Client, path: str = "/v1/models", *, method: str = "GET", key: str = "", **extra: Any) -> Any:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return client.generic(method, path, headers=headers, **extra)


@pytest.mark.parametrize(("key", "code"), [("", "missing_api_key"), ("sk-wrong", "invalid_api_key")])
def test_a_refusal_has_all_four_keys_and_its_headers(client: Client, key: str, code: str) -> None:
    answer = refusal(client, key=key)

    assert answer.status_code == 401
    assert answer["content-type"] == "application/json"
    assert answer.json() == {
        "error": {"message": CODES[code][1], "type": "invalid_request_error", "param": None, "code": code}
    }
    assert answer["www-authenticate"].startswith("Bearer realm=")
    assert answer["cache-control"] == "no-store"
    assert answer["x-request-id"] == answer["request-id"]
    assert len(answer["x-request-id"]) == len("req_") + 24


def test_requests_have_different_ids(client: Client) -> None:
    assert len({refusal(client)["x-request-id"] for _ in range(20)}) == 20


def test_a_request_id_is_accepted_only_from_a_trusted_proxy(client: Client, settings: Any) -> None:
    request_id = "0123abcd-from.proxy_1"
    assert client.get("/v1/models", headers={"x-request-id": request_id})["x-request-id"] != request_id

    settings.TRUSTED_PROXIES = 1
    assert client.get("/v1/models", headers={"x-request-id": request_id})["x-request-id"] == request_id
    assert client.get("/v1/models", headers={"x-request-id": "a b"})["x-request-id"] != "a b"


def test_a_key_in_place_of_a_request_id_is_not_repeated(client: Client, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1

    for key in (world.key(), "sk-" + "x" * 40):
        assert client.get("/v1/models", headers={"x-request-id": key})["x-request-id"].startswith("req_")


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/", "/v1", "/v1beta/nothing", "/v1/v1/models", "/api/x"])
def test_an_unknown_address_is_json_404(client: Client, path: str) -> None:
    answer = refusal(client, path)

    assert (answer.status_code, answer["content-type"]) == (404, "application/json")
    assert "error" in answer.json()
    assert answer["access-control-allow-origin"] == "*"


def test_a_doubled_v1_gets_a_hint(client: Client) -> None:
    assert "twice" in refusal(client, "/v1/v1/models").json()["error"]["message"]


def test_the_price_lists_errors_say_success_false(client: Client) -> None:
    body = refusal(client, "/api/nothing").json()

    assert (body["success"], body["message"], body["error"]["code"]) == (False, body["error"]["message"], "not_found")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/gpt-4o", "/api/pricing"])
def test_other_verbs_are_405_whatever_key_is_sent(client: Client, method: str, path: str) -> None:
    for key in ("", "sk-wrong", world.key()):
        answer = refusal(client, path, method=method, key=key)

        assert answer.status_code == 405
        assert answer["allow"] == "GET, HEAD, OPTIONS"
        assert answer.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"x" * 100_000, b""])
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data", "text/html; charset=utf-7", ""])
def test_what_a_get_carries_is_not_read(client: Client, body: bytes, kind: str) -> None:
    assert client.generic("GET", "/v1/models", body, kind, headers={"x-api-key": world.key()}).status_code == 200


@pytest.mark.parametrize("error", [OperationalError("host=db password=x"), InterfaceError("closed")])
def test_a_database_that_is_away_is_503_and_when_to_come_back(
    client: Client, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tokens.auth.authentication.find_tokens", _raising(error))

    answer = refusal(client, key="sk-any")

    assert (answer.status_code, answer.json()["error"]["type"]) == (503, "service_unavailable_error")
    assert int(answer["retry-after"]) >= 1
    assert int(answer["retry-after-ms"]) >= 100
    assert b"db" not in answer.content


def test_an_unforeseen_error_is_500_without_details_and_logged_with_its_request(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tokens.auth.authentication.find_tokens", _raising(RuntimeError("secret internals")))

    with caplog.at_level(logging.ERROR):
        answer = refusal(client, key="sk-any")

    assert answer.status_code == 500
    assert answer.json()["error"] == {
        "message": CODES["internal_error"][1], "type": "server_error", "param": None, "code": "internal_error",
    }  # fmt: skip
    logged = next(record for record in caplog.records if record.name == "modelbook.api")
    assert logged.exc_info
    assert "secret internals" in str(logged.exc_info[1])


@pytest.mark.parametrize("path", ["/v1/models", "/v1beta/models", "/anthropic/v1/models", "/api/pricing"])
def test_a_foreign_host_name_is_json_400(client: Client, settings: Any, path: str) -> None:
    settings.ALLOWED_HOSTS = ["models.example"]

    answer = client.get(path, headers={"host": "evil.example"})

    assert (answer.status_code, answer["content-type"]) == (400, "application/json")


def test_more_parameters_than_are_read_is_json_400(client: Client) -> None:
    assert refusal(client, "/v1/models?" + "a&" * 20_000, key=world.key()).status_code == 400


def test_a_message_never_repeats_a_key() -> None:
    key = world.key()

    assert key not in str(ApiError("model_not_found", f"The model {key} does not exist."))
    assert "[key]" in ApiError("bad_request", f"https://x/?key={key}").message


def test_only_the_unforeseen_is_internal() -> None:
    assert as_api_error(ValueError("x")).code == "internal_error"
    assert as_api_error(OperationalError("x")).code == "service_unavailable"


def _raising(error: Exception) -> Any:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail
