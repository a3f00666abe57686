"""new-api's public price list, `GET /api/pricing`, in Crazyrouter's dialect too.

Ratios become prices (model_ratio 1 is $2 per million input tokens, the other ratios are multiples of the input price),
rule tables become a line a rule, billing expressions are read back into lines where lines can say the same, and a list
of figures is taken as it is. Where a number is a known placeholder, or
reads as free though a price stands elsewhere, the row says so in its findings and no number is made of it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from catalog import vendor_matching
from catalog.exact import multiply, unfold
from catalog.prices import MILLION, RATIO_UNIT, Line, Sheet
from catalog.sources.expressions import read_expression
from catalog.sources.records import Document, Record
from catalog.sources.rows import Row, SourceError, amount_of, is_number, read_body

# What new-api shows for a model without a price: $75 per million tokens in and out.
PLACEHOLDER = (Decimal("37.5"), Decimal(1))
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
# The same of a price without rules. Which meter is sold by the second, only a list of figures says.
MODE_METERS = {
    **RULE_METERS,
    "per_minute": ("input.audio", "minute", 1),
    "per_character": ("input", "character", MILLION),
    "per_page": ("ocr", "page", 1),
    "per_query": ("web_search", "query", 1),
}
# What a figure of `prices` has, and the kinds that it may be of.
FIGURE_KEYS = {"meter", "amount", "per", "unit", "currency"}
KINDS = ("absolute", "multiplier", "allowance", "minimum", "dynamic", "included")
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
# Renderings of the figures that stand beside them.
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
# Constants of the format, dates of database rows, and what follows from the rest: nothing that a catalog keeps.
IGNORED = ("owner_by", "pricing_version", "pricing_status", "price_from", "created_time", "updated_time")
PRICE_WORDS = ("price", "pricing", "ratio", "cost", "discount", "billing", "rate", "fee")
# A type name that stands where an operator typed the object {"path": …, "method": …}.
SLIPS = ("path", "method")


def read(content: bytes) -> Document:
    """The rows of a price list; InexactError or SourceError where it is none."""
    body = read_body(content)
    if not isinstance(body, dict) or not isinstance(body.get("data"), list):
        raise SourceError("The document is no price list: it has no list named data.")
    if body.get("success") is False:
        raise SourceError("The document says success: false; it is an error message and no price list.")
    document_row = Row(body)
    vendors = _vendors(document_row)
    groups = _groups(document_row)
    rates = _group_rates(document_row)
    records: dict[str, Record] = {}
    for position, row in enumerate(body["data"], start=1):
        record = _record(row, vendors, groups)
        if record is None:
            document_row.find(f"row {position} has no model_name and was left out")
        elif record.name in records:
            document_row.find(f"{record.name[:255]} stands more than once in data; the first row counts")
        else:
            records[record.name] = record
    _judge_vendors(document_row, vendors, records)
    return Document(
        records=tuple(records.values()),
        endpoint_types=_endpoint_types(document_row),
        group_rates=rates,
        popular=document_row.names("popular_models"),
        findings=tuple(document_row.findings),
    )


def _vendors(body: Row) -> dict[int, tuple[str, str | None]]:
    """Vendor id -> its name and icon."""
    entries = body.take("vendors")
    if entries is None:
        return {}
    if not isinstance(entries, list):
        body.find("vendors is not a list")
        return {}
    found: dict[int, tuple[str, str | None]] = {}
    for entry in entries:
        row = Row(entry if isinstance(entry, dict) else {})
        number, name = row.take("id"), row.text("name", longest=128)
        if not is_number(number) or name is None:
            body.find("an entry of vendors has no id or no name and was left out")
        elif int(number) in found:
            body.find(f"the vendor id {number} stands twice; the first entry counts")
        else:
            found[int(number)] = (name, row.text("icon", longest=128))
    return found


def _judge_vendors(body: Row, vendors: Mapping[int, tuple[str, str | None]], records: Mapping[str, Record]) -> None:
    used = {record.vendor for record in records.values()}
    unused = [name for name, _ in vendors.values() if name not in used]
    if unused:
        body.find(f"{len(unused)} of {len(vendors)} vendors have no model and were left out: {', '.join(unused)}")
    spellings: defaultdict[str, list[str]] = defaultdict(list)
    for name, _ in vendors.values():
        spellings[vendor_matching.vendor_key(name)].append(name)
    for names in spellings.values():
        if len(names) > 1:
            body.find(f"the vendors {' and '.join(names)} are the same; the first spelling is used")


def _groups(body: Row) -> frozenset[str]:
    """The groups that the list publishes."""
    named = [body.take(key) for key in ("usable_group", "group_ratio")]
    return frozenset(name for groups in named if isinstance(groups, dict) for name in groups)


def _group_rates(body: Row) -> dict[str, Decimal]:
    rates = body.take("group_ratio")
    if rates is None:
        return {}
    if not isinstance(rates, dict):
        body.find("group_ratio is not an object")
        return {}
    sound = {group: rate for group, rate in rates.items() if is_number(rate) and rate >= 0}
    for group in rates.keys() - sound.keys():
        body.find(f"the rate of group {group[:64]} is no number of 0 or more and was left out")
    return {group: Decimal(rate) for group, rate in sound.items()}


def _endpoint_types(body: Row) -> dict[str, tuple[str, str]]:
    entries = body.take("supported_endpoint")
    if entries is None:
        return {}
    if not isinstance(entries, dict):
        body.find("supported_endpoint is not an object")
        return {}
    found = {}
    for name, entry in entries.items():
        path = entry.get("path") if isinstance(entry, dict) else entry
        method = entry.get("method", "POST") if isinstance(entry, dict) else "POST"
        if name not in SLIPS and isinstance(path, str) and isinstance(method, str):
            found[name] = (path, method)
        else:
            body.find(f"the endpoint type {name[:64]} is no type with a path and was refused")
    return found


def _record(values: Any, vendors: Mapping[int, tuple[str, str | None]], groups: frozenset[str]) -> Record | None:
    name = values.get("model_name") if isinstance(values, dict) else None
    if not isinstance(name, str) or not name:
        return None
    row = Row(values)
    row.taken.update(IGNORED, ("model_name",))
    vendor, vendor_icon = _vendor(row, vendors)
    _judge_groups(row, groups)
    record = Record(
        name=name,
        vendor=vendor,
        vendor_icon=vendor_icon,
        description=row.text("description", longest=10_000),
        series=row.text("series", longest=64),
        icon=row.text("icon", longest=128),
        tags=_tags(row),
        context_length=row.count("context_length"),
        max_output_tokens=row.count("max_output_tokens"),
        supported_endpoint_types=_types(row, "supported_endpoint_types"),
        public_endpoint_types=_public_types(row),
        released_on=row.date("release_date"),
    )
    prices = prices_of(row)
    return replace(record, prices=prices, findings=tuple(row.findings), unmapped=row.left_over)


def _vendor(row: Row, vendors: Mapping[int, tuple[str, str | None]]) -> tuple[str | None, str | None]:
    number = row.take("vendor_id")
    if number is None:
        row.find("has no vendor_id; the vendor is taken from the model's name where that is known")
        return None, None
    if not is_number(number) or int(number) not in vendors:
        row.find("its vendor_id is not among the vendors")
        return None, None
    return vendors[int(number)]


def _judge_groups(row: Row, groups: frozenset[str]) -> None:
    for group in row.names("enable_groups") or ():
        if group != "all" and group not in groups:
            row.find(f"names the group {group[:64]}, which the price list does not publish; it was not made")


def _tags(row: Row) -> tuple[str, ...] | None:
    text = row.text("tags", longest=10_000)
    return None if text is None else tuple(dict.fromkeys(tag.strip() for tag in text.split(",") if tag.strip()))


def _types(row: Row, key: str) -> tuple[str, ...] | None:
    names = row.names(key)
    if names is None:
        return None
    for name in names:
        if name in SLIPS:
            row.find(f"{name} is no endpoint type and was refused")
    return tuple(name for name in names if name not in SLIPS)


def _public_types(row: Row) -> tuple[str, ...] | None:
    if "public_endpoint_types" in row.values and row.values["public_endpoint_types"] is None:
        row.taken.add("public_endpoint_types")
        row.find("its public_endpoint_types are null; they are kept as an empty list")
        return ()
    return _types(row, "public_endpoint_types")


def prices_of(row: Row) -> Sheet | None:
    """The row's price; None where it has none that is sound."""
    if _has_figures(row):
        return _listed_prices(row)
    mode, expression = row.text("billing_mode", longest=64), row.text("billing_expr", longest=100_000)
    is_by_expression = mode == "tiered_expr" or expression is not None
    read = read_expression(expression) if expression is not None else None
    # An expression that was read is written again from its figures, and another one is kept as it is.
    named = ("display_unit",) if read else ("billing_mode", "display_unit", "billing_expr")
    facts = {key: row.take(key) for key in named if row.take(key) is not None}
    # Read in any case, so that no unsound number passes without a word.
    ratios = _ratio_figures(row, mode, is_by_expression=is_by_expression)
    rules = _rule_figures(row, mode, facts)
    discount = _discount(row)
    if is_by_expression:
        _judge_ratio(row, read)
        ratios = read or _kept_expression(row, expression)
    elif row.price_is_sound and not ratios:
        row.find(_why_no_ratio(row, has_rules=bool(rules)))
    elif rules and ratios:
        if ratios[0].amount not in {rule.amount for rule in rules}:
            row.find("has a ratio or price beside its rules; its rules are the price")
        ratios = ()
    extra = {key: row.values[key] for key in row.left_over if any(word in key for word in PRICE_WORDS)}
    if extra:
        facts["row"] = extra
    if not row.price_is_sound or not (ratios or rules):
        return None
    figures = (*ratios, *rules, *discount)
    # What a price is counted by is told with its figures, too.
    return Sheet("USD", figures, facts=facts, states_facts=bool(facts.keys() - {"billing_mode"}))


