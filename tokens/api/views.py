"""The model lists: read the request, find the visible models, respond in the caller's dialect."""

import datetime as dt
import re
from collections.abc import Hashable, Sequence
from typing import Annotated, Any, ClassVar, Literal, NoReturn, TypedDict, cast
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.views import APIView

from catalog.db import revision
from catalog.exact import write_json
from catalog.models import AIModel
from tokens.access.filters import ALL, PARAMETERS, POPULAR, Filters
from tokens.access.prices import prices_of
from tokens.access.starts import STARTS
from tokens.access.visibility import Listing
from tokens.api.budgets import Spending, spending_of
from tokens.api_error import CATALOG_ONLY, ApiError
from tokens.auth.authentication import Caller, HolderAuthentication
from tokens.auth.refusals import MAX_QUOTED, may_repeat
from tokens.context import context_of
from tokens.dialects import dialect_of, dialect_of_path
from tokens.dialects.base import query_of
from tokens.dialects.gemini import Gemini
from tokens.http.bodies import BODIES, Body, respond
from tokens.http.negotiation import site_of
from tokens.http.response_cache import OF_MODELS, caller_terms, midnight_after
from tokens.logs import scrub
from tokens.models import Token, TokenGroup
from tokens.timestamps import format_timestamp

STRICT = "strict"
# What SDKs add to every request, and where some clients send the key.
SENT_BY_SDKS = frozenset({"key", "beta", "alt", "$alt", "api-version"})
# In place of an id, by people who look for the list.
LISTS = frozenset({"list", "all", "info", "v1"})
# The method at the end of an address by which Gemini's clients call a model.
GEMINI_CALL = re.compile(r":(?:[a-z]+[A-Z]\w*|predict)$")
# Zed asks OpenRouter, or what its settings name in its place, for the models of the user.
OF_THE_USER = "user"


class ApiView(APIView):
    """An address of the API, read only; tokens/http/middleware.py responds to preflights."""

    http_method_names = ["get", "head", "options"]
    # Whether no method writes: tokens/http/middleware.py then reads everything from one snapshot.
    is_read_only = True
    # What the address reads of the query. With `strict=1`, any other parameter is refused.
    parameters: ClassVar[tuple[str, ...]] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method not in self.allowed_methods:
            # Before authentication: the result is the same with every key.
            self.http_method_not_allowed(request, *args, **kwargs)
        super().initial(request, *args, **kwargs)
        self.check_query(request._request)

    def check_query(self, request: HttpRequest) -> None:
        """ApiError if the request is strict and has a parameter that nobody reads."""
        query = query_of(request)
        if not is_given(query, STRICT, "1"):
            return
        accepted = (*self.parameters_for(request), STRICT)
        for name in query:
            if name not in accepted and name not in SENT_BY_SDKS:
                message = f"'{name[:MAX_QUOTED]}' is not a parameter of this address. It accepts {', '.join(accepted)}."
                raise ApiError("invalid_parameter", message, param=scrub(name[:MAX_QUOTED]))

    def parameters_for(self, request: HttpRequest) -> tuple[str, ...]:
        """The parameters of the address in the dialect of the request."""
        return self.parameters

    def respond(self, request: Request, body: Body) -> HttpResponse:
        return respond(
            request._request,
            body,
            cache_control=f"private, max-age={settings.MODELS_CACHE_SECONDS}",
        )


def caller_of(request: Request) -> Caller:
    """The caller that authentication has found."""
    # REST framework's stubs declare its own Token model, which is not used here.
    return cast("Caller", request.auth)


