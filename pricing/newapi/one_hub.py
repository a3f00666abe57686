"""A price as a row of the table `prices` of one-hub and done-hub, if a row can state it. Imports no models.

A row has a price of input, a price of output, and extra ratios: what tokens of a kind cost, as multiples of the price
of their side. The programs charge a model without a row $60 for a million tokens; a wrong row would be charged as it
is. Therefore a price that a row cannot state has no row, and the reason is listed.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, NotRequired, TypedDict

from catalog.exact import ratio
from catalog.prices import RATIO_UNIT, SIDES, USE_FACTORS, Line, Sheet, without_replaced
from pricing.engine.conditions import all_hold
from pricing.engine.headline import TOOLS
from pricing.engine.money import per_million
from pricing.engine.quoting import Use, boundaries, chain, quote
from pricing.newapi.ratios import UNKNOWN, UNKNOWN_IN_WORDS, call_price, reason_unknown

# Dollars for a call whose `input` is 1.
CALL_UNIT = Decimal("0.002")
# The programs' column has this many characters; a longer id makes some databases reject all rows.
LONGEST_NAME = 100
# A request of ordinary length, in tokens.
SHORT = 1
# Extra ratio -> the meter of its tokens, and the ratio that the programs use if a row has none.
EXTRA_RATIOS: Mapping[str, tuple[str, Decimal]] = {
    "cached_tokens": ("input.cache_read", Decimal(1)),
    "cached_read_tokens": ("input.cache_read", Decimal("0.1")),
    "cached_write_tokens": ("input.cache_write[5m]", Decimal("1.25")),
    "cached_write_1h_tokens": ("input.cache_write[1h]", Decimal(2)),
    "openai_cache_write_tokens": ("input.cache_write", Decimal("1.25")),
    "input_audio_tokens": ("input.audio", Decimal(1)),
    "input_image_tokens": ("input.image", Decimal(1)),
    "input_text_tokens": ("input.text", Decimal(1)),
    "output_audio_tokens": ("output.audio", Decimal(1)),
    "output_image_tokens": ("output.image", Decimal(1)),
    "output_text_tokens": ("output.text", Decimal(1)),
    "reasoning_tokens": ("output.reasoning", Decimal(1)),
}
# Conditions that only requests meet which ask for more than usual, by fields that the programs do not pass on.
NEVER_SENT = frozenset({"service_tier", "request_match", "region", "route"})
# What is not paid with a call: tools, which the programs charge by a table of their own, and what is stored or trained.
NOT_OF_CALLS = TOOLS | {"finetune", "cache_storage", "storage", "capacity"}
# No condition on the time is evaluated.
ANY_TIME = dt.datetime.min.replace(tzinfo=dt.UTC)
# Conditions that are stated by `long_context`, and by the extra ratios of cache writes.
STATED = frozenset({"prompt_tokens", "cache_ttl"})

Unlisted = Annotated[
    str,
    UNKNOWN_IN_WORDS + "fees: paid by the "
    "call and by the token; other_units: paid by the second, page, character or another unit; conditions: depends on "
    "the time or on what is requested, or has a free quantity; tiers: the steps by length of the prompt are not one "
    "multiple of the price; not_in_ratios: a part of it is not a multiple of the price of input or output; "
    "long_context: it has another price for long prompts; long_name: its id has more than 100 characters; pattern: it "
    "stands for all ids with a prefix, and others of them have no row or stand for a part of them.",
    {
        "enum": [
            *UNKNOWN,
            "fees",
            "other_units",
            "conditions",
            "tiers",
            "not_in_ratios",
            "long_context",
            "long_name",
            "pattern",
        ]
    },
]


class LongContext(TypedDict):
    """What a call with a long prompt costs: multiples of all prices. one-hub ignores it."""

    threshold: Annotated[int, "The longest prompt, in tokens, at the prices of the row."]
    input_ratio: Annotated[Decimal, "The factor of everything on the input side."]
    output_ratio: Annotated[Decimal, "The factor of everything on the output side."]


class RowPrice(TypedDict):
    """The price part of a row."""

    type: Annotated[str, "tokens: by tokens; times: by the call.", {"enum": ["tokens", "times"]}]
    input: Annotated[Decimal, "USD per million tokens, divided by 2; for `times` USD per call, divided by 0.002."]
    output: Annotated[Decimal, "USD per million tokens, divided by 2; 0 for `times`."]
    extra_ratios: NotRequired[
        Annotated[dict[str, Decimal], "Kind of tokens -> their price, as a multiple of the price of input or output."]
    ]
    long_context: NotRequired[LongContext]


class UnstatedError(Exception):
    """A row cannot state the price; the message is one of the reasons of `Unlisted`."""


def row_price(sheet: Sheet | None) -> RowPrice:
    """The price of a sheet, discounts multiplied in; UnstatedError if a row cannot state it.

    Tools, such as searches, are not considered: the programs charge them by a table of their own. Tokens that they do
    not count separately, such as those of videos, are charged as what they count them as, and never below their price.
    """
    reason, dollars = reason_unknown(sheet), sheet.in_dollars() if sheet else None
    if reason or dollars is None:
        raise UnstatedError(reason)
    if dollars.state == "free":
        is_call = call_price(line for line in dollars.lines if line.kind == "absolute")
        return {"type": "times" if is_call else "tokens", "input": Decimal(0), "output": Decimal(0)}
    folded = dollars.folded()
    lines = without_replaced(_lines_of_calls(folded.lines))
    conditions = {condition["dim"] for line in lines for condition in line.conditions}
    if conditions - STATED or any(line.kind not in ("absolute", "multiplier") for line in lines):
        raise UnstatedError("conditions")
    paid = [line for line in lines if line.kind == "absolute" and line.amount]
    if not conditions and (call := call_price(paid)):
        return {"type": "times", "input": ratio(call["model_price"], CALL_UNIT), "output": Decimal(0)}
    is_of_tokens = any(line.unit == "token" for line in paid)
    if not is_of_tokens or any(line.unit != "token" for line in paid):
        is_fee = is_of_tokens and all(line.unit in ("token", "request") for line in paid)
        raise UnstatedError("fees" if is_fee else "other_units")
    return _token_price(replace(folded, lines=tuple(line for line in lines if line.unit in ("token", ""))))


def _lines_of_calls(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines that apply to calls as the programs send them, without the conditions that always hold for these."""
    for line in lines:
        if line.meter in NOT_OF_CALLS or line.has_own_meter:
            continue
        unsent = [condition for condition in line.conditions if condition["dim"] in NEVER_SENT]
        if all_hold(unsent, {}, at=ANY_TIME):
            rest = tuple(condition for condition in line.conditions if condition["dim"] not in NEVER_SENT)
            yield replace(line, conditions=rest)


