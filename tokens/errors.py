"""Every error of the API, in the dialect of whoever asked; no HTML, no stack trace, no key."""

import logging
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import Error, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views import defaults
from psycopg_pool import PoolTimeout
from rest_framework import exceptions, status

from catalog.exact import write_json
from tokens.instruments import ERRORS
from tokens.logs import scrub

logger = logging.getLogger("modelbook.api")

# Code -> (status, sentence). The codes are part of the API: clients branch on them.
CODES: Mapping[str, tuple[int, str]] = {
    "invalid_parameter": (400, "A parameter is not valid."),
    "bad_request": (400, "The request is not valid."),
    "missing_api_key": (401, "No API key was sent. Send it as `Authorization: Bearer <key>`."),
    "invalid_api_key": (401, "Invalid API key"),
    "key_expired": (401, "This API key has expired."),
    "key_disabled": (401, "This API key is disabled."),
    "key_not_yet_valid": (401, "This API key is not valid yet."),
    "ip_not_allowed": (403, "This API key may not be used from this address."),
    "model_not_named": (403, "Which model? Name it in ?model=, in the header X-Model, or in X-Original-URI."),
    "model_not_allowed": (403, "The model does not exist, or this API key has no access to it."),
    "insufficient_quota": (403, "The budget of this API key is used up."),
    "permission_denied": (403, "This API key may not do that."),
    "not_found": (404, "There is nothing at this address."),
    "model_not_found": (404, "The model does not exist, or this API key has no access to it."),
    "method_not_allowed": (405, "This address does not take that method."),
    "address_too_long": (414, "The address is too long."),
    "expectation_failed": (417, "This server knows no Expect but 100-continue."),
    "rate_limit_exceeded": (429, "Too many requests."),
    "headers_too_large": (431, "The request has too many headers, or too large ones."),
    "not_implemented": (501, "This server does not know that transfer coding."),
    "internal_error": (500, "Something went wrong on our side."),
    "service_unavailable": (503, "The service is not available right now. Try again in a moment."),
}


CATALOG_ONLY = "This service is a catalog only: it lists models and prices, and takes no chat traffic."


class ApiError(Exception):
    """What a caller is told: a code of CODES, and a sentence where the code's own does not say enough."""

    def __init__(
        self, code: str, message: str = "", *, param: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.code = code
        self.status, sentence = CODES[code]
        # A caller may have put a key where something else belongs; an answer never repeats one.
        self.message = scrub(message or sentence)
        self.param = param
        self.headers = dict(headers or {})
        super().__init__(self.message)


def as_api_error(error: Exception) -> ApiError:
    """What the caller is told about any exception; only the unforeseen become `internal_error`."""
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
        case OperationalError() | InterfaceError() | PoolTimeout():
            return ApiError("service_unavailable", headers={"Retry-After": "1", "retry-after-ms": "1000"})
    return ApiError("internal_error")


def answer(request: HttpRequest, error: ApiError) -> HttpResponse:
    """The error as an answer in the dialect of the request."""
    from tokens.dialects import dialect_of

    ERRORS.labels(error.code).inc()
    body = dialect_of(request).error_body(
        error, request_id=getattr(request, "request_id", ""), host=settings.API_DOMAIN
    )
    if request.path.startswith("/api/"):
        body |= {"success": False, "message": error.message}
    headers = {"Cache-Control": "no-store"}
    if error.status < status.HTTP_500_INTERNAL_SERVER_ERROR and error.status != status.HTTP_429_TOO_MANY_REQUESTS:
        # Asking again cures nothing; the SDKs of OpenAI and Anthropic heed this.
        headers["x-should-retry"] = "false"
    headers |= error.headers
    if error.status == status.HTTP_401_UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="modelbook"'
    return HttpResponse(write_json(body), status=error.status, content_type="application/json", headers=headers)


def answer_exception(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """REST framework's exception handler: whatever a view raises ends here."""
    told = as_api_error(error)
    if told.status >= status.HTTP_500_INTERNAL_SERVER_ERROR:
        logger.error("%s %s", context["request"].method, context["request"].path, exc_info=error)
    if isinstance(error, Error):
        _close_broken_connections()
    return answer(context["request"]._request, told)


# The first parts of the API's addresses, below which no answer is ever HTML.
API_PREFIXES = ("v1", "v1beta", "v1alpha", "anthropic", "models", "api")


def is_api_path(path: str) -> bool:
    """Whether an address belongs to the API."""
    return path.lstrip("/").partition("/")[0] in API_PREFIXES


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api_path(request.path):
        return answer(request, ApiError("bad_request"))
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api_path(request.path):
        return answer(request, ApiError("permission_denied"))
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not is_api_path(request.path):
        return defaults.page_not_found(request, exception)
    # Before the rest: a client whose base address is wrong sends its chat traffic there too.
    if f"{request.path}/".startswith("/v1/v1/"):
        return answer(request, ApiError("not_found", "There is nothing at this address: /v1 stands in it twice."))
    if request.method == "POST":
        return answer(request, ApiError("not_found", CATALOG_ONLY))
    return answer(request, ApiError("not_found"))


def server_error(request: HttpRequest) -> HttpResponse:
    if is_api_path(request.path):
        return answer(request, ApiError("internal_error"))
    return defaults.server_error(request)


def _close_broken_connections() -> None:
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()
