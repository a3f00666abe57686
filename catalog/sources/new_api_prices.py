"""A row of new-api's price list as a price sheet, also in Crazyrouter's dialect.

Ratios become prices (model_ratio 1 is $2 per million input tokens, the other ratios are multiples of the input price),
rule tables become one line per rule, and billing expressions become lines if lines can express them. A list of price
lines is read unchanged. A 0 next to a price elsewhere in the row is reported in the row's findings and never becomes a
price; a number that may be the placeholder for a missing price becomes one only if an operator confirms it. Ratios that
an operator stored, in a database or in the maps of `ratio_config`, are prices: 0 is free, and 37.5 is $75.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from catalog.exact import InexactError, digits, multiply, unfold
from catalog.prices import KINDS, MILLION, RATIO_UNIT, WITHOUT_AMOUNT, Line, Sheet
from catalog.sources.completion_ratios import UNSET_RATIO, is_unset
from catalog.sources.expressions import has_large_product, read_expression
from catalog.sources.records import UNCONFIRMED
from catalog.sources.rows import Row, amount_of, is_number, read_amount

INPUT_RATIOS = (
    ("cache_ratio", "input.cache_read"),
    ("create_cache_ratio", "input.cache_write"),
    ("image_ratio", "input.image"),
    ("audio_ratio", "input.audio"),
)
RULE_TABLES = ("image_pricing", "video_pricing")
# Billing mode -> meter, unit, per.
RULE_METERS = {
    "per_image": ("output.image", "image", 1),
    "per_second": ("output.video", "second", 1),
    "per_output_token": ("output.video", "token", MILLION),
    "per_request": ("request", "request", 1),
}
# The same for a price without rules; only a list of price lines states a price per second.
MODE_METERS = {
    **RULE_METERS,
    "per_minute": ("input.audio", "minute", 1),
    "per_character": ("input", "character", MILLION),
    "per_page": ("ocr", "page", 1),
    "per_query": ("web_search", "query", 1),
}
# The keys of a price line in `prices`, and the kinds of price lines.
LINE_KEYS = {"meter", "amount", "per", "unit", "currency"}
RULE_DIMENSIONS = (
    "capability_bucket",
    "resolution",
    "mode",
    "duration_bucket",
    "has_audio",
    "has_voice_control",
    "has_video_input",
    "reference_count_bucket",
    "aspect_ratio_bucket",
    "output_format",
)
# Fields that only render the price lines of the same row.
RENDERED = (
    "quota_type",
    "model_ratio",
    "model_price",
    "completion_ratio",
    "audio_completion_ratio",
    "billing_mode",
    "billing_expr",
    "display_unit",
    *(key for key, _ in INPUT_RATIOS),
)
PRICE_WORDS = ("price", "pricing", "ratio", "cost", "discount", "billing", "rate", "fee")


def prices_of(row: Row, *, is_stored: bool = False) -> Sheet | None:
    """The row's price; None if it has no valid price.

    `is_stored`: its numbers are those that an operator stored, so that 0 means free; others may mean no price by it.
    """
    if _has_lines(row):
        return _listed_prices(row)
    mode, expression = row.text("billing_mode", longest=64), row.text("billing_expr", longest=100_000)
    is_by_expression = mode == "tiered_expr" or expression is not None
    read = read_expression(expression) if expression is not None else None
    # An expression that was read is written again from its lines; any other is stored unchanged.
    named = ("display_unit",) if read else ("billing_mode", "display_unit", "billing_expr")
    facts = {key: row.take(key) for key in named if row.take(key) is not None}
    # Read in any case, so that every invalid number is reported.
    try:
        ratios = _ratio_lines(row, mode, is_by_expression=is_by_expression, is_stored=is_stored)
    except InexactError:
        row.reject_price("its ratios multiply to a price that is too large")
        ratios = ()
    rules = _rule_lines(row, mode, facts)
    discount = _discount(row)
    if is_by_expression:
        _judge_ratio(row, read)
        ratios = read or _unread_expression(row, expression)
    elif row.price_is_sound and not ratios:
        row.report(_why_no_ratio(has_rules=bool(rules)))
    elif rules and ratios:
        if ratios[0].amount not in {rule.amount for rule in rules}:
            row.report("has a ratio or price and rules; the rules are the price")
        ratios = ()
    priced = (key for key in row.left_over if any(word in key for word in PRICE_WORDS))
    extra = {key: row.values[key] for key in priced if row.values[key] is not None}
    if extra:
        facts["row"] = extra
    if not row.price_is_sound or not (ratios or rules):
        return None
    lines = (*ratios, *rules, *discount)
    # billing_mode alone is not a fact of its own: the lines state the unit.
    return Sheet("USD", lines, facts=facts, states_facts=bool(facts.keys() - {"billing_mode"}))


def _has_lines(row: Row) -> bool:
    """Whether the row lists its price lines, as this catalog's own price list does."""
    listed = row.values.get("prices")
    return isinstance(listed, list) and any(isinstance(entry, dict) and entry.keys() >= LINE_KEYS for entry in listed)


