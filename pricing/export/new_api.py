"""The public price list, `/api/pricing`, in the shape of new-api and Crazyrouter.

Rows are ordered (popular first, then vendor, then id) and the bytes are the same for the same prices, so that a client
that has them gets a 304. Only groups, vendors and endpoint types that the caller's rows use are named.

Readers written in Go decode a missing number as 0, which is a free model to new-api. Rows whose numbers are not sound
by themselves are therefore listed in `unpriced_models`, and are in `data` only for readers that request them.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from operator import attrgetter
from sys import intern
from types import MappingProxyType
from typing import Annotated, Any, Literal, NotRequired, TypedDict, cast

from catalog.exact import write_json
from catalog.models import AIModel, EndpointType, Vendor
from catalog.prices import PRICE_RULE, Sheet
from catalog.sources.ratio_config import MAPS
from pricing.export.document import Document, member
from pricing.newapi.ratios import (
    JSON,
    PriceFigure,
    PriceStatus,
    Unlisted,
    config_entries,
    figures,
    price_fields,
    reason_unlisted,
)
from pricing.published.group_rates import group_rates, groups_of_models, slugs_of
from pricing.published.popularity import popular_models
from pricing.published.prices import MAX_KEYS, Factors, published_sheets
from pricing.published.rows import Reading, RenderBatch, names_of, rendered_rows
from pricing.verification.provenance import OPERATOR, ExplainedLine, ExplainedSheet, Named
from tokens.access.filters import Place
from tokens.access.visibility import Listing
from tokens.models import TokenGroup
from tokens.timestamps import format_timestamp

LEFT_OUT_IF_EMPTY: tuple[Literal["alias_of", "description", "icon", "tags", "series", "release_date"], ...]
LEFT_OUT_IF_EMPTY = ("alias_of", "description", "icon", "tags", "series", "release_date")
ModelRatio = Annotated[Decimal, "Input: USD per million tokens, divided by 2."]
CompletionRatio = Annotated[Decimal, "Output, as a multiple of input."]
CacheRatio = Annotated[Decimal, "Reading from the cache, as a multiple of input."]
CreateCacheRatio = Annotated[Decimal, "Writing to the cache, as a multiple of input."]
ImageRatio = Annotated[Decimal, "Image input, as a multiple of input."]
AudioRatio = Annotated[Decimal, "Audio input, as a multiple of input."]
AudioCompletionRatio = Annotated[Decimal, "Audio output, as a multiple of audio input."]
ModelPrice = Annotated[Decimal, "USD per call, or per unit of `billing_mode`: second, page, million characters."]


class ExplainedFigure(PriceFigure):
    """A figure of a list or sell price, before discounts, and its source."""

    role: Annotated[str, "list: the vendor's price; sell: the operator's.", {"enum": ["list", "sell"]}]
    source: Annotated[str, "The public price book that states it; operator: the operator of this gateway set it."]
    url: NotRequired[Annotated[str, "The public address of the book."]]
    fetched_at: NotRequired[Annotated[str, "When the book's document was stored.", {"format": "date-time"}]]
    snapshot: NotRequired[Annotated[str, "The SHA-256 of the stored document."]]
    confirmed_by: NotRequired[
        Annotated[int, "How many independent books state the same figure today. Left out if it was not compared."]
    ]
    stated_by: NotRequired[
        Annotated[int, "How many independent books state this figure today, with this or another amount."]
    ]
    differing: NotRequired[Annotated[list[str], "The books that state another amount today."]]
    rule: NotRequired[Annotated[str, "Why the migrated gateway charged it, if its operator had not set it."]]


class PriceFields(TypedDict, total=False):
    """The price in a row, see pricing.newapi.ratios.price_fields."""

    quota_type: Annotated[int, "0: by ratios; 1: `model_price` per call, or as `billing_mode` says.", {"enum": [0, 1]}]
    model_ratio: ModelRatio
    completion_ratio: CompletionRatio
    cache_ratio: CacheRatio
    create_cache_ratio: CreateCacheRatio
    image_ratio: ImageRatio
    audio_ratio: AudioRatio
    audio_completion_ratio: AudioCompletionRatio
    model_price: ModelPrice
    discount: Annotated[Decimal, "All figures are multiplied by it."]
    price_from: Annotated[bool, "`model_price` is the lowest of several prices."]
    billing_mode: Annotated[str, "e.g. per_second; tiered_expr: `billing_expr` takes the place of every number."]
    billing_expr: Annotated[str, "The price as an expression of new-api."]
    tier_mode: Annotated[str, "graduated: each part of a prompt at the price of its own tier."]
    display_unit: Annotated[str, "The unit as price lists name it."]
    image_pricing: Annotated[dict[str, Any], "A table of rules, as in Crazyrouter."]
    video_pricing: Annotated[dict[str, Any], "A table of rules, as in Crazyrouter."]
    fees: Annotated[
        list[PriceFigure], "What is paid beside these numbers by the request, query, image or page, before `discount`."
    ]
    prices: Annotated[list[PriceFigure], "Every line, where ratios do not say everything."]
    explain: Annotated[list[ExplainedFigure], "Each figure and its source, if `explain=1`."]


class PriceRow(PriceFields):
    """A model and its price, as new-api and Crazyrouter list them."""

    model_name: Annotated[str, "The model's id, or an alias of it.", {"minLength": 1}]
    alias_of: NotRequired[Annotated[str, "The model's id, if `model_name` is an alias that lists of models have."]]
    description: NotRequired[str]
    icon: NotRequired[str]
    tags: NotRequired[Annotated[str, "Separated by commas."]]
    series: NotRequired[Annotated[str, "The family."]]
    release_date: NotRequired[Annotated[str, {"format": "date"}]]
    vendor_id: Annotated[int, "The id of an entry of `vendors`."]
    owner_by: Annotated[str, "The vendor, as a short lower-case name."]
    pricing_status: PriceStatus
    enable_groups: Annotated[list[str], "The caller's groups that include the model."]
    supported_endpoint_types: Annotated[list[str], "The endpoint types that can serve it."]
    public_endpoint_types: Annotated[list[str], "The endpoint types that customers may call."]


class Endpoint(TypedDict):
    """Where it is served."""

    path: str
    method: str


class VendorEntry(TypedDict):
    """A vendor of models."""

    id: int
    name: str
    icon: NotRequired[str]
    description: NotRequired[str]


class UnpricedModel(TypedDict):
    """A model without a sound price in the numbers that every reader of such lists knows."""

    model_name: Annotated[str, "The model's id, or an alias of it.", {"minLength": 1}]
    alias_of: NotRequired[Annotated[str, "The model's id, if `model_name` is an alias."]]
    reason: Unlisted


class PriceList(TypedDict):
    """The price list."""

    success: Literal[True]
    data: Annotated[
        list[PriceRow],
        "Models whose `quota_type`, `model_ratio`, `completion_ratio` and `model_price` state their price, popular "
        "ones first. With `unpriced=rows` all models.",
    ]
    unpriced_models: Annotated[list[UnpricedModel], "The other models, in the same order."]
    popular_models: Annotated[list[str], "Ids, in the order of popularity."]
    supported_endpoint: Annotated[dict[str, Endpoint], "By type."]
    vendors: list[VendorEntry]
    group_ratio: Annotated[dict[str, Decimal], "Group -> its customers pay this multiple of the price."]
    usable_group: Annotated[dict[str, str], "Group -> the name to display."]
    group_model_ratio: NotRequired[
        Annotated[
            dict[str, dict[str, Decimal]],
            "Group -> model -> its customers pay this multiple of the price, and not that of `group_ratio`.",
        ]
    ]
    auto_groups: Annotated[list[str], "Groups that are tried in this order."]
    pricing_version: NotRequired[Annotated[str, "The same for the same prices."]]


class RatioMaps(TypedDict):
    """Each map: model -> value, as in the rows of the price list."""

    model_ratio: dict[str, ModelRatio]
    completion_ratio: dict[str, CompletionRatio]
    cache_ratio: dict[str, CacheRatio]
    create_cache_ratio: dict[str, CreateCacheRatio]
    image_ratio: dict[str, ImageRatio]
    audio_ratio: dict[str, AudioRatio]
    audio_completion_ratio: dict[str, AudioCompletionRatio]
    model_price: dict[str, ModelPrice]
    billing_mode: Annotated[dict[str, str], "Model -> tiered_expr."]
    billing_expr: Annotated[dict[str, str], "Model -> an expression of new-api."]


class RatioConfig(TypedDict):
    """The maps that new-api sites read prices from, discounts multiplied in."""

    success: Literal[True]
    message: str
    data: RatioMaps


NO_RATES: Mapping[str, Decimal] = MappingProxyType({})

# The models of a list and the slugs of the reader's groups -> model key -> its price with sources.
Explain = Callable[[Iterable[Named], Collection[str]], Mapping[int, ExplainedSheet]]


@dataclass(frozen=True, slots=True)
class RenderedRow:
    """The row of a model as JSON, and what the list around the rows says of it."""

    text: bytes
    pk: int
    name: str
    # The model's id, if the name is an alias.
    alias_of: str
    vendor_name: str
    vendor: int
    created: int
    # Its endpoint types, one a line.
    endpoint_types: str
    # Why the model has no sound price in the numbers that every reader knows; empty if it has.
    reason: str
    # Group -> the rate that replaces the group's own rate for this model.
    rates: Mapping[str, Decimal]


def price_list(
    reading: Reading,
    *,
    today: dt.date,
    folded: bool = False,
    with_unpriced: bool = False,
    explain: Explain | None = None,
    chosen: Mapping[int, Place] | None = None,
    is_sorted: bool = False,
) -> Document:
    """The price list at a moment, past or future, for the models that this scope sees today, as JSON.

    `chosen`: the keys of the models that the list has, None: all, with what they are sorted by if `is_sorted`.
    `folded`: discounts are multiplied into the prices, for readers without a field for discounts. `with_unpriced`: the
    rows of `unpriced_models` are in `data`, too, for readers of `pricing_status`. With `explain`, each row lists its
    figures and their sources.
    """
    at = reading.at
    groups = list(TokenGroup.objects.filter(pk__in=reading.scope.groups).order_by("slug"))
    rendered = rendered_rows(
        ("price list", folded),
        reading,
        reading.price_listing,
        _row_renderer(groups, at=at, folded=folded),
        groups=tuple(group.pk for group in groups),
    )
    popular = popular_models(rendered, on=today, counters=reading.counters)
    if chosen is not None:
        rendered = {key: of_model for key, of_model in rendered.items() if key in chosen}
        popular = [key for key in popular if key in rendered]
    ordered = [row for key in popular for row in rendered[key]]
    first = dict.fromkeys(popular)
    others = [row for key, of_model in rendered.items() if key not in first for row in of_model]
    ordered += sorted(others, key=attrgetter("vendor_name", "name"))
    if chosen is not None and is_sorted:
        # The last part of a place is the name of the row.
        ordered.sort(key=lambda row: (*chosen[row.pk][:-1], row.name))
    rows = [row for row in ordered if with_unpriced or not row.reason]
    after_rows: JSON = {
        "unpriced_models": [_unpriced(row) for row in ordered if row.reason],
        "popular_models": [rendered[key][0].name for key in popular],
        "supported_endpoint": _endpoint_types(rows),
        "vendors": _vendors({row.vendor for row in rows}),
        "group_ratio": group_rates(groups, at=at),
        "usable_group": {group.slug: group.label for group in groups},
        "auto_groups": _automatic(groups),
    }
    if own_rates := _rates_of_models(ordered, groups):
        after_rows["group_model_ratio"] = own_rates
    head, tail = b'{"success":true,"data":[', b"]," + write_json(after_rows)[1:-1]
    texts = [row.text for row in rows]
    # A hash of the content: the same prices have the same version on every machine.
    version = Document(head, texts, tail + b"}").digest()
    if explain is not None:
        explained = explain((row for row in rows if not row.alias_of), {group.slug for group in groups})
        texts = [row.text[:-1] + b',"explain":' + write_json(_explained(explained.get(row.pk))) + b"}" for row in rows]
    return Document(head, texts, tail + b',"pricing_version":' + write_json(version) + b"}")


def _row_renderer(
    groups: Sequence[TokenGroup], *, at: dt.datetime, folded: bool
) -> RenderBatch[tuple[RenderedRow, ...]]:
    """Renders the row of each model, and after it those of its listed aliases."""
    slugs = {group.slug for group in groups}
    factors = Factors.read(at=at)

    def render(models: Sequence[AIModel]) -> dict[int, tuple[RenderedRow, ...]]:
        sheets = published_sheets(models, at=at, groups=slugs, factors=factors)
        reach, names = groups_of_models(groups, models, at=at), names_of(models)
        return {
            model.pk: tuple(
                _rendered(model, name, sheets.get(model.pk), reach[model.pk], slugs, folded=folded)
                for name in names[model.pk]
            )
            for model in models
        }

    return render


def _rendered(
    model: AIModel, name: str, sheet: Sheet | None, enable_groups: list[str], groups: Collection[str], *, folded: bool
) -> RenderedRow:
    """The row of a model under its id or an alias."""
    rates = NO_RATES if sheet is None or not sheet.has_group_rates else _own_rates(sheet, groups)
    sheet = sheet and sheet.without_group_rates()
    price = price_fields(sheet.folded() if sheet and folded else sheet, name)
    reason = reason_unlisted(sheet, price)
    row = _row(model, name, price, enable_groups)
    return RenderedRow(
        text=write_json(row),
        pk=model.pk,
        name=name,
        alias_of=row.get("alias_of", ""),
        vendor_name=model.vendor.name,
        vendor=model.vendor_id,
        created=model.created,
        endpoint_types=intern("\n".join([*row["supported_endpoint_types"], *row["public_endpoint_types"]])),
        reason=reason,
        rates=rates,
    )


def _unpriced(row: RenderedRow) -> UnpricedModel:
    entry: UnpricedModel = {"model_name": row.name, "reason": row.reason}
    return entry | {"alias_of": row.alias_of} if row.alias_of else entry


def _own_rates(sheet: Sheet, groups: Collection[str]) -> dict[str, Decimal]:
    rates = {group: sheet.rate_of(group) for group in groups}
    return {group: rate for group, rate in rates.items() if rate is not None}


def _rates_of_models(rows: Iterable[RenderedRow], groups: Iterable[TokenGroup]) -> dict[str, dict[str, Decimal]]:
    """Group -> model -> the rate that replaces the group's own rate for this model."""
    with_rates = sorted((row for row in rows if row.rates), key=lambda row: (-row.created, row.name))
    rates = {
        group.slug: {row.name: row.rates[group.slug] for row in with_rates if group.slug in row.rates}
        for group in groups
    }
    return {group: by_model for group, by_model in rates.items() if by_model}


