"""new-api's `GET /api/ratio_config`: a map a ratio, from model to number, as gateways copy prices from each other."""

from typing import Any

from catalog.sources import inferred_fields, new_api
from catalog.sources.records import Document, Record
from catalog.sources.rows import Row, SourceError, read_body

# The maps that a price is made of; a model stands in those that have something to say of it.
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
    """A record for each model of any map; InexactError or SourceError where the document has no such maps."""
    body = read_body(content)
    if isinstance(body, dict) and body.get("success") is False:
        raise SourceError("The document says success: false; it is an error message and no price list.")
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, dict) or not any(isinstance(data.get(name), dict) for name in MAPS):
        raise SourceError("The document is no ratio_config: it has no data with maps such as model_ratio.")
    document = Row(data)
    rows: dict[str, dict[str, Any]] = {}
    for name in MAPS:
        values = document.take(name)
        if values is not None and not isinstance(values, dict):
            raise SourceError(f"The document's {name} is no map from model to number.")
        for model, value in (values or {}).items():
            rows.setdefault(model, {})[name] = value
    for key in document.left_over:
        document.find(f"the map {key[:64]} is not known and was left out")
    return Document(
        records=tuple(_record(name, values) for name, values in rows.items() if name),
        findings=tuple(document.findings),
    )


def _record(name: str, values: dict[str, Any]) -> Record:
    # A gateway that has a price per call asks for that one, whatever ratio stands beside it.
    row = Row({**values, "quota_type": 1 if "model_price" in values else 0})
    prices = new_api.prices_of(row)
    if prices and "model_ratio" in values and "completion_ratio" not in values and "billing_expr" not in values:
        row.find("has no completion_ratio; the price of its output is not known")
    return Record(
        name=name,
        supported_endpoint_types=inferred_fields.endpoint_types(name, None),
        prices=prices,
        inferred=frozenset({"supported_endpoint_types"}),
        findings=tuple(row.findings),
        unmapped=row.left_over,
    )
