"""Authorizes a call: whether a key may call a model, for gateways and proxies that enforce what the list shows.

nginx's auth_request and Traefik's ForwardAuth request `/api/authorize` and accept any 2xx. Envoy's ext_authz appends
the caller's own path to its `path_prefix`, uses the caller's method, and accepts only 200.
"""

from collections.abc import Mapping
from typing import NoReturn

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from catalog.models import AIModel
from tokens.access.charging import charged_groups
from tokens.access.own_routes import supports
from tokens.access.visibility import Listing, known_names
from tokens.api.budgets import refuse_spent, warning_headers
from tokens.api.views import ApiView, caller_of, not_found_message, offer_for_reuse
from tokens.api_error import ApiError
from tokens.auth.authentication import Caller
from tokens.context import context_of
from tokens.dialects import dialect_of
from tokens.http.errors import in_header
from tokens.http.proxies.calls import Call, read_call

# Each is looked up separately; a call names one model, possibly in several places.
MAX_NAMED = 16


class AuthorizeView(ApiView):
    """204 (200 below the address), or a refusal with its reason in the body and in X-Modelbook-Reason."""

    # Proxies use the method of the request that they authorize.
    http_method_names = ["get", "head", "post", "put", "patch", "delete", "options", "trace"]

    def check_query(self, request: HttpRequest) -> None:
        """The query may be that of the call: the parameters of its endpoint are not known here."""

    def get(self, request: Request, path: str = "") -> HttpResponse:
        caller, now = caller_of(request), timezone.now()
        call = read_call(request._request)
        listing = Listing(caller.scope, now, counters=caller.counters)
        models = permitted_models(call, listing, request._request)
        check_endpoints(call, models)
        groups = charged_groups({model.pk for model in models.values()}, caller.scope, at=now, starts=listing.starts)
        if any(model.pk not in groups for model in models.values()):
            # Its last offer was disabled after the model was read.
            raise ApiError("model_not_allowed", param="model")
        slugs = dict(groups.values())
        refuse_spent(caller.scope, slugs, at=now)
        response = HttpResponse(status=200 if path else 204, headers={"Cache-Control": "no-store"})
        # The response has no body.
        del response["Content-Type"]
        headers = headers_of_key(caller) | warning_headers(caller.scope, slugs, at=now)
        if call.stated:
            stated = models[call.stated[0]]
            headers |= dialect_of(request._request).lifecycle_headers(stated, on=listing.on)
            headers |= headers_of_models(call.stated[0], models, groups, listing)
        for header, value in headers.items():
            response[header] = value
        offer_for_reuse(request, at=now)
        return response

    head = post = put = patch = delete = trace = get


def permitted_models(call: Call, listing: Listing, request: HttpRequest) -> dict[str, AIModel]:
    """Each name of the call with its model; ApiError if the key may not call all of them.

    Callers control most places of a name. The key must be allowed every model, whichever the upstream uses.
    """
    if len(call.named) > MAX_NAMED:
        raise ApiError("model_not_allowed", f"A request may name at most {MAX_NAMED} models.", param="model")
    models = {}
    context = context_of(request.META)
    for name in call.named:
        context.model = name
        model = listing.model(name)
        if model is None:
            # The caller has to know which one of several models, e.g. fallbacks, is refused.
            _refuse(name, listing, not_found_message(name, request) if len(call.named) > 1 else "")
        models[name] = model
    context.model = next(iter(call.stated), "")
    # Parts of an address that some upstream may take for the id.
    readings = known_names([reading for reading in call.readings if reading not in models])
    if len(readings) > MAX_NAMED or any(listing.model(reading) is None for reading in readings):
        raise ApiError("model_not_allowed", param="model")
    return models


def _refuse(name: str, listing: Listing, message: str) -> NoReturn:
    model = listing.model(name, retired=True)
    if model is None:
        raise ApiError("model_not_allowed", message, param="model")
    message = f"The model '{model.name}' was retired on {model.retires_on}."
    successor = listing.successor(model)
    if successor is not None:
        message += f" Its successor is '{successor.name}'."
    raise ApiError("model_retired", message, param="model")


def check_endpoints(call: Call, models: Mapping[str, AIModel]) -> None:
    """ApiError if a model does not support the kind of call, or if nobody knows what the call is."""
    if call.is_unknown:
        raise ApiError(
            "endpoint_not_supported",
            "The address of the call is not a known endpoint. Add an endpoint type with its path, or name the model in"
            " the gateway's own request: /api/authorize?model=…",
        )
    for endpoint in call.endpoints:
        for name in call.stated:
            types = models[name].callable_endpoint_types
            if not supports(types, endpoint):
                message = (
                    f"The model '{models[name].name}' does not support this endpoint. It supports: {', '.join(types)}."
                )
                raise ApiError("endpoint_not_supported", message, param="model")


def headers_of_key(caller: Caller) -> dict[str, str]:
    """The key, and the state of the catalog that the answer is from."""
    return {
        "X-Modelbook-Key-Id": caller.key_id,
        "X-Modelbook-Token-Name": in_header(caller.name),
        "X-Modelbook-Revision": str(caller.counters.models),
    }


def headers_of_models(
    stated: str, models: Mapping[str, AIModel], groups: Mapping[int, tuple[int, str]], listing: Listing
) -> dict[str, str]:
    """The model that the call states, the group that pays for it, and all models that the call names."""
    # Clients call a wildcard model by the id in the request.
    ids = {name: in_header(name if model.is_wildcard else model.name) for name, model in models.items()}
    headers = {
        "X-Modelbook-Model": ids[stated],
        "X-Modelbook-Requested-Model": in_header(stated),
        "X-Modelbook-Group": in_header(groups[models[stated].pk][1]),
    }
    if len(set(ids.values())) > 1:
        headers["X-Modelbook-Models"] = ", ".join(name.replace(",", "%2C") for name in dict.fromkeys(ids.values()))
    successor = listing.successor(models[stated])
    if successor is not None:
        headers["X-Modelbook-Successor"] = in_header(successor.name)
    return headers
