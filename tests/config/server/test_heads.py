"""Request heads: gunicorn decides what is refused, equal bytes are read once, and a slow head is not read for ever."""

from typing import Any

import pytest
from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.http import errors  # type: ignore[import-untyped]

from config.server.heads import MAX_HEAD, MAX_HEADS, MAX_STORED, Heads, check_incomplete

CLIENT, SERVER = ("192.0.2.1", 4711), ("127.0.0.1", 8000)
HEAD = b"GET /v1/models?a=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n"


@pytest.fixture
def cfg() -> Any:
    return Config()


def test_a_head_is_read_once_for_every_connection_of_an_address(cfg: Any) -> None:
    heads = Heads(cfg)
    head = heads.read(HEAD % b"one", CLIENT, SERVER)

    assert heads.read(HEAD % b"one", (CLIENT[0], 1), SERVER) is head
    assert heads.read(HEAD % b"two", CLIENT, SERVER) is not head
    assert heads.read(HEAD % b"one", CLIENT, ("127.0.0.1", 9000)).environ["SERVER_PORT"] == "9000"
    environ = head.environ_for(("192.0.2.2", 1), {})
    assert (environ["REMOTE_ADDR"], environ["REMOTE_PORT"]) == ("192.0.2.2", "1")
    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == ("/v1/models", "a=1")
    environ["modelbook.context"] = "of one request"
    assert "modelbook.context" not in head.environ_for(CLIENT, {})


def test_only_a_trusted_proxy_decides_the_scheme_of_a_stored_head(cfg: Any) -> None:
    heads = Heads(cfg)
    head = HEAD.replace(b"Host", b"X-Forwarded-Proto: https\r\nHost") % b"one"

    read = (heads.read(head, (address, 1), SERVER) for address in ("127.0.0.1", CLIENT[0]))
    schemes = [message.environ["wsgi.url_scheme"] for message in read]

    assert schemes == ["https", "http"]


def test_stored_heads_are_limited_in_number_and_size(cfg: Any) -> None:
    heads = Heads(cfg)
    first = heads.read(HEAD % b"first", CLIENT, SERVER)
    long = HEAD % (b"x" * MAX_STORED)
    assert heads.read(long, CLIENT, SERVER) is not heads.read(long, CLIENT, SERVER)
    for number in range(MAX_HEADS):
        heads.read(HEAD % str(number).encode(), CLIENT, SERVER)

    assert heads.read(HEAD % b"first", CLIENT, SERVER) is not first


@pytest.mark.parametrize(
    ("line", "length", "is_chunked", "expects_continue"),
    [
        (b"Content-Length: 12", 12, False, False),
        (b"Transfer-Encoding: Chunked", 0, True, False),
        (b"Transfer-Encoding: gzip, chunked", 0, False, False),
        (b"Expect: 100-continue\r\nContent-Length: 1", 1, False, True),
    ],
)
def test_a_head_says_how_the_body_arrives(
    cfg: Any, line: bytes, length: int, is_chunked: bool, expects_continue: bool
) -> None:
    head = Heads(cfg).read(b"POST / HTTP/1.1\r\nHost: x\r\n" + line + b"\r\n\r\n", CLIENT, SERVER)

    assert (head.body_length, head.is_chunked, head.expects_continue) == (length, is_chunked, expects_continue)


@pytest.mark.parametrize(
    "line",
    [
        b"Content-Length: 1\r\nContent-Length: 1",
        b"Content-Length: 1\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked, chunked",
        b"Transfer-Encoding: identity",
        b"Content-Length: +1",
        b"Content-Length : 1",
        b"Host: y",
        b" folded",
    ],
)
def test_a_head_whose_body_others_would_read_differently_is_refused(cfg: Any, line: bytes) -> None:
    with pytest.raises(errors.ParseException):
        Heads(cfg).read(b"POST / HTTP/1.1\r\nHost: x\r\n" + line + b"\r\n\r\n", CLIENT, SERVER)


@pytest.mark.parametrize("start", [b"", b"G", b"GET / HTTP/1.1\r\nHost: x\r\n", b"GET / HTTP/1.1\r", b"\r\nGET"])
def test_an_incomplete_head_is_waited_for(cfg: Any, start: bytes) -> None:
    check_incomplete(cfg, start, CLIENT)


@pytest.mark.parametrize(
    ("start", "error"),
    [
        (b"GET /" + b"x" * 9000, errors.LimitRequestLine),
        (b"GET / HTTP/1.1\nHost: x\r\n", errors.InvalidRequestLine),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * MAX_HEAD, errors.LimitRequestHeaders),
    ],
)
def test_what_cannot_become_a_head_is_refused_before_it_is_complete(cfg: Any, start: bytes, error: type) -> None:
    with pytest.raises(error):
        check_incomplete(cfg, start, CLIENT)