def _token_price(sheet: Sheet) -> RowPrice:
    """The row of a price by tokens alone."""
    short = _Prices(sheet, SHORT)
    row: RowPrice = {
        "type": "tokens",
        "input": ratio(short.of_side("input"), RATIO_UNIT),
        "output": ratio(short.of_side("output"), RATIO_UNIT),
    }
    extra = {key: short.extra_ratio(meter) for key, (meter, _) in EXTRA_RATIOS.items()}
    # A ratio is left out only where no version of the programs uses another one.
    if stated := {
        key: number for key, number in extra.items() if number is not None and {number, EXTRA_RATIOS[key][1]} != {1}
    }:
        row["extra_ratios"] = stated
    short.check_other_meters()
    if bounds := [bound for bound in boundaries(sheet.lines) if bound >= SHORT]:
        if len(bounds) > 1 or sheet.facts.get("tier_mode") == "graduated":
            raise UnstatedError("tiers")
        if long_context := _long_context(sheet, short, threshold=bounds[0]):
            row["long_context"] = long_context
    return row


def _long_context(sheet: Sheet, short: "_Prices", *, threshold: int) -> LongContext | None:
    """The factors of both sides above the threshold; None if they are 1."""
    # A power of ten, so that its price divides exactly.
    long = _Prices(sheet, 10 ** len(str(threshold)))
    factors = {side: _factor(short.of_side(side), long.of_side(side)) for side in SIDES}
    meters = {line.meter for line in sheet.lines if line.meter} | {meter for meter, _ in EXTRA_RATIOS.values()}
    for meter in meters:
        factor = factors[_side(meter)]
        if factor is not None and _factor(short.of(meter), long.of(meter)) not in (None, factor):
            raise UnstatedError("tiers")
    if all(factor in (None, 1) for factor in factors.values()):
        return None
    return {
        "threshold": threshold,
        "input_ratio": factors["input"] or Decimal(1),
        "output_ratio": factors["output"] or Decimal(1),
    }


