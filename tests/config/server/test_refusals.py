"""The beginning of an unreadable request is read as far as possible: it decides the dialect of the error."""

from typing import Any

import pytest

from config.server.refusals import caller_of, environ_of


@pytest.mark.parametrize(
    ("received", "environ"),
    [
        (b"", {"REQUEST_METHOD": "GET", "PATH_INFO": "", "QUERY_STRING": ""}),
        (b"\n", {"REQUEST_METHOD": "GET", "PATH_INFO": "", "QUERY_STRING": ""}),
        (b"\x16\x03\x01", {"REQUEST_METHOD": "GET", "PATH_INFO": "", "QUERY_STRING": ""}),
        (
            b"GET /v1/mod%20els?key=x HTTP/1.1\r\nanthropic-version: 1\r\nX_Api_Key: y\r\n\r\nbody: z",
            {
                "REQUEST_METHOD": "GET",
                "PATH_INFO": "/v1/mod els",
                "QUERY_STRING": "key=x",
                "HTTP_ANTHROPIC_VERSION": "1",
            },
        ),
        (b"HEAD /v1/models", {"REQUEST_METHOD": "HEAD", "PATH_INFO": "/v1/models", "QUERY_STRING": ""}),
        (b"BREW /v1/models", {"REQUEST_METHOD": "GET", "PATH_INFO": "/v1/models", "QUERY_STRING": ""}),
    ],
)
def test_the_beginning_of_a_request_is_read_as_far_as_possible(received: bytes, environ: dict[str, str]) -> None:
    assert environ_of(received) == environ


def test_behind_a_proxy_the_log_shows_the_caller(settings: Any) -> None:
    environ = {"HTTP_X_FORWARDED_FOR": "198.51.100.7, 203.0.113.5"}

    assert caller_of(environ, ("10.0.0.1", 4711)) == "10.0.0.1"
    settings.TRUSTED_PROXIES = 1
    assert caller_of(environ, ("10.0.0.1", 4711)) == "203.0.113.5"
    assert caller_of({}, "") == "-"
