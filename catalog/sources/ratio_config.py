"""new-api's `GET /api/ratio_config`: one map per ratio, from model to number; gateways copy prices from it.

The maps have only what operators stored: 0 means free, and 37.5 is a price. For models without a stored completion
ratio, new-api's program has one.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from catalog.exact import digits
from catalog.prices import PRICE_RULE, Sheet
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
    lacks_completion = _has_ratio(values) and values.get("completion_ratio") is None
    has_output = "output" in charged_sides(endpoint_types or (), ())
    rule = completion_ratios.rule_of_new_api(name) if lacks_completion and has_output else None
    # A gateway charges the price per call if there is one, and ignores the ratio.
    row = Row({**values, "quota_type": 1 if "model_price" in values else 0})
    if rule is not None:
        row = Row({**row.values, "completion_ratio": rule.value})
    prices = new_api_prices.prices_of(row, is_stored=True)
    if prices and rule is not None:
        row.report(f"has no completion_ratio; that of its output is {digits(rule.value)} {rule.reason('new-api')}")
        prices = _with_rule(prices, rule.reason("new-api"))
    elif prices and lacks_completion and has_output:
        why = "versions of new-api have different ones for its name"
        row.report(f"has no completion_ratio, and {why}: the price of its output is unknown")
    elif prices and (others := _charged_instead(name, values)):
        row.report(f"new-api charges the completion_ratio {others} for this name, whatever is stored")
    return Record(
        name=name,
        supported_endpoint_types=endpoint_types,
        prices=prices,
        inferred=frozenset({"supported_endpoint_types"}),
        findings=tuple(row.findings),
        unmapped=row.left_over,
    )


def _has_ratio(values: Mapping[str, Any]) -> bool:
    """Whether the model is charged by a ratio that is not 0."""
    return bool(values.get("model_ratio")) and values.keys().isdisjoint({"model_price", "billing_expr"})


def _charged_instead(name: str, values: Mapping[str, Any]) -> str:
    """The completion ratios that versions of new-api charge in place of the stored one; empty if there are none."""
    stored = values.get("completion_ratio")
    others = completion_ratios.fixed(name) - {stored} if _has_ratio(values) and stored is not None else ()
    return " or ".join(map(digits, sorted(others)))


def _with_rule(prices: Sheet, reason: str) -> Sheet:
    lines = (
        replace(line, facts={**line.facts, PRICE_RULE: reason}) if line.meter == "output" else line
        for line in prices.lines
    )
    return replace(prices, lines=tuple(lines))
