"""What new-api sites synchronize besides prices: the models and vendors that its "official" sync reads.

A site with `SYNC_UPSTREAM_BASE` set to our address requests `/api/newapi/models.json` and `vendors.json` below it. Its
decoder rejects the whole document for one value of the wrong type, and overwrites fields with every key that is
present: lists are text with commas, and what is unknown has no key.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from sys import intern
from typing import Annotated, Final, Literal, NotRequired, TypedDict, cast

from catalog.exact import ratio, write_json
from catalog.models import AIModel, EndpointType, Vendor
from catalog.models.facts import INT53, readable
from catalog.prices import RATIO_UNIT, USE_FACTORS, Line, Sheet
from catalog.sources.llm_metadata import METERS, RATIOS
from pricing.engine.money import per_million
from pricing.export.document import Document
from pricing.newapi.ratios import reason_unknown
from pricing.published.group_rates import slugs_of
from pricing.published.prices import Factors, published_sheets
from pricing.published.rows import Reading, names_of, rendered_rows

ENABLED: Final = 1
EXACT_NAME: Final = 0
PriceKey = Annotated[Decimal, "USD per million tokens, if such prices are the whole price."]
RatioKey = Annotated[Decimal, "The same price as a ratio of new-api."]


class Endpoint(TypedDict):
    """Where models of an endpoint type are served."""

    path: str
    method: str


class MetadataRow(TypedDict):
    """A model, as new-api describes it."""

    model_name: Annotated[str, "The model's id.", {"minLength": 1}]
    vendor_name: Annotated[str, "The name of an entry of the vendors; empty if the vendor is unknown."]
    description: str
    icon: Annotated[str, "A lobe-icons name; empty for that of the vendor."]
    tags: Annotated[str, "Separated by commas."]
    endpoints: Annotated[dict[str, Endpoint] | None, "By endpoint type, the preferred one first."]
    name_rule: Annotated[Literal[0], "The name is the exact id."]
    status: Annotated[Literal[1], "The model is enabled."]
    context_length: NotRequired[int]
    max_input_tokens: NotRequired[int]
    max_output_tokens: NotRequired[int]
    input_modalities: NotRequired[Annotated[str, "Separated by commas."]]
    output_modalities: NotRequired[Annotated[str, "Separated by commas."]]
    knowledge_cutoff: NotRequired[Annotated[str, "A year, month or day."]]
    release_date: NotRequired[Annotated[str, {"format": "date"}]]
    price_per_m_input: NotRequired[PriceKey]
    price_per_m_output: NotRequired[PriceKey]
    price_per_m_cache_read: NotRequired[PriceKey]
    price_per_m_cache_write: NotRequired[PriceKey]
    ratio_model: NotRequired[RatioKey]
    ratio_completion: NotRequired[RatioKey]
    ratio_cache: NotRequired[RatioKey]
    ratio_create_cache: NotRequired[RatioKey]


class MetadataVendor(TypedDict):
    """A vendor, as new-api describes it."""

    name: Annotated[str, {"minLength": 1}]
    description: str
    icon: Annotated[str, "A lobe-icons name, or empty."]
    status: Annotated[Literal[1], "The vendor is enabled."]


class MetadataModels(TypedDict):
    """The models that new-api sites describe as this gateway does."""

    success: Literal[True]
    message: str
    data: Annotated[list[MetadataRow], "The models that the caller sees, by id."]
    vendors: Annotated[list[MetadataVendor], "Their vendors, as in vendors.json."]


class MetadataVendors(TypedDict):
    """The vendors of these models."""

    success: Literal[True]
    message: str
    data: Annotated[list[MetadataVendor], "By name."]


@dataclass(frozen=True, slots=True)
class RenderedModel:
    """The row of a model under its id or an alias as JSON, and its vendor, which is empty if it is unknown."""

    name: str
    text: bytes
    vendor: str


def model_list(reading: Reading) -> Document:
    """The models that the scope sees, as JSON."""
    models = sorted(_rendered(reading), key=attrgetter("name"))
    tail = b'],"vendors":' + write_json(_vendors(models)) + b"}"
    return Document(b'{"success":true,"message":"","data":[', [model.text for model in models], tail)


def vendor_list(reading: Reading) -> Document:
    """The vendors of the models that the scope sees, as JSON."""
    rows = map(write_json, _vendors(_rendered(reading)))
    return Document(b'{"success":true,"message":"","data":[', rows, b"]}")


def _rendered(reading: Reading) -> Collection[RenderedModel]:
    slugs, factors = slugs_of(reading.scope), Factors.read(at=reading.at)
    types = {entry.name: entry for entry in EndpointType.objects.all()}

    def render(models: Sequence[AIModel]) -> dict[int, tuple[RenderedModel, ...]]:
        sheets, names = published_sheets(models, at=reading.at, groups=slugs, factors=factors), names_of(models)
        return {
            model.pk: tuple(
                RenderedModel(
                    name, write_json(_row(model, name, sheets.get(model.pk), types)), intern(_vendor_name(model.vendor))
                )
                for name in names[model.pk]
            )
            for model in models
        }

    rendered = rendered_rows("metadata", reading, reading.price_listing, render)
    return [row for rows in rendered.values() for row in rows]


def _row(model: AIModel, name: str, sheet: Sheet | None, types: Mapping[str, EndpointType]) -> MetadataRow:
    known = {
        "context_length": readable(model.context_length, INT53),
        "max_input_tokens": readable(model.max_input_tokens, INT53),
        "max_output_tokens": readable(model.max_output_tokens, INT53),
        "input_modalities": ",".join(model.input_modalities),
        "output_modalities": ",".join(model.output_modalities),
        "knowledge_cutoff": model.knowledge_cutoff,
        "release_date": model.released_on.isoformat() if model.released_on else None,
    }
    row: MetadataRow = {
        "model_name": name,
        "vendor_name": _vendor_name(model.vendor),
        "description": model.description,
        "icon": model.icon,
        "tags": ",".join(model.tags),
        "endpoints": {name: _endpoint(types[name]) for name in model.supported_endpoint_types if name in types} or None,
        "name_rule": EXACT_NAME,
        "status": ENABLED,
    }
    row |= cast("MetadataRow", {key: value for key, value in known.items() if value})
    return row | cast("MetadataRow", _price(sheet))


def _endpoint(entry: EndpointType) -> Endpoint:
    return {"path": entry.path, "method": entry.method}


def _price(sheet: Sheet | None) -> Mapping[str, Decimal]:
    """The keys of a price; none if it has anything that they cannot state."""
    dollars = None if sheet is None or reason_unknown(sheet) else sheet.without_group_rates().in_dollars()
    if dollars is None or USE_FACTORS in dollars.facts:
        return {}
    lines = dollars.folded().lines
    by_meter: dict[str, Line] = {line.meter: line for line in lines}
    if not all(line.is_plain and line.unit == "token" for line in lines) or not by_meter.keys() <= set(METERS.values()):
        return {}
    prices = {
        key: per_million(line.amount or Decimal(0), line.per)
        for key, meter in METERS.items()
        if (line := by_meter.get(meter))
    }
    base = prices.get("price_per_m_input")
    if not base:
        return prices
    ratios = {key: ratio(prices[price], base) for key, price in RATIOS.items() if price in prices}
    return {**prices, "ratio_model": ratio(base, RATIO_UNIT), **ratios}


def _vendor_name(vendor: Vendor) -> str:
    return "" if vendor.slug == Vendor.OTHER else vendor.name


def _vendors(models: Iterable[RenderedModel]) -> list[MetadataVendor]:
    used = {model.vendor for model in models}
    return [
        {"name": vendor.name, "description": vendor.description, "icon": vendor.icon, "status": ENABLED}
        for vendor in Vendor.objects.order_by("name")
        if _vendor_name(vendor) and vendor.name in used
    ]
