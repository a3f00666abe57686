"""Every error of the API, in the dialect of the request: no HTML, no stack trace, no key."""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import Error, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views import defaults
from psycopg_pool import PoolTimeout
from rest_framework import exceptions, status

from catalog.db.locking import BUSY, is_lock_timeout
from catalog.exact import write_json
from tokens.api_error import CATALOG_ONLY, ApiError
from tokens.context import context_of
from tokens.dialects import PROXY_ADDRESS, dialect_of
from tokens.metric_counters import ERRORS

logger = logging.getLogger("modelbook.api")
# Visible characters of ASCII and the space, without quotes, the backslash, and the sign of the encoding.
IN_HEADERS = "".join(map(chr, range(0x20, 0x7F))).translate(str.maketrans("", "", '"\\%'))


def as_api_error(error: Exception) -> ApiError:
    """The API error for any exception; only unexpected ones become `internal_error`."""
    match error:
        case ApiError():
            return error
        case exceptions.MethodNotAllowed():
            return ApiError("method_not_allowed")
        case Http404() | exceptions.NotFound():
            return ApiError("not_found")
        case exceptions.Throttled():
            return ApiError("rate_limit_exceeded")
        case PermissionDenied() | exceptions.PermissionDenied():
            return ApiError("permission_denied")
        case SuspiciousOperation():
            return ApiError("bad_request")
        case exceptions.APIException() if error.status_code < status.HTTP_500_INTERNAL_SERVER_ERROR:
            return ApiError("bad_request")
        case _ if is_unavailable(error):
            message = BUSY if is_lock_timeout(error) else ""
            return ApiError("service_unavailable", message, headers={"Retry-After": "1", "retry-after-ms": "1000"})
    return ApiError("internal_error")


def is_unavailable(error: Exception) -> bool:
    """Whether the same request can succeed later, because the database does not answer or another writer holds it."""
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout)


def error_response(request: HttpRequest, error: ApiError) -> HttpResponse:
    """The error as a response in the dialect of the request."""
    ERRORS.labels(error.code).inc()
    dialect = dialect_of(request)
    body = dialect.error_body(error, request_id=context_of(request.META).request_id, host=settings.API_DOMAIN)
    if request.path.startswith(PROXY_ADDRESS):
        # Proxies pass on headers more easily than bodies.
        error.headers |= {"X-Modelbook-Reason": error.code, "X-Modelbook-Message": in_header(error.message)}
    if request.path.startswith("/api/") and dialect.name == "openai":
        body = {**body, "success": False, "message": error.message}
    headers = {"Cache-Control": "no-store"}
    if error.status < status.HTTP_500_INTERNAL_SERVER_ERROR and error.status != status.HTTP_429_TOO_MANY_REQUESTS:
        # A retry fails the same way; the SDKs of OpenAI and Anthropic obey this header.
        headers["x-should-retry"] = "false"
    headers |= error.headers
    if error.status == status.HTTP_401_UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="modelbook"'
    return HttpResponse(write_json(body), status=error.status, content_type="application/json", headers=headers)


def in_header(text: str) -> str:
    """A text as a header can contain it, and a proxy can put it into a JSON string: other characters are encoded."""
    return quote(text, safe=IN_HEADERS)


def handle_exception(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """REST framework's exception handler: every exception of a view ends here."""
    api_error = as_api_error(error)
    if api_error.status >= status.HTTP_500_INTERNAL_SERVER_ERROR:
        log_failure(context["request"]._request, error)
    return error_response(context["request"]._request, api_error)


def log_failure(request: HttpRequest, error: Exception) -> None:
    """Logs the error of a view with its traceback, and closes the connections that it has broken."""
    logger.error("%s %s", request.method, request.path, exc_info=error)
    if isinstance(error, Error):
        _close_broken_connections()


# The first segments of the API's addresses, where no response is ever HTML.
API_PREFIXES = ("v1", "v1beta", "v1alpha", "anthropic", "models", "api")


def is_api_path(path: str) -> bool:
    """Whether an address belongs to the API."""
    return path.lstrip("/").partition("/")[0] in API_PREFIXES


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api_path(request.path):
        return error_response(request, ApiError("bad_request"))
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api_path(request.path):
        return error_response(request, ApiError("permission_denied"))
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not is_api_path(request.path):
        return defaults.page_not_found(request, exception)
    # First: a client with a wrong base address sends its chat traffic there too.
    if f"{request.path}/".startswith("/v1/v1/"):
        return error_response(
            request, ApiError("not_found", "This address does not exist: it contains /v1 twice. Remove one of them.")
        )
    if request.method == "POST":
        return error_response(request, ApiError("not_found", CATALOG_ONLY))
    return error_response(request, ApiError("not_found"))


def server_error(request: HttpRequest) -> HttpResponse:
    if is_api_path(request.path):
        return error_response(request, ApiError("internal_error"))
    return defaults.server_error(request)


def _close_broken_connections() -> None:
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()
