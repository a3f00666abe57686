"""Prices in the format of new-api's price lists: ratios, prices per call, rule tables. Imports no models.

`model_ratio` 1 is $2 per million input tokens; every other ratio is a multiple of the input price. A price that ratios
cannot express has no ratio: a row never shows a number that is not the price.

Readers written in Go, such as new-api's, decode a missing number as 0, and older ones know no expressions. To them,
the price is `quota_type`, `model_ratio`, `completion_ratio` and `model_price` alone; see `reason_unlisted`.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, NotRequired, TypedDict

from catalog.exact import multiply, of_one, ratio, read_json, write_json
from catalog.prices import RATIO_UNIT, SIDES, Line, Sheet
from catalog.sources import new_api_prices, ratio_config
from catalog.sources.completion_ratios import UNSET_RATIO, is_ignored
from catalog.sources.rows import Row
from pricing.engine.equality import PriceKey, price_key
from pricing.engine.headline import CALLS, fees, headline, reads_as_free, rule_table
from pricing.engine.money import per_million
from pricing.newapi.expressions import expressible_lines, expression, with_lines_for_factors
from pricing.newapi.tables import NEW_API_OF_AUGUST, built_in_tables

JSON = dict[str, Any]

# Row field -> the meter that it prices, as a multiple of the input price.
INPUT_RATIOS = {
    "cache_ratio": "input.cache_read",
    "create_cache_ratio": "input.cache_write",
    "image_ratio": "input.image",
    "audio_ratio": "input.audio",
}
# Row field -> the option of new-api that has such ratios built in. Those of cache writes are the default for all names.
BUILT_IN_RATIOS = {
    "cache_ratio": "CacheRatio",
    "image_ratio": "ImageRatio",
    "audio_ratio": "AudioRatio",
    "audio_completion_ratio": "AudioCompletionRatio",
}
RATIO_METERS = {"input", "output", "output.audio", *INPUT_RATIOS.values()}
RATIO_FIELDS = {"model_ratio", "completion_ratio", "model_price", "audio_completion_ratio", *INPUT_RATIOS}
BILLING_MODES = {
    ("output.image", "image"): "per_image",
    ("output.video", "second"): "per_second",
    ("output.video", "token"): "per_output_token",
}
# Units whose prices are stated per million; all others are stated per unit.
BY_THE_MILLION = {"token", "character"}
# A double preserves any decimal with this many digits.
DOUBLE_DIGITS = 15


def price_fields(sheet: Sheet | None, name: str) -> JSON:
    """The price part of the row of a model: a `pricing_status` and the numbers that are correct for it.

    The states are priced, free, dynamic (decided per request), included (in a plan) and unpriced; only the first two
    have numbers. A row has ratios if they express the price, also an expression if it expresses more than they do, and
    `prices`, the exact figures, if our reader would not get the same lines from either. A price with neither ratios nor
    an expression has its headline as the price of a call. new-api charges some names by ratios of its own, which
    therefore have an expression.
    """
    state = "unpriced" if sheet is None else sheet.state
    if sheet is None or state == "unpriced":
        return {"pricing_status": state}
    if state in ("dynamic", "included"):
        discount: JSON = {} if sheet.discount == 1 else {"discount": sheet.discount}
        return {"pricing_status": state} | discount | _facts(sheet)
    if sheet.discount > 1:
        # To readers that ignore discounts, the price would be too low.
        sheet = sheet.folded()
    dollars = sheet.in_dollars()
    if dollars is None:
        return _by_figures(sheet)
    dollars = dollars.with_factors_of_meters()
    if table := rule_table(dollars):
        return _by_rules(dollars, table)
    extra = [_figure(line, dollars.currency) for line in fees(dollars)]
    return _by_ratios(sheet, dollars, name) | ({"fees": extra} if extra else {})


# The reasons of `reason_unknown`, and their meaning for readers.
UNKNOWN = ("unpriced", "dynamic", "included", "no_currency_rate", "unknown_input", "unknown_output")
UNKNOWN_IN_WORDS = (
    "unpriced: no price is known; dynamic: decided per request; included: in a plan; no_currency_rate: in a currency "
    "without a rate; unknown_input, unknown_output: the price of its input or output is not known; "
)
Unlisted = Annotated[
    str,
    UNKNOWN_IN_WORDS
    + "not_in_ratios: ratios and a price per call cannot state it, e.g. its input is free and its output is paid.",
    {"enum": [*UNKNOWN, "not_in_ratios"]},
]


def reason_unlisted(sheet: Sheet | None, fields: JSON) -> str:
    """Why readers that decode missing numbers as 0 must not get a row with these `price_fields`; empty if they may.

    They may if `quota_type`, `model_ratio`, `completion_ratio` and `model_price` alone state the price of tokens or of
    a call, or more than that.
    """
    if reason := reason_unknown(sheet):
        return reason
    number = fields.get("model_price" if fields.get("quota_type") == 1 else "model_ratio")
    # The price of tokens as the price of a call would be wrong for both.
    is_of_tokens = fields.get("billing_mode") == "per_token"
    lacks_output = fields.get("quota_type") == 0 and "completion_ratio" not in fields
    is_stated = (
        number is not None
        if fields["pricing_status"] == "free"
        else bool(number) and not (is_of_tokens or lacks_output)
    )
    return "" if is_stated else "not_in_ratios"


def reason_unknown(sheet: Sheet | None) -> str:
    """Why a price is not a known amount of dollars; empty if it is."""
    if sheet is None or sheet.state not in ("priced", "free"):
        return "unpriced" if sheet is None else sheet.state
    if side := sheet.unknown_side:
        return f"unknown_{side}"
    return "" if sheet.in_dollars() else "no_currency_rate"


def config_entries(sheet: Sheet | None, name: str) -> JSON:
    """Map -> the model's entry in it, for the maps that express its price; discounts are multiplied in."""
    if sheet is None or sheet.unknown_side:
        return {}
    fields = price_fields(sheet.folded(), name)
    if fields.get("billing_mode") == "tiered_expr" and fields.get("discount", 1) == 1:
        return {key: fields[key] for key in ("billing_mode", "billing_expr")}
    if fields["pricing_status"] not in ("priced", "free"):
        return {}
    if fields.get("quota_type") == 1:
        # Its readers treat a number as the price of a call, and as the complete price.
        is_a_call = fields.get("billing_mode", "per_request") in ("per_request", "per_image")
        is_complete = "prices" not in fields or len([line for line in sheet.lines if line.amount]) <= 1
        return {"model_price": fields["model_price"]} if is_a_call and is_complete else {}
    if "completion_ratio" not in fields or not _are_charged(fields, sheet, name):
        # Its readers would use a ratio of their program.
        return {}
    return {
        key: fields[key] for key in ratio_config.MAPS if key in fields and key not in ("model_price", "billing_mode")
    }