def _factor(price: Decimal, higher: Decimal) -> Decimal | None:
    """The factor between two prices, None if both are 0; UnstatedError if it is not above 0: a row cannot say so."""
    if price == higher == 0:
        return None
    if price == 0 or higher == 0:
        raise UnstatedError("tiers")
    return ratio(higher, price)


class _Prices:
    """The prices of a sheet for prompts of one length, in dollars per million tokens."""

    def __init__(self, sheet: Sheet, length: int) -> None:
        self.sheet = sheet
        self.length = length
        self._meters = {line.meter for line in sheet.lines} | set(sheet.facts.get(USE_FACTORS, ()))
        self._prices: dict[str, Decimal | None] = {}

    def of(self, meter: str) -> Decimal:
        """The price of a meter, or of the meter that it is charged as; UnstatedError if there is none."""
        *own, side = chain(meter.partition("[")[0])
        if own and self._meters.isdisjoint((meter, *own)):
            # Most sheets have a price of input and one of output; quotes take most of the time.
            return self.of(side)
        if meter not in self._prices:
            use, facts = Use(Decimal(self.length), "token"), {"prompt_tokens": Decimal(self.length)}
            (charge,) = quote(self.sheet, {meter: use}, facts, at=ANY_TIME).charges
            self._prices[meter] = None if charge.amount is None else per_million(charge.amount, self.length)
        if (price := self._prices[meter]) is None:
            raise UnstatedError("not_in_ratios")
        return price

    def of_side(self, side: str) -> Decimal:
        """The price of all tokens of a side without a price of their own; 0 for a side that is not charged."""
        is_priced = any(_side(line.meter) == side for line in self.sheet.lines)
        if not is_priced and side in self.sheet.charged_sides:
            raise UnstatedError(f"unknown_{side}")
        return self.of(side) if is_priced else Decimal(0)

    def extra_ratio(self, meter: str) -> Decimal | None:
        """A meter's price as a multiple of that of its side; None if the side is free, where any multiple is 0."""
        base = self.of_side(_side(meter))
        if base:
            return ratio(self.of(meter), base)
        if any(line.amount for line in self.sheet.lines if _side(line.meter) == _side(meter)):
            raise UnstatedError("not_in_ratios")
        return None

    def check_other_meters(self) -> None:
        """UnstatedError if tokens that the programs do not count separately would be charged less than their price."""
        counted = {meter.partition("[")[0] for meter, _ in EXTRA_RATIOS.values()} | {"", *SIDES}
        for meter in {line.meter for line in self.sheet.lines} - counted:
            medium, _, cached = meter.removeprefix(f"{_side(meter)}.").partition(".")
            parts = [f"{_side(meter)}.{part}" for part in (medium, cached) if f"{_side(meter)}.{part}" in counted]
            base = self.of_side(_side(meter))
            if self.of(meter) > base + sum(self.of(part) - base for part in parts):
                raise UnstatedError("not_in_ratios")


def _side(meter: str) -> str:
    return meter.partition(".")[0]
