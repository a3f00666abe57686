"""Requests that gunicorn itself refuses get an error like every other of the API, which never repeats the request."""

import pytest

from tests.live.deployment import Server
from tests.live.wire import head_of, send

pytestmark = pytest.mark.django_db

# It belongs to no token, and no pattern of the log filter matches it.
KEY = "a-foreign-key-4711"
GET = "GET /v1/models HTTP/1.1"
UNREADABLE = [
    (head_of(f"GET /v1/models/é?key={KEY} HTTP/1.1"), 400),
    (head_of(GET, f"Authorization Bearer {KEY}"), 400),
    (head_of(GET, f"Bearer {KEY}: x"), 400),
    (head_of(GET, f"X-Api-Key: {KEY}\0"), 400),
    (head_of(GET, f"Content-Length: {KEY}"), 400),
    (head_of(GET, f"Transfer-Encoding: {KEY}"), 501),
    (head_of(GET, f"Expect: {KEY}"), 417),
    (head_of(GET, f"X-Long: {KEY * 2000}"), 431),
    (head_of(GET, *(f"X-{number}: {KEY}" for number in range(120))), 431),
    (head_of(f"GET /v1/models?key={KEY}&{'x' * 9000} HTTP/1.1"), 414),
    (head_of(f"GET /v1/models?key={KEY} HTTP/3.0"), 400),
    (head_of(f"get /v1/models?key={KEY} HTTP/1.1"), 400),
    (head_of(f"GET {KEY} HTTP/1.1"), 400),
    (head_of(f"GET /v1/models?key={KEY}"), 400),
    (f"\n{KEY}\r\n\r\n".encode(), 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + KEY.encode() + b"\r\n\r\n", 400),
]


@pytest.mark.parametrize(("sent", "status"), UNREADABLE)
def test_an_unreadable_request_gets_an_api_error_without_its_key(server: Server, sent: bytes, status: int) -> None:
    answer = send(server.port, sent)

    assert answer.status == status
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["x-request-id"] == answer.headers["request-id"]
    assert answer.headers["x-request-id"].startswith("req_")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-should-retry"] == "false"
    assert answer.json()["error"]["code"]
    assert KEY.encode() not in answer.whole
    assert KEY not in server.log


@pytest.mark.parametrize(
    ("start", "lines", "dialect"),
    [
        ("GET /v1beta/models/é HTTP/1.1", [], "gemini"),
        (f"GET /v1beta/models?pageToken={'x' * 9000} HTTP/1.1", [], "gemini"),
        ("GET /v1/models?key=x HTTP/1.1", ["Expect: much"], "gemini"),
        ("GET /v1/models HTTP/1.1", ["anthropic-version: 2023-06-01", "broken"], "anthropic"),
        ("GET /v1/models HTTP/1.1", ["anthropic-version: 2023-06-01", "Content-Length: x"], "anthropic"),
        ("GET /anthropic/v1/models HTTP/1.1", ["broken"], "anthropic"),
        ("GET /v1beta/openai/models HTTP/1.1", ["anthropic-version: 2023-06-01", "broken"], "openai"),
        ("GET /api/pricing HTTP/1.1", ["broken"], "prices"),
    ],
)
def test_the_error_is_in_the_dialect_that_the_request_shows(
    server: Server, start: str, lines: list[str], dialect: str
) -> None:
    body = send(server.port, head_of(start, *lines)).json()

    shapes = {"gemini": "status" in body["error"], "anthropic": body.get("type") == "error"}
    shapes["prices"] = body.get("success") is False
    assert [name for name, is_so in shapes.items() if is_so] == [name for name in [dialect] if name != "openai"]


def test_a_head_that_cannot_be_read_gets_no_body(server: Server) -> None:
    answer = send(server.port, head_of("HEAD /v1/models HTTP/1.1", "broken"))

    assert (answer.status, answer.body) == (400, b"")
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize("value", ["/zzz", "/v1/models", "/v1"])
@pytest.mark.parametrize("name", ["SCRIPT_NAME", "PATH_INFO", "Script-Name"])
def test_no_header_changes_the_path_of_the_application(server: Server, name: str, value: str) -> None:
    answer = send(server.port, head_of(GET, f"{name}: {value}"))

    assert (answer.status, answer.json()["error"]["code"]) == (401, "missing_api_key")


def test_proxies_may_contradict_each_other_about_the_scheme(server: Server) -> None:
    answer = send(server.port, head_of(GET, "X-Forwarded-Proto: https", "X-Forwarded-Ssl: off"))

    assert answer.status == 401


def test_a_long_query_and_a_long_cookie_are_read(server: Server) -> None:
    sent = head_of(f"GET /v1/models?user={'x' * 5000} HTTP/1.1", f"Cookie: other={'x' * 9000}")

    assert send(server.port, sent).status == 401


def test_the_rest_of_a_body_that_cannot_be_read_gets_no_second_answer(server: Server) -> None:
    sent = head_of(GET, "Transfer-Encoding: chunked").replace(b"Connection: close\r\n", b"") + b"no chunk\r\n\r\n"

    answer = send(server.port, sent)

    assert answer.status == 400
    assert answer.whole.count(b"HTTP/1.1") == 1


def test_the_log_names_the_client_and_the_reason(server: Server) -> None:
    send(server.port, head_of(GET, "broken"))

    assert "Refused a request of 127.0.0.1: InvalidHeader" in server.log
