"""The responses to requests that never reach Django: unreadable, too slow or too large.

gunicorn's own response is an HTML page that repeats a part of the request, and addresses and headers contain keys.
"""

import io
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from gunicorn import util  # type: ignore[import-untyped]
from gunicorn.http import errors  # type: ignore[import-untyped]

from tokens.networks import caller_address

# gunicorn's exception -> the error's code; every other one is a bad request.
CODES = {
    errors.LimitRequestLine: "address_too_long",
    errors.LimitRequestHeaders: "headers_too_large",
    errors.ExpectationFailed: "expectation_failed",
    errors.UnsupportedTransferCoding: "not_implemented",
}
# What the client's SDK should do, where the status says otherwise to it.
RETRIES = {
    "not_implemented": {"x-should-retry": "false"},
    "request_timeout": {"x-should-retry": "true"},
    "service_unavailable": {"Retry-After": "1", "retry-after-ms": "1000"},
}
# gunicorn's exceptions for requests that are not the client's fault.
SERVER_FAULTS = (errors.ConfigurationProblem, errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)


def code_of(error: BaseException) -> str:
    """The code of the error for an exception that gunicorn raised, or that Django's error handling did not handle."""
    is_unreadable = isinstance(error, errors.ParseException) and not isinstance(error, SERVER_FAULTS)
    return CODES.get(type(error), "bad_request") if is_unreadable else "internal_error"


def refusal(code: str, environ: dict[str, str]) -> bytes:
    """The error as the bytes of a response, with the headers of every API response."""
    # This module is loaded before Django is set up, which happens in the workers.
    from tokens.api_error import ApiError
    from tokens.http.errors import error_response
    from tokens.http.middleware import with_api_headers, with_request_id
    from tokens.http.utf8 import Utf8Request

    request = Utf8Request({**environ, "wsgi.input": io.BytesIO()})
    error = ApiError(code, headers=RETRIES.get(code, {}))
    response = with_request_id(request, with_api_headers(request, error_response(request, error)))
    response["Content-Length"] = str(len(response.content))
    start = f"HTTP/1.1 {response.status_code} {response.reason_phrase}\r\nDate: {util.http_date()}\r\nConnection: close"
    head = start.encode() + b"\r\n" + response.serialize_headers() + b"\r\n\r\n"
    return head if request.method == "HEAD" else head + response.content


def caller_of(environ: Mapping[str, Any], client: Any = None) -> str:
    """The caller's address for the log; `client` is the address of the connection, if the environ does not have it."""
    if client is not None:
        environ = {**environ, "REMOTE_ADDR": client[0] if isinstance(client, tuple) else str(client)}
    return caller_address(environ, proxies=settings.TRUSTED_PROXIES) or "-"


def environ_of(received: bytes) -> dict[str, str]:
    """The method, path, query and headers, as far as they can be read: they decide the dialect of the error."""
    first_line, *lines = received.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
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
