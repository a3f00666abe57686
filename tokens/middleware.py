"""What every answer carries: the request id, and on the API's addresses what browsers and caches need to know."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from catalog.requestid import request_id_for, request_id_scope
from tokens.dialects import dialect_of
from tokens.errors import is_api_path
from tokens.logs import keys_of

Handler = Callable[[HttpRequest], HttpResponse]

VARY = ["Authorization", "X-Api-Key", "X-Goog-Api-Key", "Anthropic-Version", "Origin", "Accept-Encoding"]
METHODS = "GET, HEAD, OPTIONS"
EXPOSED = ", ".join(
    [
        *("X-Request-Id", "Request-Id", "ETag", "Retry-After", "Retry-After-Ms", "X-Should-Retry"),
        *("Deprecation", "Sunset"),
        *(f"X-Ratelimit-{what}-Requests" for what in ("Limit", "Remaining", "Reset")),
        *(f"Anthropic-Ratelimit-Requests-{what}" for what in ("Limit", "Remaining", "Reset")),
    ]
)
NOT_IN_HEADER_NAMES = re.compile(r"[^A-Za-z0-9!#$%&'*+.^_`|~, -]")


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
        response = _preflight(request) if request.method == "OPTIONS" else self.get_response(request)
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
    asked = NOT_IN_HEADER_NAMES.sub("", request.headers.get("Access-Control-Request-Headers", "")) or "Authorization"
    response = HttpResponse(status=204, headers={"Allow": METHODS})
    del response["Content-Type"]
    # A page may reckon a price, which is a POST; what an address takes, it says itself.
    response["Access-Control-Allow-Methods"] = "GET, HEAD, POST, OPTIONS"
    response["Access-Control-Allow-Headers"] = asked
    response["Access-Control-Max-Age"] = "86400"
    return response
