"""The nginx of docs/nginx, a real one, in front of a running server."""

import http.client
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.live.deployment import ROOT, Answer, Operator, Server
from tests.servers import SECONDS, free_port, wait_for_port

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed (apt-get install nginx-light)"),
]


class Models(BaseHTTPRequestHandler):
    """The upstream: a request that arrives here was allowed."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"a model's answer")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nobody reads it."""


@pytest.fixture(scope="module")
def nginx(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Models)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    port = free_port()
    folder: Path = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o777)
    configuration = (ROOT / "docs" / "nginx" / "nginx.conf").read_text()
    for ours, theirs in ((":8000", f":{server.port}"), (":8100", f":{upstream.server_port}"), (":8080", f":{port}")):
        assert ours in configuration
        configuration = configuration.replace(ours, theirs)
    (folder / "nginx.conf").write_text(configuration)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["nginx", "-p", str(folder), "-c", "nginx.conf"], stdout=log, stderr=log)
    try:
        wait_for_port(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(SECONDS)
        upstream.shutdown()
        upstream.server_close()


def post(port: int, path: str, **headers: str) -> Answer:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        client.request("POST", path, body=b'{"a": 1}', headers={k.replace("_", "-"): v for k, v in headers.items()})
        return Answer(client.getresponse())
    finally:
        client.close()


@pytest.fixture(scope="module", autouse=True)
def _models(operator: Operator) -> None:
    operator.run(
        "world.model('nginx-yes', on='nginx'); world.model('nginx-no', on='nginx', status='draft')\n"
        "world.channel('nginx', group='nginx')"
    )


@pytest.fixture(scope="module")
def key(operator: Operator) -> str:
    key: str = operator.run("result = world.key('nginx')")
    return key


def test_an_allowed_call_reaches_the_upstream(nginx: int, key: str) -> None:
    by_header = post(nginx, "/v1/chat/completions", authorization=f"Bearer {key}", x_model="nginx-yes")
    by_path = post(nginx, "/v1beta/models/nginx-yes:generateContent", x_goog_api_key=key)

    assert (by_header.status, by_header.body) == (200, b"a model's answer")
    assert (by_path.status, by_path.body) == (200, b"a model's answer")


@pytest.mark.parametrize("name", ["nginx-no", "nginx-never-was", ""])
def test_a_forbidden_call_is_refused_by_nginx(nginx: int, key: str, name: str) -> None:
    answer = post(nginx, "/v1/chat/completions", authorization=f"Bearer {key}", x_model=name)

    reason = "model_not_allowed" if name else "model_not_named"
    assert (answer.status, answer.headers["x-modelbook-reason"]) == (403, reason)
    assert answer.json()["error"]["code"] == reason


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1beta/models/nginx-no:generateContent?model=nginx-yes", {}),
        ("/v1beta/models/nginx-no:generateContent", {"x_model": "nginx-yes"}),
        ("/v1beta/models/nginx-no:generateContent", {"x_forwarded_uri": "/v1/x?model=nginx-yes"}),
        ("/v1beta/models/nginx-no:generateContent", {"x_original_uri": "/v1/x?model=nginx-yes"}),
    ],
)
def test_a_second_name_opens_no_other_model(nginx: int, key: str, path: str, headers: dict[str, str]) -> None:
    answer = post(nginx, path, x_goog_api_key=key, **headers)

    assert (answer.status, answer.headers["x-modelbook-reason"]) == (403, "model_not_allowed")


def test_a_key_in_the_address_is_accepted(nginx: int, key: str) -> None:
    assert post(nginx, f"/v1beta/models/nginx-yes:generateContent?key={key}").status == 200
    assert post(nginx, f"/v1beta/models/nginx-no:generateContent?key={key}").status == 403


def test_a_bad_key_is_refused_by_nginx(nginx: int) -> None:
    answer = post(nginx, "/v1/chat/completions", authorization="Bearer sk-wrong", x_model="nginx-yes")

    assert (answer.status, answer.headers["x-modelbook-reason"]) == (401, "invalid_api_key")


def test_a_spent_rate_is_429_here_too(nginx: int, operator: Operator) -> None:
    key = operator.run("result = world.key('nginx', rate_limit='1/hour')")
    sent = {"authorization": f"Bearer {key}", "x_model": "nginx-yes"}

    # Each of the four workers counts for itself here.
    answers = [post(nginx, "/v1/chat/completions", **sent) for _ in range(40)]

    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert {answer.status for answer in answers} == {200, 429}
    assert int(refused[0].headers["retry-after"]) > 0


def test_a_revoked_key_is_refused_by_the_next_request(nginx: int, operator: Operator) -> None:
    key = operator.run("result = world.key('nginx', name='nginx-revoked')")
    sent = {"authorization": f"Bearer {key}", "x_model": "nginx-yes"}
    assert post(nginx, "/v1/chat/completions", **sent).status == 200

    operator.run("Token.objects.filter(name='nginx-revoked').set_enabled(False)")

    assert [post(nginx, "/v1/chat/completions", **sent).status for _ in range(20)] == [401] * 20


def get(port: int, path: str, key: str) -> Answer:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    client.request("GET", path, headers={"authorization": f"Bearer {key}"})
    answer = Answer(client.getresponse())
    client.close()
    return answer


@pytest.mark.parametrize("path", ["/v1/models", "/v1beta/openai/models", "/anthropic/v1/models"])
def test_the_list_comes_from_the_catalog(nginx: int, key: str, path: str) -> None:
    assert [row["id"] for row in get(nginx, path, key).json()["data"]] == ["nginx-yes"]


def test_a_single_model_and_prices_come_from_the_catalog(nginx: int, key: str) -> None:
    assert get(nginx, "/v1/models/nginx-yes", key).json()["id"] == "nginx-yes"
    assert get(nginx, "/v1beta/models/nginx-yes", key).json()["name"] == "models/nginx-yes"
    assert get(nginx, "/v1/models/nginx-no", key).status == 404
    assert get(nginx, "/api/pricing", key).json()["success"] is True
