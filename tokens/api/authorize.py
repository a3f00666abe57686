"""Authorizes a call: whether a key may call a model, for gateways and proxies that enforce what the list shows.

nginx's auth_request and Traefik's ForwardAuth request `/api/authorize` and accept any 2xx. Envoy's ext_authz appends
the caller's own path to its `path_prefix`, uses the caller's method, and accepts only 200.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from catalog.models import AIModel
from tokens.access.charging import charged_groups
from tokens.access.visibility import Listing
from tokens.api.budgets import refuse_spent, warning_headers
from tokens.api.views import GEMINI_CALL, ApiView, caller_of, offer_for_reuse
from tokens.api_error import ApiError
from tokens.auth.credentials import header_text, original_addresses
from tokens.http.errors import as_api_error
from tokens.http.response_cache import midnight_after

# Models in addresses: /v1beta/models/<model>:generateContent, /v1/models/<model>; and with more segments after the
# model, as in OpenAI's first API and in Azure's: /v1/engines/<model>/embeddings, /openai/deployments/<model>/….
AT_END = re.compile(r"/models/(?P<name>.+)", re.DOTALL)
BEFORE_SEGMENTS = re.compile(r"/(?:engines|deployments)/(?P<name>[^/]+)")
END_OF_ID = re.compile("[:/]")
# Each is looked up separately; a call names one model, possibly in several places.
MAX_NAMED = 16


class AuthorizeView(ApiView):
    """204 (200 below the address), or a refusal with its reason in the body and in X-Modelbook-Reason."""

    # Proxies use the method of the request that they authorize.
    http_method_names = ["get", "head", "post", "put", "patch", "delete", "options", "trace"]

    def get(self, request: Request, path: str = "") -> HttpResponse:
        caller = caller_of(request)
        names = models_named(request._request, path)
        if not names:
            # A proxy that is not configured to name the model must not allow every call.
            raise ApiError("model_not_named")
        if len(names) > MAX_NAMED:
            raise ApiError("model_not_allowed", f"A request may name at most {MAX_NAMED} models.", param="model")
        # The caller controls most of these places. The key must be allowed every model, whichever the upstream uses.
        now = timezone.now()
        today = now.date()
        models = _allowed_models(names, Listing(caller.scope, today))
        if models is None:
            raise ApiError("model_not_allowed", param="model")
        groups = set(charged_groups([model.pk for model in models], caller.scope).values())
        refuse_spent(caller.scope, groups, at=now)
        response = HttpResponse(status=200 if path else 204, headers={"Cache-Control": "no-store"})
        # The response has no body.
        del response["Content-Type"]
        response["X-Modelbook-Key-Id"] = caller.key_id
        for name, value in warning_headers(caller.scope, groups, at=now).items():
            response[name] = value
        offer_for_reuse(request, until=midnight_after(today))
        return response

    head = post = put = patch = delete = trace = get

    def handle_exception(self, exc: Exception) -> Any:
        response = super().handle_exception(exc)
        response["X-Modelbook-Reason"] = as_api_error(exc).code
        return response


def models_named(request: HttpRequest, path: str = "") -> dict[str, bool]:
    """Every model that the request names, and whether an address names it.

    Models are named in `?model=`, in the header X-Model, and in the caller's original address. `path` is the caller's
    path if the proxy appends it to the address; the query is the caller's then.
    """
    stated = [*request.GET.getlist("model"), header_text(request, "X-Model")]
    addressed = [*_named_in(f"/{path}")]
    for original, query in original_addresses(request):
        stated += parse_qs(query).get("model", [])
        addressed += _named_in(unquote(original))
    # Gemini's clients write the id as `models/<id>`.
    places = ((stated, False), (addressed, True))
    return {name.removeprefix("models/"): in_address for names, in_address in places for name in names if name}


def _named_in(path: str) -> Iterator[str]:
    # The rest of the path without Gemini's method: other suffixes must not hide the model.
    at_end = AT_END.search(path)
    if at_end:
        yield GEMINI_CALL.sub("", at_end["name"])
    yield from BEFORE_SEGMENTS.findall(path)


def _allowed_models(names: Mapping[str, bool], listing: Listing) -> list[AIModel] | None:
    """The models of these names; None if one of them, or what an upstream may read instead, is not allowed."""
    models: list[AIModel] = []
    readings: set[str] = set()
    for name, in_address in names.items():
        model = listing.model(name)
        if model is None:
            return None
        models.append(model)
        if in_address and model.is_wildcard:
            readings.update(_other_readings(name, model.prefix))
    if len(readings) > MAX_NAMED:
        return None
    for reading in readings:
        model = listing.model(reading)
        if model is None:
            return None
        models.append(model)
    return models


def _other_readings(name: str, prefix: str) -> Iterator[str]:
    """The ids that an upstream may read instead of one for which a wildcard model stands.

    A wildcard stands for the whole rest of an address: upstreams end the id at a colon or a slash, or begin it later.
    """
    if name.startswith(prefix):
        yield from (name[: end.start()] for end in END_OF_ID.finditer(name, len(prefix)))
        yield name.rpartition("/models/")[2]