def offer_for_reuse(
    request: Request,
    *,
    at: dt.datetime,
    body_key: Hashable = None,
    shows_token: bool = False,
    filters: Filters = ALL,
) -> None:
    """Lets the fast path send the response to equal requests of the caller that day, while its models are unchanged.

    If patterns of the key or filters compare prices, or the order is that of popularity, these must be unchanged, too.
    Without a `body_key` the body is stored with the response, if it is small.
    """
    raw, caller = request._request, caller_of(request)
    counters: tuple[str, ...] = OF_MODELS
    until = min(filter(None, (midnight_after(at.date()), STARTS.read(caller.counters).next(at))))
    if caller.scope.asks_for_prices or filters.compares_prices:
        prices = prices_of(caller.scope, at=at, counters=caller.counters)
        counters, until = (*counters, revision.PRICES), min(until, prices.until)
    if filters.sort == POPULAR:
        counters = (*counters, revision.POPULARITY)
    context_of(raw.META).reuse_terms = caller_terms(
        caller, dialect_of(raw), counters, until=until, body_key=body_key, shows_token=shows_token
    )


class ModelListView(ApiView):
    """Every model that the caller's key can see, or those that the filters of the query select."""

    def parameters_for(self, request: HttpRequest) -> tuple[str, ...]:
        return (*dialect_of(request).parameters, *PARAMETERS, *_choosing_dialect(request))

    def get(self, request: Request) -> HttpResponse:
        caller, now = caller_of(request), timezone.now()
        dialect, filters = dialect_of(request._request), Filters.read(request.query_params)
        listing = Listing(caller.scope, now, token=caller.token, counters=caller.counters, filters=filters)
        page = dialect.read_page(request.query_params, listing)
        body_key = (caller.counters.models, dialect.name, listing.key, page)
        is_stored = filters == ALL or (filters.is_bounded and bool(listing.listed()))
        body = BODIES.get_or_render(
            body_key, lambda: Body.of_rows(*dialect.list_parts(listing, page)), is_stored=is_stored
        )
        response = self.respond(request, body)
        # A small body that is not stored there is stored with the response, of this caller alone.
        offer_for_reuse(request, at=now, body_key=body_key if is_stored else None, filters=filters)
        return response


class ModelView(ApiView):
    """One model, if the caller's key can see it; hidden and missing models get the same response."""

    def parameters_for(self, request: HttpRequest) -> tuple[str, ...]:
        return _choosing_dialect(request)

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> NoReturn:
        if request.method == "POST" and GEMINI_CALL.search(kwargs["name"]):
            raise ApiError("not_found", CATALOG_ONLY)
        raise MethodNotAllowed(str(request.method))

    def get(self, request: Request, name: str) -> HttpResponse:
        dialect, caller, now = dialect_of(request._request), caller_of(request), timezone.now()
        listing = Listing(caller.scope, now, counters=caller.counters)
        # Gemini's clients write the id as `models/<id>`, and some append that to the address of the list.
        plain_name = name.removeprefix("models/").rstrip("/")
        model = listing.model(name, plain_name)
        if model is None and dialect.shows_retired:
            model = listing.model(name, plain_name, retired=True)
        if model is None and plain_name == OF_THE_USER and dialect.name == "openai":
            return ModelListView().get(request)
        if model is None or not dialect.lists(model):
            message = not_found_message(name, request._request)
            if plain_name.lower() in LISTS:
                message += f" The list is at {site_of(request._request)}{dialect.list_path}."
            raise ApiError("model_not_found", message, param="model")
        if model.is_wildcard and model.name != name:
            # Clients call the model by the id in the response.
            model.name = plain_name
        response = self.respond(request, Body.of(write_json(dialect.model_body(model, on=listing.on))))
        offer_for_reuse(request, at=now)
        for header, value in dialect.lifecycle_headers(model, on=listing.on).items():
            response[header] = value
        link_successor(response, request, name, listing.successor(model))
        return response


class KeyGroup(TypedDict):
    """A group."""

    name: str
    label: Annotated[str, "The name to display."]


class GroupSpending(Spending):
    """The budget of a group, which all calls share that are charged in it."""

    group: Annotated[str, "The name of the group."]


