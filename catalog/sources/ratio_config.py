"""new-api's `GET /api/ratio_config`: one map per ratio, from model to number; gateways copy prices from it.

The maps have only what operators stored: 0 means free, and 37.5 is a price. For models without a stored completion
ratio, new-api's program has one.
"""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from catalog.exact import digits
from catalog.sources import completion_ratios, inferred_fields, new_api_prices
from catalog.sources.records import Document, Record
from catalog.sources.rows import Row, SourceError, read_body
from catalog.vocabulary import charged_sides

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
    endpoint_types = inferred_fields.endpoint_types(name, None)
    by_rule, finding = _completion_by_rule(name, values, charged_sides(endpoint_types or (), ()))
    # A gateway charges the price per call if there is one, and ignores the ratio.
    row = Row({**values, **by_rule, "quota_type": 1 if "model_price" in values else 0})
    prices = new_api_prices.prices_of(row, is_stored=True)
    if prices and finding:
        row.report(finding)
    return Record(
        name=name,
        supported_endpoint_types=endpoint_types,
        prices=prices,
        inferred=frozenset({"supported_endpoint_types"}),
        findings=tuple(row.findings),
        unmapped=row.left_over,
    )


def _completion_by_rule(name: str, values: Mapping[str, Any], sides: Collection[str]) -> tuple[dict[str, Decimal], str]:
    """The completion ratio that new-api's program has for a model whose map has none, and a finding; both may be empty.

    Versions of the program have different ratios for some names, and ignore a stored ratio for others.
    """
    if not values.get("model_ratio") or not values.keys().isdisjoint({"model_price", "billing_expr"}):
        return {}, ""
    stored = values.get("completion_ratio")
    if stored is not None:
        others = sorted(ratio for ratio in completion_ratios.fixed(name) if ratio != stored)
        of_program = " or ".join(map(digits, others))
        return (
            {},
            f"new-api charges the completion_ratio {of_program} for this name, whatever is stored" if others else "",
        )
    if "output" not in sides:
        return {}, ""
    rule = completion_ratios.rule_of_new_api(name)
    if rule is None:
        why = "versions of new-api have different ratios for its name"
        return {}, f"has no completion_ratio, and {why}: the price of its output is unknown"
    ratio = f"{digits(rule.value)}, for {rule.describe()}"
    return {
        "completion_ratio": rule.value
    }, f"has no completion_ratio; the price of its output is by new-api's own: {ratio}"
