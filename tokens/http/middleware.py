"""Headers of every response: the request id, and on the API's addresses what browsers and caches need."""

import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import DisallowedHost, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.log import log_response

from catalog.db.locking import limited_lock_waits
from catalog.db.snapshot import snapshot
from catalog.request_id import request_id_scope
from tokens import keys
from tokens.auth.credentials import client_address
from tokens.context import context_of
from tokens.dialects import dialect_of
from tokens.http.errors import bad_request, for_programs, is_api_path
from tokens.logs import keys_of, scrub
from tokens.operators.problems import is_management_path
from tokens.operators.sign_in.frame import is_sign_in_page
from tokens.timestamps import format_timestamp

Handler = Callable[[HttpRequest], HttpResponse]

VARY = [*keys.HEADERS, "Anthropic-Version", "Origin", "Accept-Encoding"]
METHODS = "GET, HEAD, OPTIONS"
# When the key of a request ends: at its own end, or after it was replaced, at the end of its grace period.
KEY_END = "X-Modelbook-Key-Expires-At"
PREFLIGHT = "Access-Control-Request-Method"
READING_METHODS = frozenset({"GET", "HEAD"})
EXPOSED = ", ".join(
    [
        *("X-Request-Id", "Request-Id", "ETag", "Retry-After", "Retry-After-Ms", "X-Should-Retry"),
        *("Deprecation", "Sunset", KEY_END),
        *(f"X-Ratelimit-{what}-Requests" for what in ("Limit", "Remaining", "Reset")),
        *(f"Anthropic-Ratelimit-Requests-{what}" for what in ("Limit", "Remaining", "Reset")),
    ]
)
# What the SDKs send, for browsers that do not list their headers.
HEADERS = ", ".join(
    [
        *(*keys.HEADERS, "X-Goog-Api-Client", "Content-Type", "User-Agent"),
        *(f"Anthropic-{what}" for what in ("Version", "Beta", "Dangerous-Direct-Browser-Access")),
        *(f"X-Stainless-{what}" for what in ("Lang", "Package-Version", "OS", "Arch", "Runtime", "Runtime-Version")),
        *("X-Stainless-Retry-Count", "X-Stainless-Timeout", "X-Stainless-Helper-Method", "X-Client"),
        *("OpenAI-Organization", "OpenAI-Project", "If-None-Match"),
    ]
)
NOT_IN_HEADER_NAMES = re.compile(r"[^A-Za-z0-9!#$%&'*+.^_`|~, -]")


class BodilessMiddleware:
    """Removes the body from responses to HEAD and from 304; Content-Length is that of the GET, or is absent."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            # Django has set the length of the empty body, not of the one that the client has.
            del response["Content-Length"]
        elif request.method == "HEAD" and not response.streaming:
            response.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response


class RequestIdMiddleware:
    """Puts one id into the response, the log lines and the history rows of a request."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        context = context_of(request.META)
        with request_id_scope(context.request_id, address=client_address(request)), keys_of(request.META):
            response = self.get_response(request)
            if response.status_code >= HTTPStatus.BAD_REQUEST:
                # Django logs an error after all middleware, when the line could not name the request any more.
                log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request)
        return with_request_id(request, response)


class ApiHeadersMiddleware:
    """Lets every web page read the API's responses, errors included (no cookies), and lets caches distinguish them.

    Errors of all addresses are those of the API, unless the client asks for HTML.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_of_api = is_api_path(request.path)
        is_preflight = request.method == "OPTIONS" and (is_of_api or PREFLIGHT in request.headers)
        if is_preflight and not (request.path.startswith("/admin") or is_management_path(request.path)):
            return with_api_headers(request, _preflight(request))
        response = for_programs(request, self.get_response(request))
        is_error = response.status_code >= HTTPStatus.BAD_REQUEST and response.get("Content-Type") == "application/json"
        return with_api_headers(request, response) if is_of_api or is_error else response


class SuspicionMiddleware:
    """Refuses unknown host names, and requests that views find suspicious, with one line in the log.

    Django itself logs a traceback at ERROR, with which anybody could fill a disk, and responds in HTML under DEBUG.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            request.get_host()
        except DisallowedHost as error:
            return _refused(request, error)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return _refused(request, exception) if isinstance(exception, SuspiciousOperation) else None


class LockLimitMiddleware:
    """Lets requests that may write wait only a few seconds for other writers: see catalog/db/locking.py.

    Before the middleware of sessions, which writes.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in READING_METHODS:
            return self.get_response(request)
        with limited_lock_waits():
            return self.get_response(request)


class SnapshotMiddleware:
    """Builds every response that only reads from one snapshot of the database: see catalog/db/snapshot.py.

    These are the responses to GET and HEAD, and those of views that declare `is_read_only`. The last middleware, so
    that sessions are written outside.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in READING_METHODS:
            return self.get_response(request)
        if is_sign_in_page(request):
            # Signing in writes with GET, too: a provider sends the browser back with one.
            with limited_lock_waits():
                return self.get_response(request)
        if request.path.startswith("/admin"):
            # Django ends a session whose password has changed when it reads the user, which writes.
            request.user.is_authenticated  # noqa: B018
        with snapshot():
            return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, view_args: Sequence[Any], view_kwargs: Mapping[str, Any]
    ) -> HttpResponse | None:
        if request.method in READING_METHODS or not getattr(getattr(view, "cls", None), "is_read_only", False):
            return None
        with snapshot():
            response: HttpResponse = view(request, *view_args, **view_kwargs)
            return response


def _refused(request: HttpRequest, error: SuspiciousOperation) -> HttpResponse:
    response = bad_request(request, error)
    log_response("%s: %.200s", request.path, str(error), response=response, request=request)
    return response


def with_request_id(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The response with the request's id under both names: OpenAI's SDK reads the first, Anthropic's the second."""
    response["x-request-id"] = response["request-id"] = context_of(request.META).request_id
    return response


def with_api_headers(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The response with the headers of every API response."""
    patch_vary_headers(response, VARY)
    if not is_management_path(request.path):
        # Web pages of other sites have no business with admin keys.
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Expose-Headers"] = EXPOSED
    # An address may contain a key: some clients send it as ?key=.
    response["Referrer-Policy"] = "no-referrer"
    context = context_of(request.META)
    if context.key_ends_at is not None:
        response[KEY_END] = format_timestamp(context.key_ends_at, timespec="seconds")
    if context.quota is not None:
        for name, value in dialect_of(request).rate_headers(context.quota, at=timezone.now()).items():
            response[name] = value
    return response


def _preflight(request: HttpRequest) -> HttpResponse:
    """The response to a browser's preflight: without a key, at every address, so that errors are readable too."""
    # The names are echoed because `*` does not cover Authorization.
    names = NOT_IN_HEADER_NAMES.sub("", request.headers.get("Access-Control-Request-Headers", ""))
    # A client may have sent a key in place of its header's name; a response never repeats one.
    allowed_headers = scrub(names) or HEADERS
    response = HttpResponse(status=204, headers={"Allow": METHODS})
    del response["Content-Type"]
    # Web pages POST to /api/pricing/quote; other addresses refuse POST themselves.
    response["Access-Control-Allow-Methods"] = "GET, HEAD, POST, OPTIONS"
    response["Access-Control-Allow-Headers"] = allowed_headers
    response["Access-Control-Max-Age"] = "86400"
    return response
