"""What a proxy sends of the call that it asks about: addresses, method, headers with models, and the body.

The fast path answers a check again if everything that is read here is equal, so nothing else may decide a check.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest

from tokens.access.own_routes import read_called
from tokens.api_error import ApiError
from tokens.auth.credentials import header_text, original_addresses
from tokens.calls.addresses import Address, AmbiguousAddressError
from tokens.calls.endpoints import Endpoint, StatedIn
from tokens.calls.named import NamedModels
from tokens.dialects import ORIGINAL_ADDRESS_HEADERS, has_appended_address
from tokens.http.proxies.bodies import BODY_PARTS, has_body, named_models

METHOD_HEADERS = ("X-Original-Method", "X-Forwarded-Method")
# Headers in which some gateway or upstream states a model. A name in them restricts; it counts as a statement of the
# model only if AUTHORIZE_TRUSTED_HEADERS lists the header, because callers can send it too.
MODEL_HEADERS = ("X-Model", "X-Gateway-Model-Name", "X-Ai-Eg-Model", "X-Litellm-Model")
# Fields of a body that state the model of the call itself.
MODEL_FIELDS = frozenset({"model", "models"})
# The same for kinds of calls that state it in another field.
OTHER_MODEL_FIELDS = {
    "realtime": frozenset({"session"}),
    "realtime_transcription": frozenset({"audio", "input_audio_transcription"}),
    "videos": frozenset({"model_name"}),
    "message_batches": frozenset({"requests"}),
}


@lru_cache(maxsize=16)
def _parts(trusted: tuple[str, ...]) -> tuple[str, ...]:
    headers = dict.fromkeys((*ORIGINAL_ADDRESS_HEADERS, *METHOD_HEADERS, *MODEL_HEADERS, *trusted))
    names = (f"HTTP_{header.upper().replace('-', '_')}" for header in headers)
    return ("REQUEST_METHOD", "RAW_URI", *BODY_PARTS, *dict.fromkeys(names))


def call_parts() -> tuple[str, ...]:
    """The parts of an environ that describe the call, besides its body."""
    return _parts(tuple(settings.AUTHORIZE_TRUSTED_HEADERS))


@dataclass(frozen=True, slots=True)
class Call:
    """The models of a call. `stated` are those that its upstream uses, in the order in which they are shown.

    The key must be allowed all models of `named`, which contains `stated`, and those of `readings` that exist.
    """

    stated: tuple[str, ...]
    named: tuple[str, ...]
    readings: tuple[str, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    # Nobody knows where the upstream of this address reads the model, and the gateway's configuration names none.
    is_unknown: bool = False


def read_call(request: HttpRequest) -> Call:
    """What the proxy sends; ApiError if it does not state a model, or cannot be read in exactly one way."""
    addresses = list(_read_addresses(request))
    # The query is the gateway's own configuration, unless the gateway appends the caller's address.
    configured = [] if has_appended_address(request) else request.GET.getlist("model")
    trusted, untrusted = _models_in_headers(request)
    elsewhere = [*configured, *trusted]
    body = named_models(request.META)
    stated = list(elsewhere)
    for address in addresses or [Address()]:
        stated += _models_stated(address, body, elsewhere, has_body=has_body(request.META))
    named = [*stated, *untrusted, *body.models]
    for address in addresses:
        named += [*address.models, *address.query_models]
    readings = [reading for address in addresses for reading in address.readings]
    endpoints = [address.endpoint for address in addresses if address.endpoint]
    is_unknown = not configured and len(endpoints) < len(addresses)
    return Call(_ids(stated), _ids(named), _ids(readings), tuple(endpoints), is_unknown)


def _models_stated(address: Address, body: NamedModels, elsewhere: list[str], *, has_body: bool) -> list[str]:
    """The models of a call of this address where its upstream reads them; ApiError if there are none."""
    kind = address.endpoint.name if address.endpoint else ""
    if address.endpoint is not None and address.endpoint.stated_in is StatedIn.NOWHERE:
        if kind not in settings.AUTHORIZE_WITHOUT_MODEL:
            message = f"Calls of this address name no model. AUTHORIZE_WITHOUT_MODEL={kind} allows them."
            raise ApiError("model_not_named", message)
        return []
    stated = [*address.stated, *body.within(MODEL_FIELDS | OTHER_MODEL_FIELDS.get(kind, frozenset()))]
    is_in_body = address.endpoint is None or address.endpoint.stated_in is StatedIn.BODY
    if not (elsewhere or address.stated or (is_in_body and stated)):
        message = "The body does not state the model of the call." if has_body and is_in_body else ""
        raise ApiError("model_not_named", message)
    return stated


def _read_addresses(request: HttpRequest) -> Iterator[Address]:
    method = _method(request)
    try:
        for text in original_addresses(request):
            yield read_called(text, method=method)
    except AmbiguousAddressError as error:
        raise ApiError("ambiguous_address", f"The address of the call cannot be checked: {error}.") from None


def _method(request: HttpRequest) -> str | None:
    """The method of the call, in upper case; None if it is not known.

    Proxies that append the address use the method too; others send a request of their own.
    """
    methods = {request.headers[header].strip().upper() for header in METHOD_HEADERS if header in request.headers}
    if has_appended_address(request):
        methods.add(str(request.method))
    if len(methods) > 1:
        raise ApiError("ambiguous_address", "The gateway states several methods of the call.")
    return next(iter(methods), None)


def _models_in_headers(request: HttpRequest) -> tuple[list[str], list[str]]:
    """The models in trusted headers, and those in the others."""
    trusted = {header.lower() for header in settings.AUTHORIZE_TRUSTED_HEADERS}
    stated: list[str] = []
    others: list[str] = []
    for header in dict.fromkeys([*trusted, *map(str.lower, MODEL_HEADERS)]):
        name = header_text(request, header).strip()
        if not name:
            continue
        if "," in name:
            # Servers join a header that was sent twice.
            raise ApiError("model_not_allowed", "A header names several models. Send one.", param="model")
        (stated if header in trusted else others).append(name)
    return stated, others


def _ids(names: list[str]) -> tuple[str, ...]:
    """The names without duplicates and blanks; Gemini's clients write an id as `models/<id>`."""
    return tuple(dict.fromkeys(name.removeprefix("models/") for name in names if name))