def _listed_prices(row: Row) -> Sheet | None:
    """The price that a row lists line by line; its ratios only render these lines."""
    listed = row.take("prices")
    row.taken.update(RENDERED)
    lines = [line for entry in listed if (line := _listed_line(row, entry))]
    discount = _discount(row)
    currencies = {str(entry["currency"])[:32] for entry in listed if isinstance(entry, dict) and "currency" in entry}
    if len(currencies) > 1:
        row.reject_price("prices has amounts in several currencies")
    if not row.price_is_sound:
        return None
    tier_mode = row.text("tier_mode", longest=32)
    facts = {} if tier_mode is None else {"tier_mode": tier_mode}
    return Sheet(currencies.pop(), (*lines, *discount), facts=facts, states_facts=False)


def _listed_line(row: Row, entry: Any) -> Line | None:
    if not isinstance(entry, dict) or not entry.keys() >= LINE_KEYS:
        row.reject_price("prices has an entry that is not a price line")
        return None
    kind, meter, unit, per = entry.get("kind", "absolute"), entry["meter"], entry["unit"], entry["per"]
    conditions = entry.get("conditions", [])
    is_sound = kind in KINDS and isinstance(meter, str) and isinstance(unit, str) and isinstance(conditions, list)
    if not is_sound or not is_number(per) or per != int(per) or per < 1:
        row.reject_price("prices has an entry that is not a price line")
        return None
    has_amount = kind not in WITHOUT_AMOUNT
    amount = amount_of(entry["amount"], f"the amount of {meter[:64]}", row) if has_amount else None
    facts = {"period": entry["period"]} if "period" in entry else {}
    return Line(meter, amount, int(per), unit, kind=kind, conditions=tuple(conditions), facts=facts)


def _unread_expression(row: Row, expression: str | None) -> tuple[Line, ...]:
    if expression is None:
        row.reject_price("billing_mode is tiered_expr, but there is no billing_expr")
        return ()
    if has_large_product(expression):
        row.report("its expression multiplies to a price that is too large; it is stored unchanged and sets no price")
        return (Line("input", None, kind="dynamic"),)
    row.report(
        "is priced by an expression, which is stored unchanged; its ratios are placeholders and were not imported"
    )
    return (Line("input", None, kind="dynamic"),)


def _judge_ratio(row: Row, read: Sequence[Line] | None) -> None:
    """Reports a ratio that differs from the expression; such a site charges by the expression."""
    base = read_amount(row.values.get("model_ratio"))
    plain = next((line.amount for line in read or () if line.meter == "input" and not line.conditions), None)
    if base in (None, 0, UNSET_RATIO) or plain is None:
        return
    if unfold(base, RATIO_UNIT) != plain:
        row.report("its model_ratio differs from its expression; the expression is the price")


def _why_no_ratio(*, has_rules: bool) -> str:
    if has_rules:
        return "its ratio and price of 0 mean free, but it has rules; the rules are the price"
    return "has no ratio, no price and no rules; no price was imported"


def may_be_unset(row: Row, name: str) -> bool:
    """Whether its price may be the one that a gateway shows for a model without a price; if so, that is reported."""
    base, completion = (read_amount(row.values.get(key)) for key in ("model_ratio", "completion_ratio"))
    if row.values.get("quota_type") == 1 or base is None:
        return False
    if _has_lines(row) or _has_rules(row) or row.values.get("billing_expr") is not None:
        return False
    if not is_unset(name, base, completion):
        return False
    other = "without a completion_ratio" if completion is None else f"with completion_ratio {digits(completion)}"
    ratios = f"model_ratio {digits(base)} {other}"
    row.report(f"{ratios} may be the placeholder for a missing price; {UNCONFIRMED}")
    return True


