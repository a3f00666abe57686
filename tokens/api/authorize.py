"""May this key call that model: the answer for gateways and proxies that enforce what the list shows.

nginx's auth_request and Traefik's ForwardAuth ask `/api/authorize` and take any 2xx for yes. Envoy's ext_authz puts the
caller's own path behind its `path_prefix`, keeps the caller's method, and takes only 200 for yes.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from tokens.access.visibility import Listing
from tokens.api.views import GEMINI_CALL, ApiView, caller_of
from tokens.api_error import ApiError
from tokens.auth.credentials import header_text, original_addresses
from tokens.http.errors import as_api_error

# Where an address names its model: /v1beta/models/<model>:generateContent, /v1/models/<model>; and as OpenAI had it
# first and Azure has it, with more behind it: /v1/engines/<model>/embeddings, /openai/deployments/<model>/….
IN_PATH = re.compile(r"/models/(?P<name>.+)", re.DOTALL)
BEFORE_MORE = re.compile(r"/(?:engines|deployments)/(?P<name>[^/]+)")
# Each is looked up by itself; a call names one, in a few places.
MOST_NAMED = 16


class AuthorizeView(ApiView):
    """204 (200 below the address), or a refusal whose reason is in the body and in X-Modelbook-Reason."""

    # Proxies ask with the method of the request that they hold back.
    http_method_names = ["get", "head", "post", "put", "patch", "delete", "options", "trace"]

    def get(self, request: Request, path: str = "") -> HttpResponse:
        caller = caller_of(request)
        names = models_named(request._request, path)
        if not names:
            # Refused and not let through: a proxy that forgets to name it must not open everything.
            raise ApiError("model_not_named")
        if len(names) > MOST_NAMED:
            raise ApiError("model_not_allowed", f"A request may name at most {MOST_NAMED} models.", param="model")
        listing = Listing(caller.scope, timezone.now().date())
        # The caller has a say in most places. Whichever of them the upstream goes by, the key may call what it names.
        if any(listing.model(name) is None for name in names):
            raise ApiError("model_not_allowed", param="model")
        if caller.scope.is_over_budget:
            raise ApiError("insufficient_quota")
        response = HttpResponse(status=200 if path else 204, headers={"Cache-Control": "no-store"})
        # There is no body that could have one.
        del response["Content-Type"]
        response["X-Modelbook-Key-Id"] = caller.key_id
        return response

    head = post = put = patch = delete = trace = get

    def handle_exception(self, exc: Exception) -> Any:
        response = super().handle_exception(exc)
        response["X-Modelbook-Reason"] = as_api_error(exc).code
        return response


def models_named(request: HttpRequest, path: str = "") -> list[str]:
    """Every model that the request names: in `?model=`, the header X-Model, and the address that the caller asked for.

    Below the address (`path`) the query is the caller's, too.
    """
    named = [*request.GET.getlist("model"), header_text(request, "X-Model"), *_named_in(f"/{path}")]
    for original, query in original_addresses(request):
        named += [*parse_qs(query).get("model", []), *_named_in(unquote(original))]
    # Gemini's clients name a model `models/<id>`.
    return list(dict.fromkeys(name.removeprefix("models/") for name in named if name))


def _named_in(path: str) -> Iterator[str]:
    # In full but for Gemini's methods: whatever else stands behind a name must not hide it.
    in_path = IN_PATH.search(path)
    if in_path:
        yield GEMINI_CALL.sub("", in_path["name"])
    yield from BEFORE_MORE.findall(path)
