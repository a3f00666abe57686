"""Thousands of strange requests on the wire: no HTML below the API's prefixes, no redirect, no fault, no key back."""

import gzip
import json
import random
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.live.deployment import Operator, Server
from tests.live.wire import Raw, head_of, send
from tests.sizes import size

pytestmark = pytest.mark.django_db
REQUESTS = size(1_500, full=6_000)
# What gunicorn refuses by itself is answered with the last five.
STATUSES = {200, 204, 304, 400, 401, 403, 404, 405, 414, 417, 431, 501}

STARTS = [
    "/v1", "/v1beta", "/v1alpha", "/anthropic", "/models", "/models", "/api", "/v1/models", "/v1/models",
    "/api/pricing", "/v1beta/models", "/api/authorize", "/api/token", "//v1", "http://evil.example/v1/models",
]  # fmt: skip
PARTS = [
    "models", "models/", "gpt-4o", "v1", "pricing", "..", ".", "", "%2F", "%00", "%FF", "%ED%A0%80", "%0d%0aX-Evil:1",
    "a:b", "模型", "gpt-4o:generateContent", "tunedModels", "openai/models", "x" * 300, "{}", "<script>", "'",
    "admin", "favicon.ico",
]  # fmt: skip
QUERIES = [
    "key", "limit", "after_id", "before_id", "lifecycle[]", "pageSize", "pageToken", "format", "dialect", "discount",
    "client_version", "beta", "$alt", "", "vendor", "capability", "max_price", "min_context", "sort", "strict",
]  # fmt: skip
VALUES = [
    "", "0", "-1", "1", "1000", "99999999999999999999", "1e5", "NaN", "%00", "%FF%FE", "gpt-4o", "anthropic", "gemini",
    "openai", "true", "xml", "..", "{key}", "W10", "WzEsMl0", "bnVsbA==", "eyJhIjoxfQ", "W25hbiwiYSJd", "é", "a,b",
    "price", "x" * 500,
]  # fmt: skip
HEADERS = [
    "authorization", "x-api-key", "x-goog-api-key", "anthropic-version", "accept", "accept-encoding", "if-none-match",
    "origin", "content-type", "host", "x-forwarded-for", "x-forwarded-proto", "range", "cookie", "x-request-id",
    "access-control-request-headers", "content-length", "x-http-method-override", "if-modified-since", "expect",
    "api-key", "script_name", "script-name", "path_info", "x-forwarded-prefix", "x-original-uri", "x-forwarded-uri",
    "referer", "accept", "accept", "transfer-encoding",
]  # fmt: skip
HEADER_VALUES = [
    "", " ", "*", "0", "Bearer", "Bearer x", "Basic eDp5", "text/html", "application/xml", "gzip;q=x", "2023-06-01",
    '"', "W/", "bytes=0-1", "\xff\xfe", "\x00", "a" * 5000, "sessionid=x", "text/html; charset=utf-7",
    "multipart/form-data",
    "application/json; charset=nonsense", "null", "https://evil.example", "\t", "%s%n", "{key}",
    "/v1", "/zzz", "/admin/?key={key}", "Bearer {key}", "text/html",
]  # fmt: skip
METHODS = ["GET"] * 12 + ["HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "get", "FOO"]


# The management API answers with problems, at its addresses alone.
MANAGED = re.compile(r"(?i)(?:http://[^/]*)?/+api/+admin\b")

# What no client library would write, in place of a part of a request that is well.
LINES = [
    "{method}  {path} HTTP/1.1", "{method} {path}", "{path}", "{method} {path} HTTP/9.9", "{method} {path} HTTP/1.0",
    "{method}\t{path}\tHTTP/1.1", "{key}", "{method} {path} HTTP/1.1 {key}", "{method} {path}#{key} HTTP/1.1", "",
]  # fmt: skip
BROKEN = ["Bearer {key}", "Bearer {key}: x", ": {key}", "X-Api-Key : {key}", " {key}", "X-Key: {key}\0", "X\n-Y: {key}"]


@dataclass(frozen=True)
class Strange:
    """A request as bytes, and its parts that decide which responses are valid."""

    sent: bytes
    method: str
    path: str
    headers: dict[str, str]

    def may_be_a_page(self, key: str) -> bool:
        """Whether it is a browser's, without a key, for a model's page."""
        credentials = ("authorization", "x-api-key", "x-goog-api-key", "api-key")
        has_key = f"key={key}" in self.path or any(key in self.headers.get(name, "") for name in credentials)
        return self.path.startswith("/models/") and "text/html" in self.headers.get("accept", "") and not has_key


def strange(dice: random.Random, key: str) -> Strange:
    """Mostly what gunicorn hands on, every sixth time something that it has to refuse or to bear."""
    path = "/".join([dice.choice(STARTS), *dice.choices(PARTS, k=dice.randrange(3))])
    query = "&".join(f"{dice.choice(QUERIES)}={dice.choice(VALUES)}" for _ in range(dice.randrange(4)))
    names = dice.sample(HEADERS, dice.randrange(5))
    headers = {name: dice.choice(HEADER_VALUES).replace("{key}", key) for name in names}
    if dice.random() < 0.5:
        headers["authorization"] = f"Bearer {key}"
    if dice.random() < 0.03:
        # Pages are at few addresses, and only for browsers.
        path, headers = f"/models/{dice.choice(PARTS)}", {"accept": "text/html"}
    # Beside the one that is always there it makes the request unreadable.
    if dice.random() < 0.9:
        headers.pop("host", None)
    method, target = dice.choice(METHODS), f"{path}?{query}".replace("{key}", key).replace(" ", "%20")
    start, lines = f"{method} {target} HTTP/1.1", [f"{name}: {value}" for name, value in headers.items()]
    match dice.randrange(36):
        case 0 | 1:
            start = dice.choice(LINES).format(method=method, path=target, key=key)
        case 2 | 3:
            lines.append(dice.choice(BROKEN).replace("{key}", key))
        case 4:
            start = f"{method} {target}&long={'x' * dice.choice([5_000, 8_000, 9_000])}{key} HTTP/1.1"
        case 5:
            lines += [f"X-{number}: {key}" for number in range(dice.choice([20, 80, 99, 101, 150]))]
        case 6:
            lines.append(f"X-Long: {key * dice.choice([100, 300, 400])}")
    return Strange(head_of(start, *lines), method, target, headers)


def text_of(answer: Raw) -> bytes:
    return gzip.decompress(answer.body) if answer.headers.get("content-encoding") == "gzip" else answer.body


@pytest.fixture(scope="module")
def key(operator: Operator) -> str:
    key: str = operator.run(
        "for name in ('gpt-4o', 'a:b'): world.model(name, on='fuzz')\n"
        "world.channel('fuzz', group='fuzz')\n"
        "result = world.key('fuzz')"
    )
    return key


def test_every_answer_is_one_that_a_client_can_read(server: Server, key: str) -> None:
    dice = random.Random(17)  # noqa: S311
    requests = [strange(dice, key) for _ in range(REQUESTS)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda request: send(server.port, request.sent), requests))

    pages = 0
    for request, answer in zip(requests, answers, strict=True):
        assert answer.status in STATUSES, (request, answer)
        assert answer.whole.count(b"HTTP/1.") == 1, (request, answer)
        assert answer.headers["x-request-id"] == answer.headers["request-id"], (request, answer)
        assert "location" not in answer.headers, (request, answer)
        text = text_of(answer)
        assert key.encode() not in answer.whole + text, (request, answer)
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert request.may_be_a_page(key), (request, answer)
            pages += 1
            continue
        is_managed = answer.headers.get("content-type") == "application/problem+json"
        if is_managed:
            assert MANAGED.match(request.path), (request, answer)
        else:
            assert answer.headers.get("content-type", "application/json") == "application/json", (request, answer)
        assert text[:1] in {b"{", b""}, (request, answer)
        if answer.status >= 400 and text:
            assert ("detail" if is_managed else "error") in json.loads(text), (request, answer)
    # Otherwise the dice made no interesting request.
    assert {answer.status for answer in answers} >= STATUSES - {403, 304}
    assert pages
    assert key not in server.log