def _has_figures(row: Row) -> bool:
    """Whether the row lists its figures one by one, as this catalog's own price list does."""
    listed = row.values.get("prices")
    return isinstance(listed, list) and any(isinstance(each, dict) and each.keys() >= FIGURE_KEYS for each in listed)


def _listed_prices(row: Row) -> Sheet | None:
    """The price that a row lists figure by figure; its ratios say the same, as far as ratios can."""
    listed = row.take("prices")
    row.taken.update(RENDERED)
    figures = [figure for each in listed if (figure := _listed_figure(row, each))]
    discount = _discount(row)
    currencies = {str(each["currency"])[:32] for each in listed if isinstance(each, dict) and "currency" in each}
    if len(currencies) > 1:
        row.spoil_price("prices has figures in several currencies")
    if not row.price_is_sound:
        return None
    tier_mode = row.text("tier_mode", longest=32)
    facts = {} if tier_mode is None else {"tier_mode": tier_mode}
    return Sheet(currencies.pop(), (*figures, *discount), facts=facts, states_facts=False)


def _listed_figure(row: Row, each: Any) -> Line | None:
    if not isinstance(each, dict) or not each.keys() >= FIGURE_KEYS:
        row.spoil_price("prices has an entry that is no figure")
        return None
    kind, meter, unit, per = each.get("kind", "absolute"), each["meter"], each["unit"], each["per"]
    conditions = each.get("conditions", [])
    is_sound = kind in KINDS and isinstance(meter, str) and isinstance(unit, str) and isinstance(conditions, list)
    if not is_sound or not is_number(per) or per != int(per) or per < 1:
        row.spoil_price("prices has an entry that is no figure")
        return None
    has_amount = kind not in ("dynamic", "included")
    amount = amount_of(each["amount"], f"the amount of {meter[:64]}", row) if has_amount else None
    facts = {"period": each["period"]} if "period" in each else {}
    return Line(meter, amount, int(per), unit, kind=kind, conditions=tuple(conditions), facts=facts)