PriceStatus = Annotated[
    str, "Only priced and free have numbers.", {"enum": ["priced", "free", "dynamic", "included", "unpriced"]}
]


class PriceFigure(TypedDict):
    """One line of a price."""

    meter: Annotated[str, "The meter, e.g. input.cache_read."]
    kind: NotRequired[Annotated[str, "The kind, if it is not an amount, e.g. multiplier."]]
    amount: Decimal | None
    per: Annotated[int | None, "For how many units."]
    unit: Annotated[str, "e.g. token."]
    currency: Annotated[str, "Three letters."]
    conditions: NotRequired[Annotated[Sequence[Mapping[str, Any]], "When it applies; all of them together."]]
    period: NotRequired[Annotated[str, "The period of a free allowance: day or month; each request if not given."]]


def figures(sheet: Sheet) -> list[PriceFigure]:
    """Every line as an exact figure, in the sheet's own currency."""
    return [_figure(line, sheet.currency) for line in sheet.lines if not line.is_discount]


def _by_figures(sheet: Sheet) -> JSON:
    """A price in a currency without a rate; it has no number that could be read as dollars."""
    return {"pricing_status": sheet.state, "discount": sheet.discount, "prices": figures(sheet)} | _facts(sheet)


def _by_rules(sheet: Sheet, table: str) -> JSON:
    """A table of rules; readers of ratios get the headline rule as the price of a call, never as "free"."""
    rules = [_rule(line) for line in sheet.lines if line.kind == "absolute"]
    usual = headline(sheet)
    price = _rule(usual)["platform_base_price"]
    return {
        "pricing_status": sheet.state,
        "quota_type": 1,
        "model_ratio": Decimal(0),
        "model_price": price,
        "completion_ratio": Decimal(0),
        "discount": sheet.discount,
        "price_from": _is_from(price, [rule["platform_base_price"] for rule in rules]),
        "billing_mode": BILLING_MODES.get((usual.meter, usual.unit), "per_request"),
        **_facts(sheet),
        table: {**sheet.facts.get(table, {}), "rules": rules},
    }


