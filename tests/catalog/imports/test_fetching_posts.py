"""Posting to addresses that people entered: the same checks as for sources, one answer, and never a redirect."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from catalog.imports import fetching
from catalog.imports.fetching import FetchError, check_address, send
from tests.catalog.imports.hosts import DOCUMENT, server
from tests.catalog.imports.test_fetching_refused import BAD, PRIVATE, PUBLIC, answers, connections

__all__ = ["connections"]
HEADERS = {"Content-Type": "application/json", "webhook-id": "evt_1"}


@pytest.fixture
def host(settings: Any) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """One of the operator's own servers, and the requests that reach it."""
    with server() as (name, requests):
        settings.FETCH_OWN_HOSTS = [name]
        yield f"http://{name}", requests


def test_the_bytes_and_headers_arrive_unchanged(host: tuple[str, list[dict[str, str]]]) -> None:
    reply = send(f"{host[0]}/plain?hook=1", '{"type":"é"}'.encode(), headers=HEADERS)

    request = host[1][0]
    assert (reply.status, reply.content) == (200, DOCUMENT)
    assert (request["path"], request["body"], request["Content-Length"]) == ("/plain?hook=1", '{"type":"é"}', "13")
    assert (request["Content-Type"], request["webhook-id"]) == ("application/json", "evt_1")
    assert not {"Cookie", "Authorization", "Referer"} & request.keys()


@pytest.mark.parametrize("path", ["loop", "away/http://127.0.0.1:1/", "hops/2"])
def test_a_redirect_is_an_answer_and_is_not_followed(host: tuple[str, list[dict[str, str]]], path: str) -> None:
    assert send(f"{host[0]}/{path}", b"{}", headers={}).status == 302
    assert len(host[1]) == 1


@pytest.mark.parametrize(("path", "status"), [("missing", 404), ("broken", 500), ("html", 200)])
def test_every_status_is_an_answer(host: tuple[str, list[dict[str, str]]], path: str, status: int) -> None:
    assert send(f"{host[0]}/{path}", b"{}", headers={}).status == status


@pytest.mark.parametrize("path", ["long", "cut", "endless", "half", "brotli"])
def test_a_body_that_is_wrong_or_endless_does_not_change_the_status(
    host: tuple[str, list[dict[str, str]]], path: str
) -> None:
    reply = send(f"{host[0]}/{path}", b"{}", headers={})

    assert reply.status == 200
    assert len(reply.content) <= fetching.LONGEST_ANSWER


def test_a_host_that_answers_slowly_is_left_in_time(host: tuple[str, list[dict[str, str]]]) -> None:
    began = time.monotonic()
    with pytest.raises(FetchError, match="took longer than 1 seconds"):
        send(f"{host[0]}/slow-headers?secret=1", b"{}", headers={}, seconds=0.6)
    # The status has arrived: it counts, however slow the rest is.
    assert send(f"{host[0]}/slow-body", b"{}", headers={}, seconds=0.3).status == 200
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("path", ["noise", "nothing"])
def test_no_answer_is_reported_without_the_address(host: tuple[str, list[dict[str, str]]], path: str) -> None:
    with pytest.raises(FetchError, match="could not be reached") as refused:
        send(f"{host[0]}/{path}/T000/secret?key=secret", b"{}", headers={})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", BAD)
def test_no_bad_address_is_stored_or_connected_to(
    url: str, connections: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, ["127.0.0.1"])
    with pytest.raises(FetchError):
        check_address(url)
    with pytest.raises(FetchError):
        send(url, b"{}", headers={})
    assert connections == []


def test_an_address_with_an_unknown_host_may_be_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, [], [PUBLIC], [PUBLIC, PRIVATE])
    check_address("https://later.example.com/hook")
    check_address("https://there.example.com/hook")
    with pytest.raises(FetchError, match="not on the public internet"):
        check_address("https://inside.example.com/hook")


def test_a_name_that_becomes_private_after_it_was_stored_is_not_sent_to(
    connections: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts_asked = answers(monkeypatch, [PUBLIC], [PUBLIC], ["127.0.0.1"])
    check_address("https://hooks.example.com/")
    with pytest.raises(FetchError, match="could not be reached"):
        send("https://hooks.example.com/", b"{}", headers={})
    assert (len(hosts_asked), connections) == (2, [PUBLIC])
    with pytest.raises(FetchError, match="not on the public internet"):
        send("https://hooks.example.com/", b"{}", headers={})
    assert connections == [PUBLIC]


def test_proxies_of_the_environment_are_not_used(
    host: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert send(f"{host[0]}/plain", b"{}", headers={}).status == 200


def test_only_the_port_that_is_named_belongs_to_the_operators_own_hosts(settings: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings.FETCH_OWN_HOSTS = ["127.0.0.1:1"]
        with pytest.raises(FetchError, match="must start with https"):
            check_address(f"http://127.0.0.1:{taken.getsockname()[1]}/")
