"""Prices over HTTP: read the request, get the body, respond."""

import datetime as dt
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from catalog.db import revision
from catalog.db.revision import Counters, version_of
from catalog.exact import write_json
from catalog.models import AIModel
from pricing.api import quote_documents
from pricing.api.request_bodies import read_body
from pricing.export import litellm, one_hub
from pricing.export.document import Document
from pricing.export.formats import FORMATS
from pricing.export.new_api import price_list, ratio_config
from pricing.published.audience import choose_group, groups_reaching
from pricing.published.boundaries import last_price_boundary, parts_of_prices, published_until
from pricing.published.charges import Call, Charges
from pricing.published.history import history
from pricing.published.rows import Reading
from pricing.verification.provenance import Evidence, explain
from tokens.access.filters import ALL, PARAMETERS, Filters
from tokens.access.visibility import Listing, PriceListing, public_scope
from tokens.api.views import ApiView, is_given, link_successor
from tokens.api_error import ApiError
from tokens.auth.authentication import Caller, OptionalTokenAuthentication, TokenAuthentication
from tokens.auth.credentials import candidate_keys
from tokens.context import ReuseTerms, context_of
from tokens.dialects import dialect_of
from tokens.http.bodies import BODIES, VISITOR_BODIES, Body, respond
from tokens.http.response_cache import OF_PRICES, caller_terms, visitor_terms
from tokens.scope import Scope
from tokens.timestamps import TimestampError, parse_timestamp

ANONYMOUS = "public, max-age=60, stale-while-revalidate=300"
PRIVATE = "private, max-age=60"


@dataclass(frozen=True)
class Reader:
    """The reader of the prices: the scope of a key, or that of visitors."""

    request: HttpRequest
    scope: Scope
    counters: Counters
    cache_control: str
    # None: a visitor.
    caller: Caller | None = None

    def listing(self, at: dt.datetime) -> Listing:
        """The models whose price the reader may ask for by name: keys may also ask for those in no price list."""
        kind = Listing if self.caller else PriceListing
        return kind(self.scope, at, counters=self.counters)

    def reading(self, *, now: dt.datetime, at: dt.datetime | None = None) -> Reading:
        """The prices of a moment, by default of now."""
        at = at or now
        return Reading(self.scope, at, self.counters, is_now=self._boundary(at) == self._boundary(now))

    def _boundary(self, at: dt.datetime) -> dt.datetime | None:
        return last_price_boundary(version_of(self.counters), at=at)

    def body(
        self,
        kind: str,
        *parts: Hashable,
        render: Callable[[], Document | bytes],
        at: dt.datetime,
        is_now: bool = True,
        is_stored: bool = True,
        is_reusable: bool = True,
    ) -> Body:
        """The cached body; it changes only with the counters, the current prices or the day.

        It is not stored if a part is a value that clients choose freely: each would evict the lists of others. Bodies
        at other moments than now are stored beside those of visitors, so that they evict no customer's list.
        `is_reusable`: the body depends on nothing else, so that the fast path may send it without Django.
        """
        bodies = BODIES if self.caller and is_now else VISITOR_BODIES
        key = (parts_of_prices(self.counters), kind, self.scope.fingerprint, self._boundary(at), *parts)

        def render_body() -> Body | bytes:
            rendered = render()
            return rendered.body() if isinstance(rendered, Document) else rendered

        body = bodies.get_or_render(key, render_body, is_stored=is_stored)
        if is_stored and is_reusable:
            context_of(self.request.META).reuse_terms = self._terms(key, at=at)
        return body

    def _terms(self, body_key: Hashable, *, at: dt.datetime) -> ReuseTerms | None:
        until = published_until(version_of(self.counters), at=at)
        if self.caller is not None:
            return caller_terms(self.caller, dialect_of(self.request), OF_PRICES, until=until, body_key=body_key)
        # A key that is not valid may become valid.
        has_keys = bool(candidate_keys(self.request))
        return None if has_keys else visitor_terms(self.counters, OF_PRICES, until=until, body_key=body_key)


class PriceView(ApiView):
    """A public view: with a valid key it shows the key's groups instead of the public ones; no key is refused."""

    authentication_classes = [OptionalTokenAuthentication]

    def reader(self, request: Request) -> Reader:
        raw, caller = request._request, cast("Caller | None", request.auth)
        if caller is not None:
            return Reader(raw, caller.scope, caller.counters, PRIVATE, caller)
        counters = revision.read()
        return Reader(raw, public_scope(), counters, ANONYMOUS)


class PricingView(PriceView):
    """The price list, at the moment `as_of`, with discounts multiplied in if they are `folded`.

    With `unpriced=rows` it has rows of all models. `explain=1` adds the source of each figure. Filters select rows.
    """

    parameters = ("as_of", "discount", "unpriced", "explain", *PARAMETERS)

    def get(self, request: Request) -> HttpResponse:
        now = timezone.now()
        folded = is_given(request.query_params, "discount", "folded")
        with_unpriced = is_given(request.query_params, "unpriced", "rows")
        at = read_moment(request, "as_of") or now
        is_explained = is_given(request.query_params, "explain", "1")
        filters = Filters.read(request.query_params)
        reader = self.reader(request)
        reading, today = reader.reading(now=now, at=at), now.date()
        chosen = None
        if filters != ALL:
            listing = replace(reading.price_listing, counters=reader.counters, filters=filters, popular_on=today)
            chosen = {model.pk: listing.place(model) for model in listing.visible()}
        kind, parts = "pricing", list[Hashable]([folded, with_unpriced, today, filters])
        render = partial(
            price_list,
            reading,
            today=today,
            folded=folded,
            with_unpriced=with_unpriced,
            chosen=chosen,
            is_sorted=bool(filters.sort),
        )
        if is_explained:
            evidence = Evidence.read(at=at, now=now)
            explained = partial(explain, at=at, editions=evidence.editions)
            kind, parts = "pricing explained", [*parts, evidence]
            render = partial(render, explain=explained)
        is_reusable = at == now and not is_explained
        is_stored = chosen is None or (filters.is_bounded and bool(chosen))
        body = reader.body(
            kind,
            *parts,
            render=render,
            at=at,
            is_now=reading.is_now,
            is_stored=is_stored,
            is_reusable=is_reusable,
        )
        return respond(request._request, body, cache_control=reader.cache_control)


