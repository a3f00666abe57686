"""The headline of a price: the one figure that represents it where there is room for one.

Lists, pages, filters, orders, the price history, `/api/pricing` and the exports all choose it here. A price that is
paid is never shown as free: a figure of 0 is the headline only if every figure is 0.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import wraps
from typing import Any, TypeVar

from catalog.prices import SIDES, Line, Sheet, without_replaced
from pricing.engine.money import SECONDS, per_million

CACHED_INPUT = "input.cache_read"
RULE_TABLES = ("image_pricing", "video_pricing")
# (meter, unit) of a sheet that is a table of rules without a fact that says so -> that table.
TABLE_OF: Mapping[tuple[str, str], str] = {
    ("output.image", "image"): "image_pricing",
    ("output.video", "second"): "video_pricing",
    ("output.video", "token"): "video_pricing",
}
# What is paid with each call, the usual one first.
CALLS = (("request", "request"), ("output.image", "image"))
# The kinds of headlines that are preferred to others, the best first.
USUAL = (("input", "token"), *CALLS, ("output", "token"))
# Units of amounts: of tokens and other media, and of storage over time. A price in any other unit is a fee.
AMOUNT_UNITS = frozenset(
    {
        "token",
        "character",
        "text_unit",
        "pixel",
        "megapixel",
        "second",
        "minute",
        "hour",
        "gb_day",
        "token_hour",
        "step",
    }
)
# Unit of the headline -> the type of billing, as people compare models; any other unit is of the type other.
BILLING_TYPES: Mapping[str, str] = {
    "token": "tokens",
    **dict.fromkeys(("request", "query", "session", "message"), "call"),
    "image": "image",
    **dict.fromkeys(SECONDS, "second"),
}
# What a call costs only if it uses a tool.
TOOLS = frozenset({"web_search", "file_search", "maps", "code_session", "ocr.annotation", "moderation", "guardrail"})
# The usual use of a table of rules, the best match first.
USUAL_RULES: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "image_pricing": (
        {"capability_bucket": "t2i", "resolution": "1K"},
        {"capability_bucket": "t2i"},
        {"resolution": "1K"},
    ),
    "video_pricing": (
        {"capability_bucket": "t2v", "resolution": "720p", "has_audio": False},
        {"capability_bucket": "t2v", "has_audio": False},
        {"resolution": "720p", "has_audio": False},
        {"has_audio": False},
    ),
}

V = TypeVar("V")


def once(function: Callable[[Sheet], V]) -> Callable[[Sheet], V]:
    """Computes a value of a sheet once, and stores it with the sheet, which never changes: several rules need each."""
    name = function.__name__

    @wraps(function)
    def stored(sheet: Sheet) -> V:
        values = sheet.__dict__
        if name not in values:
            values[name] = function(sheet)
        value: V = values[name]
        return value

    return stored


@once
def headline(sheet: Sheet) -> Line:
    """The headline of a sheet that is priced or free.

    Only paid lines are considered if there are any. The headline of a table of rules is its usual use. Otherwise it is
    the price of input tokens, of a call, of output tokens, or the first line. Lines with conditions are considered if
    only they are paid, or only tools and caches beside them: a search is not what a model with tiers costs. A source's
    own meter is never the headline of a sheet that is priced or free.
    """
    lines = [line for line in sheet.lines if line.kind == "absolute"]
    lines = [line for line in lines if not line.has_own_meter] or lines
    paid = [line for line in lines if line.amount] or lines
    table = rule_table(sheet)
    if table is not None:
        return _usual_rule(paid, table)
    # If two lines price the same thing, the last one applies.
    plain = {(line.meter, line.unit): line for line in lines if line.is_plain}
    if any(line.amount for line in plain.values()):
        plain = {kind: line for kind, line in plain.items() if line.amount}
    elif any(line.amount for line in lines):
        plain = {}
    always = [*plain.values()]
    candidates = next(filter(None, (without_extras(always), without_extras(paid), always, paid)))
    return next((line for kind in USUAL for line in candidates if (line.meter, line.unit) == kind), candidates[0])


@once
def token_prices(sheet: Sheet) -> Mapping[str, Line]:
    """Meter -> its price per token where no condition holds."""
    return {line.meter: line for line in sheet.lines if line.is_plain and line.unit == "token"}


@once
def input_and_output(sheet: Sheet) -> Mapping[str, Line]:
    """`input` and `output` -> their prices per token, where these are the headline; else empty."""
    if rule_table(sheet) is not None:
        return {}
    lines = {meter: line for meter, line in token_prices(sheet).items() if meter in ("input", "output")}
    return lines if headline(sheet) in lines.values() else {}


def without_extras(lines: Iterable[Line]) -> list[Line]:
    """The lines without those of tools and caches, which few requests pay."""
    return [line for line in lines if line.meter not in TOOLS and ".cache_" not in line.meter]


def comparable_price(sheet: Sheet) -> Decimal | None:
    """US dollars per million tokens of the headline, to order and filter by; None where tokens are not the headline.

    It is 0 only where the price is free.
    """
    if sheet.state == "free":
        return Decimal(0)
    dollars = sheet.in_dollars()
    if dollars is None or not input_and_output(dollars):
        return None
    line = headline(dollars)
    return per_million(line.amount or Decimal(0), line.per)


def billing_type(sheet: Sheet) -> str:
    """What the headline is paid for: tokens, call, image, second or other; empty if there is no figure."""
    if sheet.state not in ("priced", "free"):
        return ""
    return BILLING_TYPES.get(headline(sheet).unit, "other")


def is_one_of_several(sheet: Sheet) -> bool:
    """Whether there are other prices beside the headline, which is then only an example."""
    chosen = headline(sheet)
    others = (line for line in sheet.lines if line.kind == "absolute" and line is not chosen)
    if rule_table(sheet) is not None:
        return any(line.amount != chosen.amount for line in others)
    return any(line.amount or (line.meter, line.unit) == (chosen.meter, chosen.unit) for line in others)


@once
def fees(sheet: Sheet) -> list[Line]:
    """What is paid beside the headline by the request, query, image or page, without a condition."""
    if sheet.state != "priced" or rule_table(sheet) is not None:
        return []
    chosen = headline(sheet)
    plain = {(line.meter, line.unit): line for line in sheet.lines if line.is_plain and not line.has_own_meter}
    return [line for line in plain.values() if line.amount and line.unit not in AMOUNT_UNITS and line is not chosen]


def fees_of_each_call(sheet: Sheet) -> list[Line]:
    """The fees that every call pays, without those of tools."""
    return [line for line in fees(sheet) if line.meter not in TOOLS]


@once
def media_prices(sheet: Sheet) -> list[Line]:
    """What is paid beside the headline for a part of a side, such as image tokens, if the side has no price itself.

    A form that has only a price of input and one of output says nothing of them. Prices with conditions are included.
    A side whose price is unknown is shown as unknown.
    """
    if sheet.state != "priced" or rule_table(sheet) is not None:
        return []
    chosen, stated = headline(sheet), token_prices(sheet)
    parts = tuple(f"{side}." for side in SIDES if side not in stated and side != sheet.unknown_side)
    lines = [line for line in without_replaced(sheet.lines) if line.kind == "absolute" and line is not chosen]
    return [line for line in lines if line.amount and line.unit in AMOUNT_UNITS and line.meter.startswith(parts)]


def reads_as_free(sheet: Sheet, amounts: Iterable[Decimal]) -> bool:
    """Whether a form that can say only these amounts would show a price as free that is not known to be free."""
    return not any(amounts) and sheet.state != "free"


@once
def rule_table(sheet: Sheet) -> str | None:
    """The table of rules that a sheet is; a sheet from another source may be one without saying so."""
    named = next((name for name in RULE_TABLES if isinstance(sheet.facts.get(name), Mapping)), None)
    if named:
        return named
    lines = [line for line in sheet.lines if not line.is_discount]
    if len(lines) < 2 or any(line.kind != "absolute" or line.per != 1 for line in lines):
        return None
    kinds = {(line.meter, line.unit) for line in lines}
    return TABLE_OF.get(kinds.pop()) if len(kinds) == 1 else None


def _usual_rule(lines: Sequence[Line], table: str) -> Line:
    """The line of the usual use, among verified ones if there are any."""
    verified = [line for line in lines if line.facts.get("verification_status") == "verified"] or lines
    matches = (line for usual in USUAL_RULES[table] for line in verified if _matches(line, usual))
    return next(matches, verified[0])


def _matches(line: Line, usual: Mapping[str, Any]) -> bool:
    """A rule that does not say whether there is sound is silent."""
    facts = {
        "has_audio": False,
        **line.facts,
        **{condition["dim"]: condition["value"] for condition in line.conditions},
    }
    return all(facts.get(name) == value for name, value in usual.items())
