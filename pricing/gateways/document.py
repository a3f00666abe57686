"""A gateway's models and prices as a document in new-api's format, so that they are read like other price lists.

The import run stores the document as its snapshot: it contains no secrets.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any

from catalog.error_messages import some
from catalog.exact import read_json, write_json
from catalog.prices import Line
from catalog.sources import SourceReader, new_api
from catalog.sources.records import Document, Record
from pricing.gateways.endpoints import common_endpoints, endpoints_of
from pricing.gateways.prices import one_hub
from pricing.gateways.prices.details import with_details
from pricing.gateways.prices.price import Price
from pricing.gateways.prices.pricer import price_of
from pricing.gateways.prices.summary import PriceSummary
from pricing.gateways.prices.tools import tool_prices, with_tools
from pricing.gateways.reading.gateway import Gateway, GatewayModel
from pricing.gateways.reading.schemas import endpoint_types

# After exact names, rules apply in this order: prefixes, then suffixes, then parts of names.
RULES_OF_PARTS = (1, 3, 2)


def read(content: bytes) -> Document:
    """The document as records; endpoint types that follow from a model's channel are inferred.

    The database of a gateway has no placeholders: its ratios are what the operator set.
    """
    document = new_api.read(content, is_published=False)
    body = read_json(content)
    derived, tools = frozenset(body.get("derived_endpoint_types", ())), body.get("tool_prices", {})
    details = body.get("price_details", {})
    records = (
        replace(
            record,
            prices=record.prices and with_details(record.prices, details.get(record.name, {})),
            inferred=record.inferred | ({"supported_endpoint_types"} if record.name in derived else set()),
        )
        for record in document.records
    )
    return replace(document, records=tuple(_with_tools(record, tools.get(record.name, {})) for record in records))


def _with_tools(record: Record, prices: Mapping[str, Any]) -> Record:
    """The record with its prices of tool calls."""
    if not prices:
        return record
    if record.prices is None or not any(map(_is_paid, record.prices.lines)):
        why = "only its calls of tools have a price above 0, which was not imported"
        return replace(record, findings=(*record.findings, why))
    return replace(record, prices=with_tools(record.prices, prices))


def _is_paid(line: Line) -> bool:
    return line.covers_request or (line.kind == "absolute" and bool(line.amount))


SOURCE = SourceReader(slug="gateway", name="Gateway database", kind="sell", read=read)


def prices_of(gateway: Gateway) -> PriceSummary:
    """The prices of all models."""
    prices, listing = {name: price_of(name, gateway) for name in models_of(gateway)}, gateway.listing
    return PriceSummary(prices, None if listing is None else sum(name in listing.rows for name in prices))


def models_of(gateway: Gateway) -> dict[str, GatewayModel | None]:
    """Each model that a channel offers or that has its own entry -> the operator's entry for it, if any."""
    names = [name for channel in gateway.channels for name in channel.models]
    names += [model.name for model in gateway.models if model.rule == 0 and model.name]
    # The first of several entries counts.
    exact = {model.name: model for model in reversed(gateway.models) if model.rule == 0}
    others = [model for rule in RULES_OF_PARTS for model in gateway.models if model.rule == rule and model.name]
    return {name: exact.get(name) or _first_match(name, others) for name in dict.fromkeys(names)}


def _first_match(name: str, models: Iterable[GatewayModel]) -> GatewayModel | None:
    return next((model for model in models if model.fits(name)), None)


def write(gateway: Gateway, prices: Mapping[str, Price]) -> bytes:
    """The document, with rows in the order of the channels; `prices` are those of `prices_of`."""
    models = models_of(gateway)
    rows = [{**_row(name, model, gateway), **prices[name].row} for name, model in models.items()]
    derived = [row["model_name"] for row in rows if not row.pop("has_own_endpoints")]
    used = {row.get("vendor_id") for row in rows}
    return write_json(
        {
            "success": True,
            "data": rows,
            "vendors": [
                {"id": number} | {key: text for key, text in asdict(vendor).items() if text}
                for number, vendor in gateway.vendors.items()
                if number in used
            ],
            "supported_endpoint": common_endpoints(models.values()),
            "derived_endpoint_types": derived,
            "price_details": {name: price.details for name, price in prices.items() if price.row and price.details},
            "tool_prices": {name: tools for name, tools in _tools(models, gateway).items() if tools},
        }
    )


def _row(name: str, model: GatewayModel | None, gateway: Gateway) -> dict[str, Any]:
    row: dict[str, Any] = {"model_name": name}
    own = list(endpoints_of(model)) if model else []
    if model:
        texts = {"description": model.description, "icon": model.icon, "tags": model.tags}
        row |= {key: text for key, text in texts.items() if text}
        if model.metadata:
            row["metadata"] = model.metadata
        if model.vendor in gateway.vendors:
            row["vendor_id"] = model.vendor
    row["supported_endpoint_types"] = own or types_by_channels(name, gateway)
    return row | {"has_own_endpoints": bool(own)}


def _tools(names: Iterable[str], gateway: Gateway) -> dict[str, Mapping[str, Decimal]]:
    """Model -> its prices of tool calls. Which calls it serves depends on its channels, not on what its entry lists."""
    return {
        name: tool_prices(name, types_by_channels(name, gateway), gateway.options)
        for name in (names if gateway.dialect.has_tool_prices else ())
    }


def types_by_channels(name: str, gateway: Gateway) -> list[str]:
    """The endpoint types of the model's channels, in the order of their ids."""
    channels = sorted(gateway.channels_of.get(name, ()), key=lambda channel: channel.id)
    types = [type_name for channel in channels for type_name in endpoint_types(channel.type, name)]
    return list(dict.fromkeys(types))


def findings(gateway: Gateway) -> Iterable[str]:
    """Findings about the models as a whole."""
    if gateway.prices is not None:
        yield from one_hub.findings(gateway)
        return
    slips = [model.name for model in gateway.models if model.endpoints and not endpoints_of(model)]
    if slips:
        yield f"the endpoints of {some(slips)} are not valid and were left out"