def _rule(line: Line) -> JSON:
    dimensions = {condition["dim"]: condition["value"] for condition in line.conditions}
    return {**line.facts, **dimensions, "platform_base_price": ratio(line.amount or Decimal(0), Decimal(1))}


def _by_ratios(sheet: Sheet, dollars: Sheet, name: str) -> JSON:
    plain = {(line.meter, line.unit): line for line in dollars.lines if line.is_plain}
    per_token = {meter: _per_million_tokens(line) for (meter, unit), line in plain.items() if unit == "token"}
    body: JSON = {"pricing_status": sheet.state} | _facts(sheet)
    body |= call_price(plain.values()) or _token_ratios(per_token)
    if body.get("model_ratio") and sheet.lacks_output_price:
        del body["completion_ratio"]
    body["discount"] = sheet.discount
    if sheet.unknown_side:
        # A row of unknown input may still have the price of a call, which readers would take for the complete price.
        if sheet.unknown_side == "input" or not body.get("model_ratio"):
            body = {name: value for name, value in body.items() if name not in {"quota_type", *RATIO_FIELDS}}
        return body | {"prices": figures(sheet)}
    lines = expressible_lines(dollars)
    # An expression of tokens at 0 would show a paid price as free.
    is_misleading = reads_as_free(dollars, (line.amount or Decimal(0) for line in lines if line.kind == "absolute"))
    are_enough = _ratios_express(body, lines, per_token) and _are_charged(body, dollars, name)
    is_unfit = is_misleading or _hides_a_side(dollars, lines) or are_enough
    # new-api applies such factors to ratios by itself, and charges nothing beside an expression.
    billing = None if is_unfit else expression(with_lines_for_factors(dollars))
    if billing is None and _reads_as_free(body):
        body = {name: value for name, value in body.items() if name not in RATIO_FIELDS} | _headline_price(dollars)
        return body | {"prices": figures(sheet)}
    if billing is not None:
        # Engines that read expressions ignore all other numbers in the row.
        body = {"quota_type": 0} | body | {"billing_mode": "tiered_expr", "billing_expr": billing.text}
        sheet = with_lines_for_factors(sheet)
    return body if _is_read_back(body, sheet) else body | {"prices": figures(sheet)}


def _hides_a_side(dollars: Sheet, lines: Sequence[Line]) -> bool:
    """Whether tokens of input or output, which are charged, would be free in an expression of these lines."""
    paid = [line for line in dollars.lines if line.kind == "absolute" and line.amount]
    sides = {side for side in SIDES for line in paid if line.meter.startswith(side)}
    return dollars.lacks_output_price or any(not any(line.meter.startswith(side) for line in lines) for side in sides)


