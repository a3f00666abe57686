"""A gateway's models and prices as a document of new-api's own format, so that they are read like every price list.

The document is what the import run keeps as its snapshot: nothing secret is in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from catalog.exact import multiply, plain, read_json, write_json
from catalog.sources import SourceReader, new_api
from catalog.sources.records import Document
from catalog.sources.rows import is_number
from pricing.gateways.schemas import endpoint_types
from pricing.gateways.tables import Gateway, GatewayModel

# Field of a price list -> the option that holds it.
RATIOS: Mapping[str, str] = {
    "completion_ratio": "CompletionRatio",
    "cache_ratio": "CacheRatio",
    "create_cache_ratio": "CreateCacheRatio",
    "image_ratio": "ImageRatio",
    "audio_ratio": "AudioRatio",
    "audio_completion_ratio": "AudioCompletionRatio",
}
# What one US dollar is in a gateway's own unit, unless its operator says otherwise.
QUOTA_PER_DOLLAR = Decimal(500_000)
# Exact names count before beginnings, these before endings, and parts come last.
RULES_IN_ORDER = (0, 1, 3, 2)


def read(content: bytes) -> Document:
    """The document as records; ways to call a model that follow from its channel are inferred, not said."""
    document = new_api.read(content)
    derived = frozenset(read_json(content).get("derived_endpoint_types", ()))
    records = (
        replace(record, inferred=record.inferred | {"supported_endpoint_types"}) if record.name in derived else record
        for record in document.records
    )
    return replace(document, records=tuple(records))


SOURCE = SourceReader(slug="gateway", name="Gateway database", kind="sell", read=read)


def models_of(gateway: Gateway) -> dict[str, GatewayModel | None]:
    """Every model that a channel offers or that has an entry of its own, with what its operator wrote about it."""
    names = [name for channel in gateway.channels for name in channel.models]
    names += [model.name for model in gateway.models if model.rule == 0 and model.name]
    return {name: _written(name, gateway.models) for name in dict.fromkeys(names)}


def _written(name: str, models: Iterable[GatewayModel]) -> GatewayModel | None:
    listed = [model for model in models if model.name]
    for rule in RULES_IN_ORDER:
        found = next((model for model in listed if model.rule == rule and model.names(name)), None)
        if found:
            return found
    return None


def write(gateway: Gateway) -> bytes:
    """The document; rows in the order of the channels."""
    models = models_of(gateway)
    rows = [_row(name, model, gateway) for name, model in models.items()]
    derived = [row["model_name"] for row in rows if not row.pop("has_own_endpoints")]
    used = {row.get("vendor_id") for row in rows}
    return write_json(
        {
            "success": True,
            "data": rows,
            "vendors": [
                {"id": number, "name": name, "icon": icon}
                for number, (name, icon) in gateway.vendors.items()
                if number in used
            ],
            "supported_endpoint": _own_endpoints(models.values()),
            "derived_endpoint_types": derived,
        }
    )


def _row(name: str, model: GatewayModel | None, gateway: Gateway) -> dict[str, Any]:
    row: dict[str, Any] = {"model_name": name}
    own = list(_endpoints(model)) if model else []
    if model:
        texts = {"description": model.description, "icon": model.icon, "tags": model.tags}
        row |= {key: text for key, text in texts.items() if text}
        if model.vendor in gateway.vendors:
            row["vendor_id"] = model.vendor
    row["supported_endpoint_types"] = own or _by_channels(name, gateway)
    return row | price(name, gateway.options) | {"has_own_endpoints": bool(own)}


def _by_channels(name: str, gateway: Gateway) -> list[str]:
    types = [
        way for channel in gateway.channels if name in channel.models for way in endpoint_types(channel.type, name)
    ]
    return list(dict.fromkeys(types))


def _endpoints(model: GatewayModel) -> dict[str, Any]:
    """Type -> where it is served; the object that stands in place of one type's is none."""
    written = model.endpoints
    if isinstance(written, list):
        return {name: None for name in written if isinstance(name, str) and name not in new_api.SLIPS}
    if not isinstance(written, dict) or set(written) & set(new_api.SLIPS):
        return {}
    return dict(written)


def _own_endpoints(models: Iterable[GatewayModel | None]) -> dict[str, Any]:
    return {name: entry for model in models if model for name, entry in _endpoints(model).items() if entry}


def price(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The price part of a row: an expression, else a price per call, else ratios; nothing where there is no price."""

    def option(key: str) -> Any:
        table = options.get(key)
        return table.get(name) if isinstance(table, dict) else None

    if option("billing_setting.billing_mode") == "tiered_expr" and option("billing_setting.billing_expr"):
        return {"billing_mode": "tiered_expr", "billing_expr": option("billing_setting.billing_expr")}
    if option("ModelPrice") is not None:
        return {"quota_type": 1, "model_price": option("ModelPrice")}
    ratio = option("ModelRatio")
    if ratio is None:
        return {}
    found = {field: option(key) for field, key in RATIOS.items()}
    return {
        "quota_type": 0,
        "model_ratio": _in_dollars(ratio, options.get("QuotaPerUnit")),
        **{field: value for field, value in found.items() if value is not None},
    }


def _in_dollars(ratio: Any, quota_per_dollar: Any) -> Any:
    """The ratio as it would be at the usual number of units a dollar."""
    if not is_number(ratio) or not is_number(quota_per_dollar) or quota_per_dollar in (0, QUOTA_PER_DOLLAR):
        return ratio
    return plain(multiply(Decimal(ratio), QUOTA_PER_DOLLAR) / Decimal(quota_per_dollar))


def findings(gateway: Gateway) -> Iterable[str]:
    """What there is to say about the prices as a whole."""
    models, options = models_of(gateway), gateway.options
    if not options.get("ModelRatio") and not options.get("ModelPrice"):
        yield (
            "no prices are in this database: what an operator has never saved stands in the gateway's program. "
            "Import its /api/pricing or /api/ratio_config as well"
        )
    priced = {name for key in ("ModelRatio", "ModelPrice") for name in options.get(key) or {}}
    unoffered = sorted(priced - models.keys())
    if unoffered:
        yield f"{len(unoffered)} prices of models that no channel offers were left out: {_some(unoffered)}"
    rows = {name: price(name, options) for name in models}
    halves = [name for name, row in rows.items() if "model_ratio" in row and "completion_ratio" not in row]
    if halves:
        yield (
            f"{len(halves)} models have no completion ratio in the database, it stands in the gateway's program; "
            f"their output price was not brought: {_some(halves)}"
        )
    slips = [model.name for model in gateway.models if model.endpoints and not _endpoints(model)]
    if slips:
        yield f"the endpoints of {_some(slips)} are no types with a path and were left out"
    if options.get("GroupGroupRatio"):
        yield "rates of one group for the users of another (GroupGroupRatio) have no place here and were left out"


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