def _ratio_lines(row: Row, mode: str | None, *, is_by_expression: bool, is_stored: bool) -> tuple[Line, ...]:
    kind, call = row.take("quota_type"), row.amount("model_price")
    base, completion = row.amount("model_ratio"), row.amount("completion_ratio")
    others = [(meter, row.amount(key)) for key, meter in INPUT_RATIOS]
    audio_completion = row.amount("audio_completion_ratio")
    if is_by_expression:
        return ()
    if kind is None and not (base or call):
        return ()
    if kind not in (0, 1) or not is_number(kind):
        row.reject_price("quota_type is neither 0 nor 1")
    stated = call if kind == 1 else base
    if stated is None or not (stated or is_stored):
        return ()
    if kind == 1:
        return _call_lines(row, mode, stated)
    return _token_lines(multiply(stated, RATIO_UNIT), completion, others, audio_completion)


def _token_lines(
    price: Decimal,
    completion: Decimal | None,
    others: Sequence[tuple[str, Decimal | None]],
    audio_completion: Decimal | None,
) -> tuple[Line, ...]:
    """The lines of an input price and of its multiples; if input is free, everything is."""
    if price == 0:
        return (_per_million("input", price), _per_million("output", price))
    lines = [_per_million("input", price)]
    if completion is not None:
        lines.append(_per_million("output", unfold(completion, price)))
    for meter, factor in others:
        if factor is not None:
            lines.append(_per_million(meter, unfold(factor, price)))
    audio = next((line.amount for line in lines if line.meter == "input.audio"), None)
    if audio is not None and audio_completion is not None:
        lines.append(_per_million("output.audio", unfold(audio_completion, audio)))
    return tuple(lines)


def _call_lines(row: Row, mode: str | None, price: Decimal) -> tuple[Line, ...]:
    """The price per call, or per unit of the billing mode."""
    if mode is not None and mode.startswith("per_") and mode not in MODE_METERS and not _has_rules(row):
        row.reject_price(f"its billing_mode {mode} is unknown")
        return ()
    meter, unit, per = MODE_METERS.get(mode or "", MODE_METERS["per_request"])
    return (Line(meter, price, per, unit),)


def _has_rules(row: Row) -> bool:
    return any(row.values.get(key) is not None for key in RULE_TABLES)


def _per_million(meter: str, amount: Decimal) -> Line:
    return Line(meter, amount, MILLION, "token")


def _rule_lines(row: Row, mode: str | None, facts: dict[str, Any]) -> tuple[Line, ...]:
    """One line per rule; the rest of the rule table goes into the sheet's facts."""
    lines: list[Line] = []
    for key in RULE_TABLES:
        table = row.take(key)
        if table is None:
            continue
        rules = table.get("rules") if isinstance(table, dict) else None
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            row.reject_price(f"{key} is not a table of rules")
            continue
        facts[key] = {name: value for name, value in table.items() if name != "rules"}
        lines += [line for rule in rules if (line := _rule_line(row, key, rule, mode))]
    return tuple(lines)


def _rule_line(row: Row, key: str, rule: Mapping[str, Any], mode: str | None) -> Line | None:
    amount = amount_of(rule.get("platform_base_price"), f"platform_base_price in {key}", row)
    if mode not in RULE_METERS:
        row.reject_price(f"{key} has rules for an unknown billing_mode: {mode}")
        return None
    if amount is None:
        return None
    meter, unit, per = RULE_METERS[mode]
    if rule.get("platform_currency", "USD") != "USD":
        row.reject_price(f"{key} has rules in {str(rule['platform_currency'])[:32]}, not in USD")
    conditions = tuple({"dim": name, "op": "eq", "value": rule[name]} for name in RULE_DIMENSIONS if name in rule)
    rest = {name: value for name, value in rule.items() if name not in (*RULE_DIMENSIONS, "platform_base_price")}
    return Line(meter, amount, per, unit, conditions=conditions, facts=rest)


def _discount(row: Row) -> tuple[Line, ...]:
    discount = row.amount("discount")
    if discount == 0:
        row.reject_price("a discount of 0 would make the model free")
    if discount is None or discount == 1:
        return ()
    return (Line("", discount, kind="multiplier"),)