def _is_read_back(body: JSON, sheet: Sheet) -> bool:
    """Whether our own reader gets the same price from the row, so the exact figures are not needed."""
    return _read_back(write_json(body)) == price_key(sheet)


# Several models often have the same price, and reading is most of the work.
@lru_cache(maxsize=1000)
def _read_back(row: bytes) -> PriceKey:
    """The key of the price that our own reader gets from a row."""
    return price_key(new_api_prices.prices_of(Row(read_json(row))))


def _reads_as_free(body: JSON) -> bool:
    """Whether a reader that treats missing numbers as 0 would read the price as free or as missing."""
    if body["pricing_status"] == "free":
        return "quota_type" not in body
    return _is_placeholder(body) or not (body.get("model_ratio") or body.get("model_price"))


def _is_placeholder(body: JSON) -> bool:
    """Whether readers take the ratios for those of a model without a price."""
    return (body.get("model_ratio"), body.get("completion_ratio")) == (UNSET_RATIO, 1)


def _headline_price(dollars: Sheet) -> JSON:
    """The headline of a price that ratios cannot express, as the price of a call; `billing_mode` names the unit."""
    lines = [line for line in dollars.lines if line.kind == "absolute"]
    line = headline(dollars)
    same_unit = [_stated_price(other) for other in lines if (other.meter, other.unit) == (line.meter, line.unit)]
    zero = Decimal(0)
    return {
        "quota_type": 1,
        "model_ratio": zero,
        "model_price": ratio(_stated_price(line), Decimal(1)),
        "completion_ratio": zero,
        "price_from": _is_from(_stated_price(line), same_unit),
        "billing_mode": _billing_mode(line),
        "display_unit": f"/{'1M ' if line.unit in BY_THE_MILLION else ''}{_unit_in_words(line)}",
    }


def _stated_price(line: Line) -> Decimal:
    """A line's amount per million units, or per unit if its unit is not in BY_THE_MILLION."""
    amount = line.amount or Decimal(0)
    return per_million(amount, line.per) if line.unit in BY_THE_MILLION else of_one(amount, line.per)


def _is_from(price: Decimal, prices: Iterable[Decimal]) -> bool:
    """Whether the price is the lowest of several."""
    different = set(prices)
    return len(different) > 1 and price == min(different)


def _billing_mode(line: Line) -> str:
    """The `billing_mode` of a line; only a call has the mode of a call."""
    if mode := BILLING_MODES.get((line.meter, line.unit)):
        return mode
    is_mistakable = line.unit in ("request", "image", "") and (line.meter, line.unit) not in CALLS
    return f"per_{line.meter.replace('.', '_') if is_mistakable else line.unit}"


def _unit_in_words(line: Line) -> str:
    words = line.unit.replace("_", " ") or "unit"
    return f"{words}s" if line.unit in BY_THE_MILLION else words


def _ratios_express(body: JSON, lines: Sequence[Line], per_token: Mapping[str, Decimal]) -> bool:
    """Whether the ratios express everything that the expression would, to the last digit that a double preserves."""
    if body.get("quota_type") == 1:
        return not any(line.conditions for line in lines)
    if not any(line.amount for line in lines):
        return "model_ratio" in body
    if any(line.conditions for line in lines) or not {line.meter for line in lines} <= RATIO_METERS:
        return False
    # Readers may take a ratio of 37.5 for a model without a price; the expression states it once more.
    if body.get("model_ratio", UNSET_RATIO) == UNSET_RATIO:
        return False
    factors = {"input": (), "output": (body.get("completion_ratio", Decimal(0)),)} | {
        meter: (body[name],) for name, meter in INPUT_RATIOS.items() if name in body
    }
    if "audio_completion_ratio" in body:
        factors["output.audio"] = (body["audio_ratio"], body["audio_completion_ratio"])
    return all(
        meter in factors
        and _comes_back(amount, body["model_ratio"], factors[meter], strictly=meter in ("input", "output"))
        for meter, amount in per_token.items()
    )


