"""new-api's public price list, `GET /api/pricing`, also in Crazyrouter's dialect.

Ratios become prices (model_ratio 1 is $2 per million input tokens, the other ratios are multiples of the input price),
rule tables become one line per rule, and billing expressions become lines if lines can express them. A list of price
lines is read unchanged. A 0 next to a price elsewhere in the row is reported in the row's findings and never becomes a
price; a number that may be the placeholder for a missing price becomes one only if an operator confirms it. Ratios that
an operator stored, in a database or in the maps of `ratio_config`, are prices: 0 is free, and 37.5 is $75.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

from catalog import vendor_matching
from catalog.exact import InexactError, digits, multiply, unfold
from catalog.prices import KINDS, MILLION, RATIO_UNIT, WITHOUT_AMOUNT, Line, Sheet
from catalog.sources import inferred_fields, model_metadata
from catalog.sources.completion_ratios import UNSET_RATIO, is_unset
from catalog.sources.expressions import has_large_product, read_expression
from catalog.sources.records import UNCONFIRMED, Document, Record, Structure
from catalog.sources.rows import Row, SourceError, amount_of, is_number, read_amount, read_body

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
# Constants of the format, dates of database rows, and derived values: nothing that a catalog stores.
IGNORED = ("owner_by", "pricing_version", "pricing_status", "price_from", "fees", "created_time", "updated_time")
PRICE_WORDS = ("price", "pricing", "ratio", "cost", "discount", "billing", "rate", "fee")
# Names that result from an operator typing the object {"path": …, "method": …} in place of a name.
SLIPS = ("path", "method")


class VendorEntry(NamedTuple):
    """An entry of `vendors`."""

    name: str | None = None
    icon: str | None = None
    description: str | None = None


def read(content: bytes, *, is_published: bool = True) -> Document:
    """The rows of a price list, with or without its envelope; InexactError or SourceError if it is not one.

    `is_published`: it comes from a running gateway, which shows a placeholder for a missing price.
    """
    body = read_body(content)
    if isinstance(body, list) and any(isinstance(row, dict) and "model_name" in row for row in body):
        body = {"data": body}
    if not isinstance(body, dict) or not isinstance(body.get("data"), list):
        raise SourceError("The document is not a price list: it has no list named data.")
    if body.get("success") is False:
        raise SourceError("The document is an error message, not a price list: it has success: false.")
    document_row = Row(body)
    vendors = _vendors(document_row)
    groups = _groups(document_row)
    rates = _group_rates(document_row)
    records: dict[str, Record] = {}
    for position, row in enumerate(body["data"], start=1):
        record = _record(row, vendors, groups, is_published=is_published)
        if record is None:
            document_row.report(f"row {position} has no model_name and was left out")
        elif record.name in records:
            document_row.report(f"{record.name[:255]} appears more than once in data; the first row is used")
        else:
            records[record.name] = record
    for record in _unpriced(document_row):
        records.setdefault(record.name, record)
    _judge_vendors(document_row, vendors, records)
    popular = document_row.names("popular_models") or ()
    structure = Structure(
        endpoint_types=_endpoint_types(document_row),
        rates=rates,
        popular={name: {"position": position} for position, name in enumerate(popular)},
        # A price list describes endpoint types that may be missing here; it does not decide where they are served.
        additions_only=frozenset({"endpoint_types"}),
    )
    return Document(tuple(records.values()), structure, findings=tuple(document_row.findings))


def _vendors(body: Row) -> dict[int, VendorEntry]:
    """Vendor id -> its entry."""
    entries = body.take("vendors")
    if entries is None:
        return {}
    if not isinstance(entries, list):
        body.report("vendors is not a list")
        return {}
    by_id: dict[int, VendorEntry] = {}
    for entry in entries:
        row = Row(entry if isinstance(entry, dict) else {})
        number, name = row.take("id"), row.text("name", longest=128)
        if not is_number(number) or name is None:
            body.report("an entry in vendors has no id or no name and was left out")
        elif int(number) in by_id:
            body.report(f"the vendor id {number} appears twice; the first entry is used")
        else:
            by_id[int(number)] = VendorEntry(
                name, row.text("icon", longest=128), row.text("description", longest=10_000)
            )
    return by_id


def _judge_vendors(body: Row, vendors: Mapping[int, VendorEntry], records: Mapping[str, Record]) -> None:
    used = {record.vendor for record in records.values()}
    named = [vendor.name for vendor in vendors.values() if vendor.name]
    unused = [name for name in named if name not in used]
    if unused:
        body.report(f"{len(unused)} of {len(vendors)} vendors have no model and were left out: {', '.join(unused)}")
    spellings: defaultdict[str, list[str]] = defaultdict(list)
    for name in named:
        spellings[vendor_matching.vendor_key(name)].append(name)
    for names in spellings.values():
        if len(names) > 1:
            body.report(f"the vendors {' and '.join(names)} are the same; the first spelling is used")


def _groups(body: Row) -> frozenset[str]:
    """The groups that the list publishes."""
    named = [body.take(key) for key in ("usable_group", "group_ratio")]
    return frozenset(name for groups in named if isinstance(groups, dict) for name in groups)


def _unpriced(body: Row) -> Iterator[Record]:
    """The models that a list names without a row, as this catalog's own price list does."""
    entries = body.take("unpriced_models") or ()
    for entry in entries if isinstance(entries, list) else ():
        name = entry.get("model_name") if isinstance(entry, dict) else None
        if isinstance(name, str) and name:
            yield Record(
                name=name,
                supported_endpoint_types=inferred_fields.endpoint_types(name, None),
                inferred=frozenset({"supported_endpoint_types"}),
                findings=(f"the list has no price for it: {str(entry.get('reason', 'unpriced'))[:64]}",),
            )


