"""The price list of a running gateway, `GET /api/pricing`, beside the database and the rules. Imports no models.

The list wins; its other data, such as groups, is not read.

Versions differ in the fields that they list. A ratio that no row has stays that of the database; a ratio that some row
has, and this row has not, is not set for this model.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from catalog.sources.completion_ratios import UNSET_RATIO, is_unset
from catalog.sources.rows import SourceError, is_number, read_amount, read_body
from pricing.gateways.prices.price import Difference, Price
from pricing.gateways.reading.gateway import Listing
from pricing.gateways.rules.program import CACHE_WRITES

LISTED = "listed by the running gateway"
# Ratios that a row has only if they are set -> what the program charges if they are not.
IF_UNSET: Mapping[str, Decimal] = {
    "cache_ratio": Decimal(1),
    "create_cache_ratio": CACHE_WRITES,
    "image_ratio": Decimal(1),
    "audio_ratio": Decimal(1),
    "audio_completion_ratio": Decimal(1),
}
# Fields that say how to read the others.
KINDS = ("quota_type", "billing_mode")
# Programs print quotients as doubles.
ROUNDING = Decimal("1e-12")


def read_listing(content: bytes) -> Listing:
    """The rows by model; InexactError or SourceError if the document is not a price list."""
    body = read_body(content)
    if isinstance(body, dict) and body.get("success") is False:
        raise SourceError("The document is an error message, not a price list: it has success: false.")
    data = body.get("data") if isinstance(body, dict) else body
    rows: dict[str, Mapping[str, Any]] = {}
    for row in data if isinstance(data, list) else ():
        name = row.get("model_name") if isinstance(row, dict) else None
        if isinstance(name, str) and name:
            rows.setdefault(name, row)
    if not rows:
        raise SourceError("The document is not a gateway's price list: it has no rows with a model_name.")
    return Listing(rows)


def compare(by_rules: Price, name: str, listing: Listing) -> Price:
    """The price that the list states for the model, with what differs; `by_rules` if the list has none for it."""
    row = listing.rows.get(name)
    stated = None if row is None else _stated(row, by_rules, listing.fields)
    if stated is None:
        return by_rules
    ours = {key: value for key, value in by_rules.row.items() if key not in KINDS}
    if is_unset_price(name, stated, ours):
        stated = {}
    differences = tuple(
        Difference(figure, ours.get(figure), stated.get(figure))
        for figure in dict.fromkeys([*ours, *stated])
        if not _is_same(ours.get(figure), stated.get(figure))
    )
    if not differences:
        return by_rules
    changed = {difference.figure for difference in differences}
    rules = {figure: rule for figure, rule in by_rules.rules.items() if figure not in changed}
    if not stated:
        return Price({}, refusal="the running gateway lists no price for it", differences=differences)
    return replace(
        by_rules,
        row=_kind(stated) | {key: stated[key] if key in changed else ours[key] for key in stated},
        rules=rules | {figure: LISTED for figure in changed if figure in stated},
        differences=differences,
    )


def is_unset_price(name: str, stated: Mapping[str, Any], ours: Mapping[str, Any]) -> bool:
    """Whether the list has the placeholder for a missing price. The database knows whether it is a price."""
    base, completion = stated.get("model_ratio"), stated.get("completion_ratio")
    return base is not None and ours.get("model_ratio") != UNSET_RATIO and is_unset(name, base, completion)


def _stated(row: Mapping[str, Any], by_rules: Price, fields: frozenset[str]) -> dict[str, Any] | None:
    """The figures of a row; None if it has none of a kind that is known."""
    expression = row.get("billing_expr")
    if row.get("billing_mode") == "tiered_expr" and isinstance(expression, str) and expression.strip():
        return {"billing_expr": expression}
    if "billing_expr" in by_rules.row and "billing_expr" not in fields:
        # The program lists no expressions; the ratios beside them have no effect.
        return None
    kind = row.get("quota_type")
    required = ("model_price",) if kind == 1 else ("model_ratio", "completion_ratio") if kind == 0 else ()
    stated = {key: read_amount(row.get(key)) for key in required}
    if not stated or None in stated.values():
        return None
    if "model_ratio" not in stated:
        return stated
    for key, default in IF_UNSET.items():
        own, listed = by_rules.row.get(key), read_amount(row.get(key))
        if listed is not None:
            stated[key] = listed
        elif own is not None and (key not in fields or own == default):
            stated[key] = own
    return stated


def _kind(stated: Mapping[str, Any]) -> dict[str, Any]:
    if "billing_expr" in stated:
        return {"billing_mode": "tiered_expr"}
    return {"quota_type": 1 if "model_price" in stated else 0}


def _is_same(first: Any, second: Any) -> bool:
    if not is_number(first) or not is_number(second):
        return bool(first == second)
    one, other = Decimal(first), Decimal(second)
    return abs(one - other) <= ROUNDING * max(abs(one), abs(other))
