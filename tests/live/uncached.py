"""What Modelbook answers without any cache: for the operator's process, beside workers that cache."""

import io
import re
import sys
from collections.abc import Iterable
from typing import Any

from django.db import close_old_connections

from catalog import caches

# What the server adds, and the id of the request, which errors repeat.
OF_THE_SERVER = {"date", "server", "connection", "transfer-encoding", "content-length", "x-request-id", "request-id"}
REQUEST_ID = re.compile(r"req_[0-9a-f]{24}")


def uncached_answer(path: str, headers: dict[str, str], content: str = "") -> list[Any]:
    """Status, headers and body of a GET, or of a POST of JSON, after all caches of this process were emptied."""
    from config import wsgi

    application: Any = wsgi.django_application

    caches.clear_all()
    close_old_connections()
    plain, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": "POST" if content else "GET", "PATH_INFO": plain, "QUERY_STRING": query, "SCRIPT_NAME": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(content.encode()), "wsgi.errors": sys.stderr,
        **({"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(content))} if content else {}),
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }  # fmt: skip
    started: list[Any] = []
    response = application(environ, lambda status, sent, *_: started.extend([status, sent]))
    body = b"".join(response)
    return [int(started[0][:3]), *comparable(started[1], body)]


def comparable(headers: Iterable[tuple[str, str]], body: bytes) -> tuple[dict[str, str], str]:
    """The headers and the text by which two responses to the same request must not differ."""
    sent = {name.lower(): value for name, value in headers if name.lower() not in OF_THE_SERVER}
    return sent, REQUEST_ID.sub("req", body.decode())