class KeyRights(Spending):
    """The permissions of the key."""

    object: Literal["token"]
    name: Annotated[str, "The user of the key."]
    key_id: Annotated[str, "Identifies the key. It is not a secret."]
    starts_at: Annotated[str | None, {"format": "date-time"}]
    expires_at: Annotated[str | None, "null: never.", {"format": "date-time"}]
    groups: Annotated[list[KeyGroup], "If several groups reach a model, the price is that of the first one."]
    allow: Annotated[Sequence[str] | None, "Patterns of the models that it can see; null: all in its groups; []: none."]
    sees: Annotated[str, "`allow` in words."]
    networks: Annotated[Sequence[str], "The networks from which it may be used; empty: every network."]
    rate_limit: Annotated[str | None, "As 60/minute; null: none."]
    group_budgets: Annotated[list[GroupSpending], "The budgets of its groups."]
    is_over_budget: Annotated[
        bool, "Its budget is used up, or an operator says so: it can list models but not call them."
    ]
    last_used_at: Annotated[str | None, {"format": "date-time"}]


class Key(TypedDict):
    """The caller's key."""

    success: Literal[True]
    data: KeyRights


class TokenView(ApiView):
    """The permissions of the caller's own key, without its deny patterns: they could name secret models."""

    authentication_classes = [HolderAuthentication]

    def get(self, request: Request) -> HttpResponse:
        caller = caller_of(request)
        scope = caller.scope
        now = timezone.now()
        groups = TokenGroup.objects.in_bulk(scope.groups)
        token = Token.objects.filter(pk=caller.token).first() if scope.budget else None
        rights: KeyRights = {
            "object": "token",
            "name": caller.name,
            "key_id": caller.key_id,
            "starts_at": _moment(scope.starts_at),
            # That of the key in the request: a retired key ends before its token.
            "expires_at": _moment(scope.expires_at),
            "groups": [{"name": group.slug, "label": group.label} for group in map(groups.get, scope.groups) if group],
            "allow": scope.allow,
            "sees": scope.sees,
            "networks": scope.networks,
            "rate_limit": caller.rate_limit or None,
            **spending_of(token, at=now),
            "group_budgets": [
                {"group": groups[group].slug, **spending_of(groups[group], at=now)}
                for group, _ in scope.group_budgets
                if group in groups
            ],
            "is_over_budget": scope.is_over_budget or (scope.budget is not None and scope.budget.is_spent(at=now)),
            "last_used_at": _moment(caller.last_used_at),
        }
        body: Key = {"success": True, "data": rights}
        if not scope.group_budgets:
            # What other tokens spend of the budget of a group changes no row of this token.
            offer_for_reuse(request, at=now, shows_token=True)
        return respond(request._request, Body.of(write_json(body)), cache_control="no-store")


class TunedModelListView(ApiView):
    """Tuned models, which Gemini's SDKs request too: there are none."""

    parameters = Gemini.parameters

    def get(self, request: Request) -> HttpResponse:
        return self.respond(request, Body.of(write_json({"tunedModels": []})))


def link_successor(response: HttpResponse, request: Request, name: str, successor: AIModel | None) -> None:
    """Adds the address of the successor (RFC 5829), under the prefix of the request for the model of that name."""
    if successor is not None:
        address = quote(request.path.removesuffix(name)) + quote(successor.name)
        response["Link"] = f'<{address}>; rel="successor-version"'


def not_found_message(name: str, request: HttpRequest) -> str:
    """The message with the name of the model; empty if the name may be a key or a whole prompt."""
    if not may_repeat(name, request):
        return ""
    return f"The model '{name}' does not exist, or this API key has no access to it."


def is_given(query: QueryDict, name: str, value: str) -> bool:
    """Whether a parameter is given; ApiError if it has another value than its only one."""
    given = query.get(name)
    if given not in (None, value):
        raise ApiError("invalid_parameter", f"{name} must be {value}.", param=name)
    return given == value


def _choosing_dialect(request: HttpRequest) -> tuple[str, ...]:
    """The parameter that states the dialect, where the address does not."""
    return () if dialect_of_path(request.path) else ("dialect",)


def _moment(moment: dt.datetime | None) -> str | None:
    return format_timestamp(moment, timespec="seconds") if moment else None