def _are_charged(body: JSON, sheet: Sheet, name: str) -> bool:
    """Whether new-api charges tokens by the row's ratios, and by no others, after it stored these for the name."""
    if "completion_ratio" not in body:
        return True
    has_output = any(line.meter == "output" for line in sheet.lines)
    if is_ignored(name, body["model_ratio"], body["completion_ratio"] if has_output else None):
        return False
    # A ratio that the row does not state stays in effect.
    tables = built_in_tables(NEW_API_OF_AUGUST)
    others = (tables[option].get(name, 1) for field, option in BUILT_IN_RATIOS.items() if field not in body)
    return not body["model_ratio"] or all(other == 1 for other in others)


def _comes_back(amount: Decimal, base: Decimal, factors: Sequence[Decimal], *, strictly: bool) -> bool:
    """Whether the product of the ratios is the amount: as doubles, or (not `strictly`) as decimals.

    An amount with more digits than a double preserves must come back as exactly as a double can.
    """
    product = math.prod([float(base) * 2, *map(float, factors)])
    if len(amount.as_tuple().digits) > DOUBLE_DIGITS:
        return math.isclose(product, float(amount), rel_tol=1e-14)
    return product == float(amount) or (not strictly and multiply(RATIO_UNIT, base, *factors) == amount)


def _token_ratios(per_token: Mapping[str, Decimal]) -> JSON:
    """The ratios of a price per token; empty without an input price, because ratios are multiples of it."""
    base = per_token.get("input")
    if base is None or (base == 0 and any(per_token.values())):
        return {}
    zero = Decimal(0)
    body: JSON = {
        "quota_type": 0,
        "model_ratio": ratio(base, RATIO_UNIT),
        "model_price": zero,
        "completion_ratio": _completion_ratio(per_token, base),
    }
    for name, meter in INPUT_RATIOS.items():
        if base and meter in per_token:
            body[name] = ratio(per_token[meter], base)
    audio_in, audio_out = per_token.get("input.audio"), per_token.get("output.audio")
    if audio_in and audio_out is not None:
        body["audio_completion_ratio"] = ratio(audio_out, audio_in)
    return body


def _completion_ratio(per_token: Mapping[str, Decimal], base: Decimal) -> Decimal:
    """Output as a multiple of input; 1 if both are free, as gateways list free models; 0 if output has no price."""
    if "output" not in per_token:
        return Decimal(0)
    return ratio(per_token["output"], base) if base else Decimal(1)


def call_price(lines: Iterable[Line]) -> JSON:
    """The fields of a price of a call; empty if anything but a call or an image is paid."""
    listed = list(lines)
    priced = [line for line in listed if line.amount] or listed
    if len(priced) != 1 or (priced[0].meter, priced[0].unit) not in CALLS:
        return {}
    zero = Decimal(0)
    price = ratio(priced[0].amount or zero, Decimal(priced[0].per))
    body: JSON = {"quota_type": 1, "model_ratio": zero, "model_price": price, "completion_ratio": zero}
    if mode := BILLING_MODES.get((priced[0].meter, priced[0].unit)):
        body["billing_mode"] = mode
    return body


def _figure(line: Line, currency: str) -> PriceFigure:
    """A line as an exact figure."""
    figure: PriceFigure = {
        "meter": line.meter,
        "kind": line.kind,
        "amount": line.amount,
        "per": line.per,
        "unit": line.unit,
        "currency": currency,
    }
    if line.kind == "absolute":
        del figure["kind"]
    if line.conditions:
        figure["conditions"] = line.conditions
    if "period" in line.facts:
        figure["period"] = line.facts["period"]
    return figure


def _per_million_tokens(line: Line) -> Decimal:
    return per_million(line.amount or Decimal(0), line.per)


def _facts(sheet: Sheet) -> JSON:
    names = ("billing_mode", "display_unit", "billing_expr", "tier_mode")
    return {name: sheet.facts[name] for name in names if name in sheet.facts}