def _kept_expression(row: Row, expression: str | None) -> tuple[Line, ...]:
    if expression is None:
        row.spoil_price("billing_mode is tiered_expr and there is no billing_expr")
        return ()
    row.find("is priced by an expression, kept as it is; the ratios beside it are placeholders and were not taken")
    return (Line("input", None, kind="dynamic"),)


def _judge_ratio(row: Row, read: Sequence[Line] | None) -> None:
    """Tells of a ratio that says something else than the expression beside it, which is what such a site charges."""
    base = row.values.get("model_ratio")
    plain = next((each.amount for each in read or () if each.meter == "input" and not each.conditions), None)
    if not is_number(base) or not base or plain is None or _is_placeholder(row):
        return
    if unfold(Decimal(base), RATIO_UNIT) != plain:
        row.find("its model_ratio is not the price of its expression; the expression is the price")


def _why_no_ratio(row: Row, *, has_rules: bool) -> str:
    if has_rules:
        return "its ratio and price of 0 read as free; its rules are the price"
    if _is_placeholder(row):
        return (
            "model_ratio 37.5 with completion_ratio 1 is the placeholder of a model without a price; no price was taken"
        )
    return "has neither a ratio, a price nor rules; no price was taken"


def _is_placeholder(row: Row) -> bool:
    values = row.values.get("model_ratio"), row.values.get("completion_ratio")
    return all(is_number(value) for value in values) and values == PLACEHOLDER