def _explained(price: ExplainedSheet | None) -> list[ExplainedFigure]:
    return [_explained_figure(line, price) for line in price.lines] if price else []


def _explained_figure(explained: ExplainedLine, price: ExplainedSheet) -> ExplainedFigure:
    (stated,) = figures(replace(price.sheet, lines=(explained.line,)))
    figure = cast("ExplainedFigure", {**stated, "role": price.role, "source": OPERATOR})
    if (origin := explained.origin) is not None:
        figure["source"] = origin.name
        if origin.url:
            figure["url"] = origin.url
        figure["fetched_at"] = format_timestamp(origin.fetched_at)
        figure["snapshot"] = origin.sha256
    if explained.confirmed_by is not None:
        figure["confirmed_by"] = explained.confirmed_by
    if explained.stated_by is not None:
        figure["stated_by"] = explained.stated_by
        figure["differing"] = [name for name, _line in explained.differing]
    if isinstance(rule := explained.line.facts.get(PRICE_RULE), str):
        figure["rule"] = rule
    return figure


def ratio_config(reading: Reading) -> Document:
    """The maps that new-api sites read prices from, discounts multiplied in, as JSON.

    A model is only in maps that state its price exactly. A model priced by the second or in a currency without a rate
    is in none, because readers take each number literally.
    """
    slugs, factors = slugs_of(reading.scope), Factors.read(at=reading.at)

    def render(models: Sequence[AIModel]) -> dict[int, tuple[RenderedEntries, ...]]:
        sheets, names = published_sheets(models, at=reading.at, groups=slugs, factors=factors), names_of(models)
        return {key: tuple(_entries(name, sheets.get(key)) for name in of_model) for key, of_model in names.items()}

    rendered = rendered_rows("ratio config", reading, Listing(reading.scope, reading.at), render)
    ordered = sorted((row for rows in rendered.values() for row in rows), key=attrgetter("name"))
    return Document(b'{"success":true,"message":"","data":{', _maps(ordered), b"}}", separator=b"")


