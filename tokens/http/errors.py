"""Every error of the API, in the dialect of the request: no HTML, no stack trace, no key."""

import logging
import re
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
from tokens.auth.refusals import note_refusal
from tokens.calls.addresses import AmbiguousAddressError, read_address
from tokens.context import context_of
from tokens.dialects import PROXY_ADDRESS, dialect_of
from tokens.dialects.prefixes import OWN, PROGRAMS, VERSIONS, prefix_words
from tokens.http.negotiation import asks_for_html, site_of
from tokens.metric_counters import ERRORS
from tokens.operators import problems
from tokens.operators.refusals import is_admin_address, refusal_page

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
    if problems.is_management_path(request.path):
        problem = problems.ProblemError(error.code, error.message, status=error.status, headers=error.headers)
        return problems.problem_response(problem)
    note_refusal(request, error)
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
API_PREFIXES = (OWN, *PROGRAMS, *VERSIONS, "models", "model", "tunedmodels", "engines", "llms.txt", "llms-full.txt")
# Statuses of pages, as codes of the API.
CODES_OF_PAGES = {
    403: "permission_denied", 404: "not_found", 405: "method_not_allowed", 429: "rate_limit_exceeded",
    500: "internal_error", 503: "service_unavailable",
}  # fmt: skip
# Ollama's addresses, by which its clients recognize it.
OF_OLLAMA = re.compile(r"/+api/+(?:tags|ps|version|show|generate|chat|embed|embeddings|pull)/*")
NOT_OLLAMA = "This is not Ollama. Choose a provider that is compatible with OpenAI"


def is_api_path(path: str) -> bool:
    """Whether an address belongs to the API."""
    return path.lstrip("/").partition("/")[0].lower() in API_PREFIXES


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api_path(request.path):
        return error_response(request, ApiError("bad_request"))
    if is_admin_address(request.path):
        return refusal_page(request, status.HTTP_400_BAD_REQUEST)
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api_path(request.path):
        return error_response(request, ApiError("permission_denied"))
    if is_admin_address(request.path):
        return refusal_page(request, status.HTTP_403_FORBIDDEN)
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api_path(request.path) or not asks_for_html(request):
        return error_response(request, ApiError("not_found", wrong_address_message(request)))
    if is_admin_address(request.path):
        return refusal_page(request, status.HTTP_404_NOT_FOUND)
    return defaults.page_not_found(request, exception)


def wrong_address_message(request: HttpRequest) -> str:
    """What is wrong with an address that does not exist, and the base URL for clients of its dialect."""
    if problems.is_management_path(request.path):
        return problems.wrong_address_message(request.path)
    path, dialect, site = request.path, dialect_of(request), site_of(request)
    versions = [word for word in prefix_words(path) if word in VERSIONS]
    use = f"the base URL {site}{dialect.base}"
    if len(versions) > 1:
        # First: a client with a wrong base address sends its chat traffic there too.
        twice = f"/{versions[0]} twice" if len(set(versions)) == 1 else "two versions"
        return f"This address does not exist: it contains {twice}. Remove one of them: use {use}."
    if OF_OLLAMA.fullmatch(path):
        return f"{NOT_OLLAMA}, and {use}."
    if request.method == "POST" or is_call(path):
        return CATALOG_ONLY
    return f"This address does not exist. The models are at {site}{dialect.list_path}: use {use}."


def is_call(path: str) -> bool:
    """Whether clients call models at this address."""
    try:
        called = read_address(path).endpoint
    except AmbiguousAddressError:
        return False
    return called is not None and called.name not in {"models", "model"}


def for_programs(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The response; in place of an error's page, the API's error for clients that do not ask for HTML."""
    is_page = response.get("Content-Type", "").startswith("text/html")
    # Anyone who has signed in is a person.
    is_for_people = asks_for_html(request) or settings.SESSION_COOKIE_NAME in request.COOKIES
    if response.status_code < status.HTTP_400_BAD_REQUEST or not is_page or is_for_people:
        return response
    headers = {name: response[name] for name in ("Allow", "Retry-After") if name in response}
    error = ApiError(CODES_OF_PAGES.get(response.status_code, "bad_request"), headers=headers)
    error.status = response.status_code
    answer = error_response(request, error)
    # The middleware that states the length is behind this one.
    answer["Content-Length"] = str(len(answer.content))
    return answer


def server_error(request: HttpRequest) -> HttpResponse:
    if is_api_path(request.path):
        return error_response(request, ApiError("internal_error"))
    return defaults.server_error(request)


def _close_broken_connections() -> None:
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()