def _ratio_figures(row: Row, mode: str | None, *, is_by_expression: bool) -> tuple[Line, ...]:
    kind, call = row.take("quota_type"), row.figure("model_price")
    base, completion = row.figure("model_ratio"), row.figure("completion_ratio")
    others = [(meter, row.figure(key)) for key, meter in INPUT_RATIOS]
    audio_completion = row.figure("audio_completion_ratio")
    if is_by_expression or _is_placeholder(row):
        return ()
    if kind is None and not (base or call):
        return ()
    if kind not in (0, 1) or not is_number(kind):
        row.spoil_price("quota_type is neither 0 nor 1")
    if kind == 1:
        return _call_figures(row, mode, call) if call else ()
    if not base:
        return ()
    price = multiply(base, RATIO_UNIT)
    figures = [_per_million("input", price)]
    if completion is not None:
        figures.append(_per_million("output", unfold(completion, price)))
    for meter, factor in others:
        if factor is not None:
            figures.append(_per_million(meter, unfold(factor, price)))
    audio = next((figure.amount for figure in figures if figure.meter == "input.audio"), None)
    if audio is not None and audio_completion is not None:
        figures.append(_per_million("output.audio", unfold(audio_completion, audio)))
    return tuple(figures)


def _call_figures(row: Row, mode: str | None, price: Decimal) -> tuple[Line, ...]:
    """The price of a call, or of what the billing mode says instead."""
    if mode is not None and mode.startswith("per_") and mode not in MODE_METERS and not _has_rules(row):
        row.spoil_price(f"its price is for the unknown billing_mode {mode}")
        return ()
    meter, unit, per = MODE_METERS.get(mode or "", MODE_METERS["per_request"])
    return (Line(meter, price, per, unit),)


def _has_rules(row: Row) -> bool:
    return any(row.values.get(key) is not None for key in RULE_TABLES)


def _per_million(meter: str, amount: Decimal) -> Line:
    return Line(meter, amount, MILLION, "token")


def _rule_figures(row: Row, mode: str | None, facts: dict[str, Any]) -> tuple[Line, ...]:
    """A figure a rule; the rest of the rule table goes to the sheet's facts."""
    figures: list[Line] = []
    for key in RULE_TABLES:
        table = row.take(key)
        if table is None:
            continue
        rules = table.get("rules") if isinstance(table, dict) else None
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            row.spoil_price(f"{key} is no table of rules")
            continue
        facts[key] = {name: value for name, value in table.items() if name != "rules"}
        figures += [figure for rule in rules if (figure := _rule_figure(row, key, rule, mode))]
    return tuple(figures)


def _rule_figure(row: Row, key: str, rule: Mapping[str, Any], mode: str | None) -> Line | None:
    amount = amount_of(rule.get("platform_base_price"), f"platform_base_price in {key}", row)
    if mode not in RULE_METERS:
        row.spoil_price(f"{key} has rules for the unknown billing_mode {mode}")
        return None
    if amount is None:
        return None
    meter, unit, per = RULE_METERS[mode]
    if rule.get("platform_currency", "USD") != "USD":
        row.spoil_price(f"{key} has rules in {str(rule['platform_currency'])[:32]}, not in USD")
    conditions = tuple({"dim": name, "op": "eq", "value": rule[name]} for name in RULE_DIMENSIONS if name in rule)
    rest = {name: value for name, value in rule.items() if name not in (*RULE_DIMENSIONS, "platform_base_price")}
    return Line(meter, amount, per, unit, conditions=conditions, facts=rest)


def _discount(row: Row) -> tuple[Line, ...]:
    discount = row.figure("discount")
    if discount == 0:
        row.spoil_price("a discount of 0 would make it free")
    if discount is None or discount == 1:
        return ()
    return (Line("", discount, kind="multiplier"),)