@dataclass(frozen=True, slots=True)
class RenderedEntries:
    """The entries of a model as members of a JSON object, by map."""

    name: str
    entries: Mapping[str, bytes]


def _entries(name: str, sheet: Sheet | None) -> RenderedEntries:
    entries = config_entries(sheet and sheet.without_group_rates(), name)
    return RenderedEntries(name, {map_name: member(name, value) for map_name, value in entries.items()})


def _maps(models: Sequence[RenderedEntries]) -> Iterator[bytes]:
    for number, name in enumerate(MAPS):
        yield (b"," if number else b"") + write_json(name) + b":{"
        entries = [model.entries[name] for model in models if name in model.entries]
        yield from (b"," + entry if place else entry for place, entry in enumerate(entries))
        yield b"}"


def _row(model: AIModel, name: str, price: JSON, groups: list[str]) -> PriceRow:
    row: PriceRow = {
        "model_name": name,
        "alias_of": "" if name == model.name else model.name,
        "description": model.description,
        "icon": model.icon,
        "tags": ",".join(model.tags),
        "series": model.series,
        "release_date": model.released_on.isoformat() if model.released_on else "",
        "vendor_id": model.vendor_id,
        "owner_by": model.vendor.slug,
        "pricing_status": price.pop("pricing_status"),
        **cast("PriceFields", price),
        "enable_groups": groups,
        "supported_endpoint_types": model.supported_endpoint_types,
        "public_endpoint_types": model.callable_endpoint_types,
    }
    for field in LEFT_OUT_IF_EMPTY:
        if not row[field]:
            del row[field]
    return row


def _automatic(groups: Iterable[TokenGroup]) -> list[str]:
    """The groups of the automatic order, the first one first."""
    places = ((group.auto_position, group.slug) for group in groups if group.auto_position is not None)
    return [slug for _, slug in sorted(places)]


def _endpoint_types(rows: Iterable[RenderedRow]) -> dict[str, Endpoint]:
    used = {name for names in {row.endpoint_types for row in rows} for name in names.split("\n")}
    registry = EndpointType.objects.filter(name__in=used).order_by("name")
    return {entry.name: {"path": entry.path, "method": entry.method} for entry in registry}


def _vendors(keys: Collection[int]) -> list[VendorEntry]:
    vendors = Vendor.objects.in_bulk(keys) if len(keys) <= MAX_KEYS else Vendor.objects.in_bulk()
    used = (vendor for key, vendor in vendors.items() if key in keys)
    return [_vendor(vendor) for vendor in sorted(used, key=lambda vendor: (vendor.name, vendor.pk))]


def _vendor(vendor: Vendor) -> VendorEntry:
    entry: VendorEntry = {"id": vendor.pk, "name": vendor.name}
    if vendor.icon:
        entry["icon"] = vendor.icon
    if vendor.description:
        entry["description"] = vendor.description
    return entry