def _group_rates(body: Row) -> dict[str, Mapping[str, Any]]:
    rates = body.take("group_ratio")
    if rates is None:
        return {}
    if not isinstance(rates, dict):
        body.report("group_ratio is not an object")
        return {}
    read = {group: read_amount(rate) for group, rate in rates.items()}
    sound = {group: rate for group, rate in read.items() if rate is not None and rate >= 0}
    for group in rates.keys() - sound.keys():
        body.report(f"the rate of group {group[:64]} is not a number of 0 or more and was left out")
    return {group: {"ratio": rate} for group, rate in sound.items()}


def _endpoint_types(body: Row) -> dict[str, Mapping[str, Any]]:
    entries = body.take("supported_endpoint")
    if entries is None:
        return {}
    if not isinstance(entries, dict):
        body.report("supported_endpoint is not an object")
        return {}
    types: dict[str, Mapping[str, Any]] = {}
    for name, entry in entries.items():
        path = entry.get("path") if isinstance(entry, dict) else entry
        method = entry.get("method", "POST") if isinstance(entry, dict) else "POST"
        if name not in SLIPS and isinstance(path, str) and isinstance(method, str):
            types[name] = {"path": path, "method": method}
        else:
            body.report(f"the endpoint type {name[:64]} has no valid path and was left out")
    return types


def _record(
    values: Any, vendors: Mapping[int, VendorEntry], groups: frozenset[str], *, is_published: bool
) -> Record | None:
    name = values.get("model_name") if isinstance(values, dict) else None
    if not isinstance(name, str) or not name:
        return None
    row = Row(values)
    row.taken.update(IGNORED, ("model_name",))
    vendor = _vendor(row, vendors)
    _judge_groups(row, groups)
    record = Record(
        name=name,
        vendor=vendor.name,
        vendor_icon=vendor.icon,
        vendor_description=vendor.description,
        description=row.text("description", longest=10_000),
        series=row.text("series", longest=64),
        icon=row.text("icon", longest=128),
        tags=row.comma_names("tags"),
        context_length=row.count("context_length"),
        max_input_tokens=row.count("max_input_tokens"),
        max_output_tokens=row.count("max_output_tokens"),
        supported_endpoint_types=_types(row, "supported_endpoint_types"),
        public_endpoint_types=_public_types(row),
        released_on=row.date("release_date"),
    )
    record = model_metadata.complete(record, row)
    prices = prices_of(row, is_stored=not is_published)
    if prices and is_published and may_be_unset(row, record.name):
        record, prices = replace(record, unconfirmed=prices), None
    return replace(record, prices=prices, findings=tuple(row.findings), unmapped=(*record.unmapped, *row.left_over))


def _vendor(row: Row, vendors: Mapping[int, VendorEntry]) -> VendorEntry:
    number = row.take("vendor_id")
    if number is None:
        row.report("has no vendor_id; the vendor is inferred from the model id if possible")
        return VendorEntry()
    if not is_number(number) or int(number) not in vendors:
        row.report("its vendor_id is not in the list of vendors")
        return VendorEntry()
    return vendors[int(number)]


def _judge_groups(row: Row, groups: frozenset[str]) -> None:
    for group in row.names("enable_groups") or ():
        if group != "all" and group not in groups:
            row.report(
                f"names the group {group[:64]}, which the price list does not publish; the group was not created"
            )


def _types(row: Row, key: str) -> tuple[str, ...] | None:
    names = row.names(key)
    if names is None:
        return None
    for name in names:
        if name in SLIPS:
            row.report(f"{name} is not a valid endpoint type and was left out")
    return tuple(name for name in names if name not in SLIPS)


def _public_types(row: Row) -> tuple[str, ...] | None:
    if "public_endpoint_types" in row.values and row.values["public_endpoint_types"] is None:
        row.taken.add("public_endpoint_types")
        row.report("its public_endpoint_types are null; they were imported as an empty list")
        return ()
    return _types(row, "public_endpoint_types")


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
    extra = {key: row.values[key] for key in row.left_over if any(word in key for word in PRICE_WORDS)}
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
