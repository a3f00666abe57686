"""Fetching from allowed hosts over real connections: documents, unchanged documents, and too large ones."""

import shutil
import socket
import ssl
import subprocess
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.imports.fetching import Fetched, FetchError, NotModified, ask, fetch
from tests.catalog.imports import hosts
from tests.catalog.imports.hosts import DOCUMENT, server


@pytest.fixture
def host(settings: Any) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """One of the operator's own servers, and the requests that reach it."""
    with server() as (name, requests):
        settings.FETCH_OWN_HOSTS = [name]
        yield f"http://{name}", requests


def test_a_document_comes_with_its_validators(host: tuple[str, list[dict[str, str]]]) -> None:
    answer = fetch(f"{host[0]}/same?version=1")
    assert answer == Fetched(DOCUMENT, '"one"', "Sun, 22 Nov 2026 00:00:00 GMT")
    request = host[1][0]
    assert request["path"] == "/same?version=1"
    assert request["Host"] == host[0].removeprefix("http://")
    assert not {"Cookie", "Authorization", "Referer", "If-None-Match"} & request.keys()


def test_an_unchanged_document_is_not_sent_again(host: tuple[str, list[dict[str, str]]]) -> None:
    assert fetch(f"{host[0]}/same", etag='"one"') == NotModified()


def test_gzip_is_decompressed(host: tuple[str, list[dict[str, str]]]) -> None:
    assert fetch(f"{host[0]}/packed") == Fetched(DOCUMENT)


def test_the_content_type_does_not_matter(host: tuple[str, list[dict[str, str]]]) -> None:
    assert fetch(f"{host[0]}/html") == Fetched(b"<html>")


def test_three_redirects_are_followed_and_no_more(host: tuple[str, list[dict[str, str]]]) -> None:
    assert fetch(f"{host[0]}/hops/3") == Fetched(DOCUMENT)
    with pytest.raises(FetchError, match="more than 3 times"):
        fetch(f"{host[0]}/hops/4")
    with pytest.raises(FetchError, match="more than 3 times"):
        fetch(f"{host[0]}/loop")


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:1/",
        "https://169.254.169.254/",
        "https://localhost/",
        "https://[::1]/",
        "//10.0.0.1/",
        "file:///etc/passwd",
        "http://models.example.com/",
        "https://user@127.0.0.1/",
        "https://①②⑦.0.0.1/",
    ],
)
def test_every_redirect_is_checked_again(host: tuple[str, list[dict[str, str]]], target: str) -> None:
    with pytest.raises(FetchError):
        fetch(f"{host[0]}/away/{target}")
    assert len(host[1]) <= 1


def test_a_foreign_host_does_not_redirect_to_the_operators_own_hosts(
    host: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("93.184.215.14", 443))])
    monkeypatch.setattr("catalog.imports.fetching._request", lambda *_: f"{host[0]}/plain")
    with pytest.raises(FetchError, match="must start with https"):
        fetch("https://models.example.com/")


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("missing", "answered 404"),
        ("broken", "answered 500"),
        ("long", "more than 64 MiB"),
        ("cut", "only a part"),
        ("endless", "more than 64 MiB"),
        ("bomb", "more than 64 MiB"),
        ("half", "incomplete gzip"),
        ("damaged", "damaged gzip"),
        ("brotli", "unsupported way"),
        ("continues", "could not be reached"),
        ("noise", "could not be reached"),
        ("nothing", "could not be reached"),
    ],
)
def test_a_bad_response_is_reported_in_one_sentence(
    host: tuple[str, list[dict[str, str]]], path: str, sentence: str
) -> None:
    with pytest.raises(FetchError, match=sentence) as refused:
        fetch(f"{host[0]}/{path}?key=secret")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("path", ["endless", "bomb"])
def test_no_response_fills_the_memory(
    host: tuple[str, list[dict[str, str]]], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = hosts.bomb()
    monkeypatch.setattr(hosts, "bomb", lambda: packed)
    tracemalloc.start()
    try:
        with pytest.raises(FetchError, match="more than 64 MiB"):
            fetch(f"{host[0]}/{path}")
        assert tracemalloc.get_traced_memory()[1] < 80 * 1024**2
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("path", ["slow-headers", "slow-body"])
def test_a_slow_host_is_abandoned_after_the_time_limit(
    host: tuple[str, list[dict[str, str]]], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.imports.fetching.SECONDS", 0.5)
    with pytest.raises(FetchError, match="took longer"):
        fetch(f"{host[0]}/{path}")
    # Long before the host has sent everything.
    assert int(host[1][0]["dripped"]) < hosts.DRIPS / 2


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of models.example.test with its key, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on this machine")
    key, certificate = tmp_path / "key.pem", tmp_path / "made.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=models.example.test -addext"
    arguments = ["subjectAltName=DNS:models.example.test", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *arguments], check=True, capture_output=True)
    certificate.write_bytes(certificate.read_bytes() + key.read_bytes())
    return certificate


@pytest.mark.parametrize("name", ["models.example.test", "other.example.test"])
@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_must_be_the_hosts_own_and_trusted(
    certificate: Path, name: str, trusted: bool, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate) if trusted else "/dev/null")
    with server(context) as (address, requests):
        port = int(address.partition(":")[2])
        settings.FETCH_OWN_HOSTS = [f"{name}:{port}"]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("127.0.0.1", port))])
        if trusted and name == "models.example.test":
            assert fetch(f"https://{name}:{port}/plain") == Fetched(DOCUMENT)
            assert requests[0]["Host"] == f"{name}:{port}"
        else:
            with pytest.raises(FetchError, match="no trusted certificate"):
                fetch(f"https://{name}:{port}/plain")
            assert requests == []


def test_asking_returns_every_status_and_follows_no_redirect() -> None:
    with server() as (name, requests):
        key = {"Authorization": "Bearer sk-made-up"}
        replies = [
            ask(f"http://{name}/{path}", headers=key) for path in ("plain", "packed", "loop", "away/http://x.test")
        ]

    assert [reply.status for reply in replies] == [200, 200, 302, 302]
    assert [reply.content for reply in replies[:2]] == [DOCUMENT, DOCUMENT]
    assert [request["Authorization"] for request in requests] == ["Bearer sk-made-up"] * 4


@pytest.mark.parametrize("url", ["http://8.8.8.8/v1/models", "ftp://127.0.0.1/", "http://user:pass@127.0.0.1/", "x"])
def test_keys_are_not_sent_in_clear_text_to_the_public_internet(url: str) -> None:
    with pytest.raises(FetchError) as refused:
        ask(url, headers={"Authorization": "Bearer sk-made-up"})

    assert "sk-made-up" not in str(refused.value)
