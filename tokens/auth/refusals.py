"""What is stored of a refused request: without keys, queries and bodies."""

from contextlib import suppress
from http import HTTPStatus

from django.http import HttpRequest
from django.utils import timezone

from tokens.api_error import ApiError
from tokens.auth.credentials import candidate_keys, client_address, original_addresses
from tokens.auth.last_use import LAST_USE, Refusal
from tokens.calls.addresses import AmbiguousAddressError, read_address
from tokens.context import context_of
from tokens.dialects import PROXY_ADDRESS, has_appended_address
from tokens.logs import scrub

# A longer name is not repeated in an error, and not stored.
MAX_QUOTED = 100
MAX_PATH = 256


def note_refusal(request: HttpRequest, error: ApiError) -> None:
    """Notes an error as the last refusal of the token whose key the request contains; it is written later.

    Failures of this service are not refusals, and a request without a known key is nobody's.
    """
    context = context_of(request.META)
    if context.token is None or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return
    addresses = original_addresses(request)
    model = context.model or _model_in_address(request, addresses)
    refusal = Refusal(
        at=timezone.now(),
        key_id=context.key_id,
        address=client_address(request)[:64],
        status=error.status,
        code=error.code,
        model=scrub(model) if model.isprintable() and may_repeat(model, request) else "",
        path=_path(request, addresses),
        request_id=context.request_id[:64],
    )
    LAST_USE.note_refusal(context.token, refusal)


def may_repeat(name: str, request: HttpRequest) -> bool:
    """Whether the name of a model may be shown and stored; it may be a key or a whole prompt."""
    return len(name) <= MAX_QUOTED and not any(key in name for key in candidate_keys(request))


def _model_in_address(request: HttpRequest, addresses: list[str]) -> str:
    """The model that the address of a request names; empty if it is elsewhere, e.g. in a body that was not read."""
    if not request.path.startswith(PROXY_ADDRESS):
        match = request.resolver_match
        return str(match.kwargs.get("name", "")) if match else ""
    if not has_appended_address(request) and request.GET.get("model"):
        return request.GET["model"]
    for text in addresses:
        with suppress(AmbiguousAddressError):
            address = read_address(text)
            return next(iter([*address.stated, *address.models]), "")
    return ""


def _path(request: HttpRequest, addresses: list[str]) -> str:
    """The address of the call that a proxy asks about, else that of the request; without its query and without keys."""
    path = next(filter(None, addresses), "").partition("?")[0].partition("#")[0] or request.path
    for key in candidate_keys(request):
        path = path.replace(key, "[key]")
    return scrub(path)[:MAX_PATH] if path.isprintable() else ""
