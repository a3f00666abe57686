"""What every answer carries: the request id, and on the API's addresses what browsers and caches need to know."""

import re
from collections.abc import Callable
from http import HTTPStatus

from django.core.exceptions import DisallowedHost, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.log import log_response

from catalog.request_id import request_id_for, request_id_scope
from tokens.dialects import dialect_of
from tokens.http.errors import bad_request, is_api_path
from tokens.logs import keys_of, scrub

Handler = Callable[[HttpRequest], HttpResponse]

VARY = ["Authorization", "X-Api-Key", "X-Goog-Api-Key", "Api-Key", "Anthropic-Version", "Origin", "Accept-Encoding"]
METHODS = "GET, HEAD, OPTIONS"
EXPOSED = ", ".join(
    [
        *("X-Request-Id", "Request-Id", "ETag", "Retry-After", "Retry-After-Ms", "X-Should-Retry"),
        *("Deprecation", "Sunset"),
        *(f"X-Ratelimit-{what}-Requests" for what in ("Limit", "Remaining", "Reset")),
        *(f"Anthropic-Ratelimit-Requests-{what}" for what in ("Limit", "Remaining", "Reset")),
    ]
)
# What the SDKs send, for browsers that do not say what they are about to.
HEADERS = ", ".join(
    [
        *("Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key", "X-Goog-Api-Client", "Content-Type", "User-Agent"),
        *(f"Anthropic-{what}" for what in ("Version", "Beta", "Dangerous-Direct-Browser-Access")),
        *(f"X-Stainless-{what}" for what in ("Lang", "Package-Version", "OS", "Arch", "Runtime", "Runtime-Version")),
        *("X-Stainless-Retry-Count", "X-Stainless-Timeout", "X-Stainless-Helper-Method", "X-Client"),
        *("OpenAI-Organization", "OpenAI-Project", "If-None-Match"),
    ]
)
NOT_IN_HEADER_NAMES = re.compile(r"[^A-Za-z0-9!#$%&'*+.^_`|~, -]")


class BodilessMiddleware:
    """Sends no body where there must be none. The length stays that of the body that GET would get, or is not told."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            # Django has counted the empty body that is sent, and not the one that the client has.
            del response["Content-Length"]
        elif request.method == "HEAD" and not response.streaming:
            response.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response


class RequestIdMiddleware:
    """Names the request: one id in the answer, in log lines and in the history rows that it writes."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = request_id_for(request.headers.get("X-Request-Id", ""))
        request.request_id = request_id  # type: ignore[attr-defined]
        with request_id_scope(request_id), keys_of(request.META):
            response = self.get_response(request)
        # OpenAI's SDK reads the first name, Anthropic's the second.
        response["x-request-id"] = response["request-id"] = request_id
        return response


class ApiHeadersMiddleware:
    """On API answers, errors included: readable by any web page (no cookie counts here), never mixed up by a cache."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_api_path(request.path):
            return self.get_response(request)
        return with_api_headers(
            request, _preflight(request) if request.method == "OPTIONS" else self.get_response(request)
        )


class SuspicionMiddleware:
    """Refuses foreign host names, and what views find suspicious, in one line of the log.

    Django itself writes a traceback at ERROR, with which anybody could fill a disk, and answers in HTML under DEBUG.
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


def _refused(request: HttpRequest, error: SuspiciousOperation) -> HttpResponse:
    response = bad_request(request, error)
    log_response("%s: %.200s", request.path, str(error), response=response, request=request)
    return response


def with_api_headers(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The answer, with what every answer of the API carries."""
    patch_vary_headers(response, VARY)
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Expose-Headers"] = EXPOSED
    # An address may hold a key: ?key= is how some clients send it.
    response["Referrer-Policy"] = "no-referrer"
    quota = getattr(request, "quota", None)
    if quota is not None:
        for name, value in dialect_of(request).rate_headers(quota, at=timezone.now()).items():
            response[name] = value
    return response


def _preflight(request: HttpRequest) -> HttpResponse:
    """What a browser asks before it reads: answered without a key at every address, so that errors are readable too."""
    # The names are sent back because a star would not cover Authorization.
    names = NOT_IN_HEADER_NAMES.sub("", request.headers.get("Access-Control-Request-Headers", ""))
    # Somebody may have put a key where its header's name belongs; an answer never repeats one.
    asked = scrub(names) or HEADERS
    response = HttpResponse(status=204, headers={"Allow": METHODS})
    del response["Content-Type"]
    # A page may reckon a price, which is a POST; what an address takes, it says itself.
    response["Access-Control-Allow-Methods"] = "GET, HEAD, POST, OPTIONS"
    response["Access-Control-Allow-Headers"] = asked
    response["Access-Control-Max-Age"] = "86400"
    return response
