"""gunicorn's worker with threads, which refuses unreadable requests with the API's own errors.

Such a request never reaches Django. gunicorn's own response is an HTML page that repeats a part of the request, and
addresses and headers contain keys.
"""

import io
import socket
from ssl import SSLError
from typing import Any

from gunicorn import util  # type: ignore[import-untyped]
from gunicorn.http import errors  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

# gunicorn's exception -> the error's code; every other one is a bad request.
CODES = {
    errors.LimitRequestLine: "address_too_long",
    errors.LimitRequestHeaders: "headers_too_large",
    errors.ExpectationFailed: "expectation_failed",
    errors.UnsupportedTransferCoding: "not_implemented",
}
# gunicorn's exceptions for requests that are not the client's fault.
SERVER_FAULTS = (errors.ConfigurationProblem, errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)
# More than gunicorn reads of a request's line and headers before it refuses them.
MAX_RECORDED = 64 * 1024


class RecordingSocket(socket.socket):
    """A connection that records the start of its current request: gunicorn does not say which request it refuses."""

    recorded = b""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        received = super().recv(size, flags)
        if len(self.recorded) < MAX_RECORDED:
            self.recorded += received
        return received


class Worker(ThreadWorker):  # type: ignore[misc]
    """A worker whose every response can be read by an API client."""

    def handle(self, conn: Any) -> Any:
        """Serves one request of the connection."""
        if type(conn.sock) is socket.socket:
            conn.sock = RecordingSocket(fileno=conn.sock.detach())
        conn.sock.recorded = b""
        return super().handle(conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Responds to a request that could not be read, or to a fault outside of Django's error handling."""
        is_unreadable = isinstance(exc, errors.ParseException | SSLError) and not isinstance(exc, SERVER_FAULTS)
        if not is_unreadable:
            self.log.error("Error handling request %s %s", req and req.method, req and req.path, exc_info=exc)
        elif req is None:
            # Only the type of the exception: its text repeats the request.
            self.log.warning("Refused an unreadable request of %s: %s", (addr or [""])[0], type(exc).__name__)
        else:
            # The response is sent already; the unreadable part is the rest of a body that Django did not read.
            return
        code = CODES.get(type(exc), "bad_request") if is_unreadable else "internal_error"
        try:
            util.write_nonblock(client, refusal(code, environ_of(getattr(client, "recorded", b""))))
        except OSError:
            self.log.debug("The client did not wait for its response.")


def refusal(code: str, environ: dict[str, str]) -> bytes:
    """The error as the bytes of a response, with the headers of every API response."""
    # This module is loaded before Django is set up, which happens in the workers.
    from tokens.api_error import ApiError
    from tokens.http.errors import error_response
    from tokens.http.middleware import with_api_headers, with_request_id
    from tokens.http.utf8 import Utf8Request

    request = Utf8Request({**environ, "wsgi.input": io.BytesIO()})
    error = ApiError(code, headers={"x-should-retry": "false"} if code == "not_implemented" else {})
    response = with_request_id(request, with_api_headers(request, error_response(request, error)))
    response["Content-Length"] = str(len(response.content))
    start = f"HTTP/1.1 {response.status_code} {response.reason_phrase}\r\nDate: {util.http_date()}\r\nConnection: close"
    head = start.encode() + b"\r\n" + response.serialize_headers() + b"\r\n\r\n"
    return head if request.method == "HEAD" else head + response.content


def environ_of(recorded: bytes) -> dict[str, str]:
    """The method, path, query and headers, as far as they can be read: they decide the dialect of the error."""
    first_line, *lines = recorded.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    method, uri, *_ = [*first_line.split(" "), "", ""]
    path, _, query = uri.partition("?")
    headers = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return {
        # Like gunicorn, without names with an underscore: they would pass for names with a dash.
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers if "_" not in name},
        "REQUEST_METHOD": method if method == "HEAD" else "GET",
        "PATH_INFO": util.unquote_to_wsgi_str(path),
        "QUERY_STRING": query,
    }
