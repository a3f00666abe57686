"""Gunicorn's answers on the wire: bodies, lengths, logs."""

import gzip

import pytest

from tests.live.deployment import Operator, Server

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def key(operator: Operator) -> str:
    key: str = operator.run(
        "for number in range(30): world.model(f'wire-{number}', on='wire')\n"
        "world.channel('wire', group='wire')\n"
        "result = world.key('wire')"
    )
    return key


def test_head_has_the_headers_of_get_and_no_body(server: Server, key: str) -> None:
    whole, head = server.get("/v1/models", key=key), server.get("/v1/models", key=key, method="HEAD")

    assert head.status == 200
    assert head.body == b""
    assert (head.headers["etag"], head.headers["content-length"]) == (whole.headers["etag"], str(len(whole.body)))


def test_304_has_no_body(server: Server, key: str) -> None:
    tag = server.get("/v1/models", key=key).headers["etag"]

    answer = server.get("/v1/models", key=key, if_none_match=tag)

    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag)


def test_gzip_is_the_same_body(server: Server, key: str) -> None:
    plain, packed = server.get("/v1/models", key=key), server.get("/v1/models", key=key, accept_encoding="gzip, br")

    assert packed.headers["content-encoding"] == "gzip"
    assert len(packed.body) < len(plain.body) / 4
    assert gzip.decompress(packed.body) == plain.body


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/", "/models", "/models/", "/api/pricing", "/api/pricing/"])
def test_no_form_of_an_address_redirects(server: Server, key: str, path: str) -> None:
    assert server.get(path, key=key).status == 200


def test_a_key_in_the_address_is_in_no_log(server: Server, key: str) -> None:
    assert server.get(f"/v1/models?key={key}").status == 200
    assert server.get(f"/v1/models/{key}", key=key).status == 404
    assert server.get(f"/api/nothing?key={key}", referer=f"http://x/?key={key}").status == 404

    assert "/api/nothing" in server.log
    assert key not in server.log
    assert key[-38:-6] not in server.log


def test_log_lines_name_the_request(server: Server) -> None:
    answer = server.get("/v1/models", key="sk-unknown")

    lines = [line for line in server.log.splitlines() if answer.headers["x-request-id"] in line]
    assert any("WARNING django.request" in line for line in lines)


def test_a_missing_page_of_the_api_is_json_on_any_host_name(server: Server) -> None:
    answer = server.get("/v1/nothing", host="evil.example")

    assert (answer.status, answer.headers["content-type"]) == (404, "application/json")
