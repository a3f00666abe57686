"""A thousand strange requests: never HTML, never a redirect, never a fault of ours."""

import random
from typing import Any

import pytest
from django.test import Client

from tests import world

pytestmark = pytest.mark.django_db

STARTS = ["/v1", "/v1beta", "/v1alpha", "/anthropic", "/models", "/api", "/v1/models", "/api/pricing", "/v1beta/models"]
PARTS = [
    "models", "models/", "gpt-4o", "v1", "pricing", "..", ".", "", "%2F", "%00", "%FF", "%ED%A0%80", "%0d%0aX-Evil:1",
    "a:b", "模型", "gpt-4o:generateContent", "tunedModels", "openai/models", "x" * 300, "{}", "<script>", "'",
    "admin", "favicon.ico",
]  # fmt: skip
QUERIES = [
    "key", "limit", "after_id", "before_id", "lifecycle[]", "pageSize", "pageToken", "format", "dialect", "discount",
    "client_version", "beta", "$alt", "",
]  # fmt: skip
VALUES = [
    "", "0", "-1", "1", "1000", "99999999999999999999", "1e5", "NaN", "%00", "%FF%FE", "gpt-4o", "anthropic", "gemini",
    "openai", "true", "xml", "..", "W10", "WzEsMl0", "bnVsbA==", "eyJhIjoxfQ", "W25hbiwiYSJd", "é", "a,b", "x" * 500,
]  # fmt: skip
HEADERS = [
    "authorization", "x-api-key", "x-goog-api-key", "anthropic-version", "accept", "accept-encoding", "if-none-match",
    "origin", "content-type", "host", "x-forwarded-for", "x-forwarded-proto", "range", "cookie", "x-request-id",
    "access-control-request-headers", "content-length", "x-http-method-override", "if-modified-since", "expect",
]  # fmt: skip
HEADER_VALUES = [
    "", " ", "*", "0", "Bearer", "Bearer x", "Basic eDp5", "text/html", "application/xml", "gzip;q=x", "2023-06-01",
    '"', "W/", "bytes=0-1", "\xff\xfe", "\x00", "a" * 5000, "sessionid=x", "text/html; charset=utf-7",
    "multipart/form-data",
    "application/json; charset=nonsense", "null", "https://evil.example", "\t", "%s%n", "{key}",
]  # fmt: skip
METHODS = ["GET"] * 12 + ["HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "get", "FOO"]


def strange(dice: random.Random, key: str) -> dict[str, Any]:
    path = "/".join([dice.choice(STARTS), *dice.choices(PARTS, k=dice.randrange(3))])
    query = "&".join(f"{dice.choice(QUERIES)}={dice.choice(VALUES)}" for _ in range(dice.randrange(4)))
    headers = {
        name: dice.choice(HEADER_VALUES).replace("{key}", key) for name in dice.sample(HEADERS, dice.randrange(5))
    }
    if dice.random() < 0.5:
        headers["authorization"] = f"Bearer {key}"
    if "host" in headers and dice.random() < 0.9:
        del headers["host"]
    # As a server would have to deliver them; it refuses the rest itself.
    return {"path": f"{path}?{query}", "method": dice.choice(METHODS), "headers": headers}


@pytest.mark.parametrize("seed", range(10))
def test_every_answer_is_one_that_a_client_can_read(client: Client, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    client.raise_request_exception = False
    world.model("gpt-4o")
    world.model("a:b")
    key = world.key()

    for _ in range(100):
        asked = strange(dice, key)
        answer = client.generic(asked["method"], asked["path"], headers=asked["headers"])

        assert answer.status_code in {200, 204, 304, 400, 401, 403, 404, 405}, asked
        assert answer.get("content-type", "application/json") == "application/json", asked
        assert answer["x-request-id"] == answer["request-id"], asked
        assert answer.content[:1] in {b"{", b"\x1f", b""}, asked
        if answer.status_code >= 400 and asked["method"] != "HEAD":
            assert "error" in answer.json(), asked
            assert key not in answer.content.decode(), asked
