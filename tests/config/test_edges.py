"""Edge cases of responses: lengths, request ids, JSON under DEBUG, and one log line per refused request."""

import logging
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from tests import world
from tokens.http.middleware import BodilessMiddleware

pytestmark = pytest.mark.django_db

PREFIXES = ["/v1", "/v1beta", "/v1alpha", "/anthropic", "/api"]


def test_a_304_has_no_content_length(client: Client) -> None:
    headers = {"authorization": f"Bearer {world.key()}"}
    tag = client.get("/v1/models", headers=headers)["etag"]

    for method in ("GET", "HEAD"):
        answer = client.generic(method, "/v1/models", headers=headers | {"if-none-match": tag})
        assert (answer.status_code, answer.has_header("content-length")) == (304, False)


def test_head_keeps_the_length_and_sends_no_body() -> None:
    def whole(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(b"twelve bytes")

    answer = BodilessMiddleware(whole)(RequestFactory().head("/"))

    assert (answer.content, answer["content-length"]) == (b"", "12")


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("path", ["/v1/models", "/api/pricing", "/"])
def test_a_foreign_host_is_one_line_of_the_log(
    client: Client, settings: Any, caplog: pytest.LogCaptureFixture, path: str, debug: bool
) -> None:
    settings.ALLOWED_HOSTS, settings.DEBUG = ["models.example"], debug

    answer = client.get(path, headers={"host": "evil.example", "accept": "text/html"})

    assert answer.status_code == 400
    assert (answer["content-type"] == "application/json") is (path != "/")
    assert [(record.levelno, record.exc_info) for record in caplog.records] == [(logging.WARNING, None)]
    assert "evil.example" in caplog.text


def test_too_many_parameters_of_a_page_are_one_line_of_the_log(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.get("/?" + "a&" * 1001, headers={"accept": "text/html"}).status_code == 400

    assert [record.levelno for record in caplog.records] == [logging.WARNING]


@pytest.mark.parametrize("path", [*PREFIXES, *(f"{prefix}/no%0Athing" for prefix in PREFIXES), "/models/x"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_debug_sends_no_html_below_the_api(settings: Any, path: str, method: str) -> None:
    settings.DEBUG = True

    answer = Client(enforce_csrf_checks=True).generic(method, path)

    assert (answer.status_code in {401, 404, 405}, answer["content-type"]) == (True, "application/json")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/", "/docs", "/openapi.json/", "/robots.txt", "/nothing"])
def test_every_response_has_the_request_id(client: Client, path: str) -> None:
    answer = client.get(path)

    assert answer["x-request-id"] == answer["request-id"]


@pytest.mark.parametrize("path", ["/v1/v1", "/v1/v1/", "/v1/v1/chat/completions"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_doubled_v1_gets_its_hint(client: Client, path: str, method: str) -> None:
    assert "twice" in client.generic(method, path).json()["error"]["message"]


def test_a_preflight_that_names_no_headers_allows_those_of_the_sdks(client: Client) -> None:
    allowed = client.options("/v1/models")["access-control-allow-headers"].lower().split(", ")

    assert {"authorization", "x-api-key", "anthropic-version", "x-goog-api-key", "x-stainless-os"} <= set(allowed)
    assert "api-key" in client.get("/v1/models")["vary"].lower()


def test_admin_without_a_slash_redirects_to_the_admin(client: Client) -> None:
    answer = client.get("/admin")

    assert (answer.status_code, answer["location"]) == (302, "/admin/")
