"""The worker reads the beginning of an unreadable request as far as possible: it decides the dialect of the error."""

import socket

import pytest

from config.worker import MAX_RECORDED, RecordingSocket, environ_of


@pytest.mark.parametrize(
    ("recorded", "environ"),
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
def test_the_beginning_of_a_request_is_read_as_far_as_possible(recorded: bytes, environ: dict[str, str]) -> None:
    assert environ_of(recorded) == environ


def test_a_socket_records_a_limited_beginning_of_what_it_receives() -> None:
    one, other = socket.socketpair()
    with RecordingSocket(fileno=one.detach()) as server, other as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        assert (server.recv(5), server.recv(100)) == (b"GET /", b" HTTP/1.1\r\n")
        assert server.recorded == b"GET / HTTP/1.1\r\n"
        for _ in range(MAX_RECORDED // 1000 + 10):
            client.sendall(b"x" * 1000)
            server.recv(1000)

    assert MAX_RECORDED <= len(server.recorded) < MAX_RECORDED + 1000