class RatioConfigView(PriceView):
    """The price maps that new-api sites read."""

    def get(self, request: Request) -> HttpResponse:
        now = timezone.now()
        reader = self.reader(request)
        body = reader.body("ratio_config", render=lambda: ratio_config(reader.reading(now=now)), at=now)
        return respond(request._request, body, cache_control=reader.cache_control)


class OneHubPricesView(PriceView):
    """The prices that one-hub and done-hub read.

    With `long_context=unlisted`, models with another price for long prompts are left out, for one-hub.
    """

    parameters = ("long_context",)

    def get(self, request: Request) -> HttpResponse:
        now = timezone.now()
        with_long_context = not is_given(request.query_params, "long_context", "unlisted")
        reader = self.reader(request)
        render = partial(one_hub.price_rows, reader.reading(now=now), with_long_context=with_long_context)
        body = reader.body("one_hub", with_long_context, render=render, at=now)
        return respond(request._request, body, cache_control=reader.cache_control)


class DocumentView(PriceView):
    """An export format, for the models that the caller sees."""

    form = ""

    def get(self, request: Request, **_: str) -> HttpResponse:
        now, form = timezone.now(), FORMATS[self.form]
        reader = self.reader(request)
        body = reader.body(form.name, render=lambda: form.render(reader.reading(now=now)), at=now)
        return respond(request._request, body, cache_control=reader.cache_control)


class ModelInfoView(PriceView):
    """The models that the key lists, with their prices, as LiteLLM's proxy has them: Cline and Roo Code read it."""

    authentication_classes = [TokenAuthentication]

    def get(self, request: Request) -> HttpResponse:
        now = timezone.now()
        reader = self.reader(request)
        reading, listing = reader.reading(now=now), reader.listing(now)
        body = reader.body("litellm info", render=lambda: litellm.render_info(reading, listing), at=now)
        return respond(request._request, body, cache_control=reader.cache_control)


class HistoryView(PriceView):
    """One model's published prices: past, current and announced."""

    def get(self, request: Request, name: str) -> HttpResponse:
        now = timezone.now()
        reader = self.reader(request)
        listing = reader.listing(now)
        model = visible_model(listing, name, retired=True)
        body = reader.body(
            "history",
            model.name,
            render=lambda: write_json(history(model, at=now, scope=reader.scope)),
            at=now,
        )
        response = respond(request._request, body, cache_control=reader.cache_control)
        link_successor(response, request, name, listing.successor(model))
        return response


class QuoteView(PriceView):
    """The price of a usage of a model for the caller, line by line."""

    http_method_names = ["post", "options"]

    def post(self, request: Request) -> HttpResponse:
        now = timezone.now()
        try:
            question = quote_documents.read_question(read_body(request))
        except quote_documents.QuestionError as error:
            raise ApiError("invalid_parameter", str(error), param=error.param) from None
        reader = self.reader(request)
        at = question.at or now
        model = visible_model(reader.listing(at), question.model)
        group = _group(reader.scope, model, question.group, at=at)
        call = Call(model, group, at)
        sheet, result = Charges.read([call]).quote(call, question.usage, question.facts)
        body = quote_documents.quote_body(sheet, result, name=model.name, group=group, at=at)
        return respond(request._request, Body.of(write_json(body)), cache_control="no-store")


def read_moment(request: Request, name: str) -> dt.datetime | None:
    text = request.query_params.get(name)
    try:
        return None if text is None else parse_timestamp(text)
    except TimestampError as error:
        raise ApiError("invalid_parameter", f"{name} {error}", param=name) from None


def visible_model(listing: Listing, name: str, *, retired: bool = False) -> AIModel:
    """The model in the listing, or the successor to which it forwards; with `retired` the retired model itself."""
    spellings = name, name.rstrip("/")
    model = (None if retired else listing.model(*spellings)) or listing.model(*spellings, retired=True)
    if model is None:
        message = f"The model '{name[:255]}' does not exist, or you have no access to it."
    elif retired or model.lifecycle(on=listing.on) != AIModel.Lifecycle.RETIRED:
        return model
    else:
        message = f"The model '{model.name}' retires on {model.retires_on}. It has a price only before that day (UTC)."
    raise ApiError("model_not_found", message, param="model")


def _group(scope: Scope, model: AIModel, requested: str | None, *, at: dt.datetime) -> str:
    """The group that a quote is for; ApiError if the caller requests one that does not reach the model."""
    slugs = groups_reaching(model, scope, at=at)
    if requested is not None and requested not in slugs:
        raise ApiError(
            "invalid_parameter", f"You have no group {requested[:64]!r} with access to this model.", param="group"
        )
    group = choose_group(slugs, requested or "")
    if group is None:
        # The last offer was disabled after the model was looked up.
        raise ApiError("model_not_found", param="model")
    return group
