"""gunicorn's worker with threads, which refuses what it cannot read in the API's own words.

Such a request never reaches Django. gunicorn's own answer to it is a page of HTML that repeats what was sent, and keys
stand in addresses and headers.
"""

import io
import traceback
from collections.abc import Iterator
from ssl import SSLError
from typing import Any

from gunicorn import util  # type: ignore[import-untyped]
from gunicorn.http import errors  # type: ignore[import-untyped]
from gunicorn.http.message import Message  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

# What gunicorn calls it -> the code that callers are told; everything else is a bad request.
CODES = {
    errors.LimitRequestLine: "address_too_long",
    errors.LimitRequestHeaders: "headers_too_large",
    errors.ExpectationFailed: "expectation_failed",
    errors.UnsupportedTransferCoding: "not_implemented",
}
# Of the exceptions that gunicorn has for requests, those that are not the client's doing.
OURS = (errors.ConfigurationProblem, errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)


class Worker(ThreadWorker):  # type: ignore[misc]
    """A worker whose every answer is one that an API client can read."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answers for a request that could not be read, or for a fault outside of everything that Django handles."""
        is_unreadable = isinstance(exc, errors.ParseException | SSLError) and not isinstance(exc, OURS)
        if not is_unreadable:
            self.log.error("Error handling request %s %s", req and req.method, req and req.path, exc_info=exc)
        elif req is None:
            # Only its kind: the exception's text is what the client sent.
            self.log.warning("Refused an unreadable request of %s: %s", (addr or [""])[0], type(exc).__name__)
        else:
            # Its answer is sent; what cannot be read is the rest of a body that nobody asked for.
            return
        code = CODES.get(type(exc), "bad_request") if is_unreadable else "internal_error"
        answer = refusal(code, environ_of(req or message_of(exc), exc))
        try:
            util.write_nonblock(client, answer)
        except OSError:
            self.log.debug("The client did not wait for its answer.")


def refusal(code: str, environ: dict[str, str]) -> bytes:
    """The error as bytes for the wire, with the headers of every other answer of the API."""
    # Django is set up in the workers, and this module is loaded before there are any.
    from tokens.api_error import ApiError
    from tokens.http.errors import answer
    from tokens.http.middleware import RequestIdMiddleware, with_api_headers
    from tokens.http.utf8 import Utf8Request

    request = Utf8Request({**environ, "wsgi.input": io.BytesIO()})
    headers = {"x-should-retry": "false"} if code == "not_implemented" else {}
    error = ApiError(code, headers=headers)
    response = RequestIdMiddleware(lambda asked: with_api_headers(asked, answer(asked, error)))(request)
    response["Content-Length"] = str(len(response.content))
    start = f"HTTP/1.1 {response.status_code} {response.reason_phrase}\r\nDate: {util.http_date()}\r\nConnection: close"
    head = start.encode() + b"\r\n" + response.serialize_headers() + b"\r\n\r\n"
    return head if request.method == "HEAD" else head + response.content


def message_of(exc: BaseException) -> Any:
    """The request as far as gunicorn read it, which it does not hand along with the error; None where it is nowhere."""
    for frame, _line in traceback.walk_tb(exc.__traceback__):
        if isinstance(frame.f_locals.get("self"), Message):
            return frame.f_locals["self"]
    return None


def environ_of(message: Any, exc: BaseException) -> dict[str, str]:
    """What decides the dialect of the answer: path, query and headers, as far as they can be made out."""
    uri, headers = getattr(message, "uri", None) or "", list(getattr(message, "headers", ()))
    for frame, _line in traceback.walk_tb(exc.__traceback__):
        read = frame.f_locals.get("data")
        if isinstance(read, bytes) and frame.f_code.co_name == "read_line":
            uri = f"{read[:8190].decode('latin-1')}  ".split(" ")[1]
        elif isinstance(read, bytes) and frame.f_code.co_name == "_parse_python":
            headers = list(_headers(read))
    path, _, query = uri.partition("?")
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers}
    return environ | {
        "REQUEST_METHOD": getattr(message, "method", None) or "GET",
        "PATH_INFO": util.unquote_to_wsgi_str(getattr(message, "path", None) or path),
        "QUERY_STRING": query,
    }


def _headers(read: bytes) -> Iterator[tuple[str, str]]:
    for line in read.decode("latin-1").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon and "_" not in name:
            yield name.strip(), value.strip()
