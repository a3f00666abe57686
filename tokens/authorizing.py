"""May this key call that model: the answer for gateways and proxies that enforce what the list shows.

nginx's auth_request and Traefik's ForwardAuth ask `/api/authorize` and take any 2xx for yes. Envoy's ext_authz puts the
caller's own path behind its `path_prefix`, keeps the caller's method, and takes only 200 for yes.
"""

import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from tokens.errors import ApiError, as_api_error
from tokens.views import ApiView, caller_of
from tokens.visibility import Listing

# Where a call of Gemini's API names its model: /v1beta/models/<model>:generateContent.
IN_PATH = re.compile(r"/models/(?P<name>.+):[A-Za-z]+$")
# Where proxies say what the caller asked for: nginx by convention, Traefik.
ORIGINAL = ("X-Original-Uri", "X-Forwarded-Uri")


class AuthorizeView(ApiView):
    """204 (200 below the address), or a refusal whose reason is in the body and in X-Modelbook-Reason."""

    # Proxies ask with the method of the request that they hold back.
    http_method_names = ["get", "head", "post", "put", "patch", "delete", "options", "trace"]

    def get(self, request: Request, path: str = "") -> HttpResponse:
        caller = caller_of(request)
        name = model_named(request._request, path)
        if not name:
            # Refused and not let through: a proxy that forgets to name it must not open everything.
            raise ApiError("model_not_named")
        if Listing(caller.scope, timezone.now().date()).model(name) is None:
            raise ApiError("model_not_allowed", param="model")
        if caller.is_over_budget:
            raise ApiError("insufficient_quota")
        response = HttpResponse(status=200 if path else 204, headers={"Cache-Control": "no-store"})
        response["X-Modelbook-Key-Id"] = caller.key_id
        return response

    head = post = put = patch = delete = trace = get

    def handle_exception(self, exc: Exception) -> Any:
        response = super().handle_exception(exc)
        response["X-Modelbook-Reason"] = as_api_error(exc).code
        return response


def model_named(request: HttpRequest, path: str = "") -> str:
    """The model asked for: `?model=`, the header X-Model, or what the original address names; empty if none does."""
    named = request.GET.get("model") or request.headers.get("X-Model", "")
    if named:
        return _decoded(named)
    original = next((request.headers[header] for header in ORIGINAL if header in request.headers), f"/{path}")
    parts = urlsplit(original) if original.startswith("/") else urlsplit("/")
    in_path = IN_PATH.search(unquote(parts.path))
    return parse_qs(parts.query).get("model", [""])[0] or (in_path["name"] if in_path else "")


def _decoded(text: str) -> str:
    """A header's value is latin-1 to Python; clients write UTF-8."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text
