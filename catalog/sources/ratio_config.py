"""new-api's `GET /api/ratio_config`: one map per ratio, from model to number; gateways copy prices from it."""

from typing import Any

from catalog.sources import inferred_fields, new_api
from catalog.sources.records import Document, Record
from catalog.sources.rows import Row, SourceError, read_body

# The maps that make up a price; a model is only in the maps that apply to it.
MAPS = (
    "model_ratio",
    "completion_ratio",
    "cache_ratio",
    "create_cache_ratio",
    "image_ratio",
    "audio_ratio",
    "audio_completion_ratio",
    "model_price",
    "billing_mode",
    "billing_expr",
)


def read(content: bytes) -> Document:
    """A record for each model in any map; InexactError or SourceError if the document has no such maps."""
    body = read_body(content)
    if isinstance(body, dict) and body.get("success") is False:
        raise SourceError("The document is an error message, not a price list: it has success: false.")
    # A list without its envelope is the maps themselves.
    data = body.get("data", body) if isinstance(body, dict) else None
    if not isinstance(data, dict) or not any(isinstance(data.get(name), dict) for name in MAPS):
        raise SourceError("The document is not a ratio_config: it has no map such as model_ratio.")
    document = Row(data)
    rows: dict[str, dict[str, Any]] = {}
    for name in MAPS:
        values = document.take(name)
        if values is not None and not isinstance(values, dict):
            raise SourceError(f"{name} in the document is not a map from model to number.")
        for model, value in (values or {}).items():
            rows.setdefault(model, {})[name] = value
    for key in document.left_over:
        document.report(f"the map {key[:64]} is unknown and was left out")
    return Document(
        records=tuple(_record(name, values) for name, values in rows.items() if name),
        findings=tuple(document.findings),
    )


def _record(name: str, values: dict[str, Any]) -> Record:
    # A gateway charges the price per call if there is one, and ignores the ratio.
    row = Row({**values, "quota_type": 1 if "model_price" in values else 0})
    prices = new_api.prices_of(row)
    unconfirmed = prices if prices and new_api.may_be_unset(row, name) else None
    if prices and "model_ratio" in values and "completion_ratio" not in values and "billing_expr" not in values:
        row.report("has no completion_ratio: the price of its output is unknown")
    return Record(
        name=name,
        supported_endpoint_types=inferred_fields.endpoint_types(name, None),
        prices=None if unconfirmed else prices,
        unconfirmed=unconfirmed,
        inferred=frozenset({"supported_endpoint_types"}),
        findings=tuple(row.findings),
        unmapped=row.left_over,
    )
