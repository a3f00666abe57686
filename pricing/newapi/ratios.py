"""Prices rendered as new-api's family of price lists has them: ratios, prices per call, rule tables. Imports no models.

`model_ratio` 1 is $2 per million input tokens; every other ratio is a multiple of the input price. A model whose price
no ratio can carry gets none: it never shows a number that is not its price.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, NotRequired, TypedDict

from catalog.exact import of_one, read_json, write_json
from catalog.prices import RATIO_UNIT, Line, Sheet
from catalog.sources import new_api, ratio_config
from catalog.sources.rows import Row
from pricing.engine.equality import PriceKey, price_key
from pricing.engine.headline import CALLS, headline, rule_table
from pricing.engine.money import multiply, per_million, ratio
from pricing.newapi.expressions import expression, told_lines

JSON = dict[str, Any]

# Row field -> the meter that it prices, as a multiple of the input price.
INPUT_RATIOS = {
    "cache_ratio": "input.cache_read",
    "create_cache_ratio": "input.cache_write",
    "image_ratio": "input.image",
    "audio_ratio": "input.audio",
}
RATIO_METERS = {"input", "output", "output.audio", *INPUT_RATIOS.values()}
RATIO_FIELDS = {"model_ratio", "completion_ratio", "model_price", "audio_completion_ratio", *INPUT_RATIOS}
BILLING_MODES = {
    ("output.image", "image"): "per_image",
    ("output.video", "second"): "per_second",
    ("output.video", "token"): "per_output_token",
}
# What readers are told the price of a million of; all else is told by one.
BY_THE_MILLION = {"token", "character"}
# Any decimal of so many digits comes back from a double as it went in.
DOUBLE_DIGITS = 15


def price_fields(sheet: Sheet | None) -> JSON:
    """The price part of a row: a `pricing_status`, and the numbers that are true of it.

    The states are priced, free, dynamic (decided per request), included (in a plan) and unpriced; only the first two
    have numbers. Ratios where they carry the price, an expression beside them where they lose something that it can
    say, and `prices`, the figures themselves, where neither would be read back as the same lines. What has neither
    ratios nor an expression has its headline figure as the price of a call.
    """
    state = "unpriced" if sheet is None else sheet.state
    if sheet is None or state == "unpriced":
        return {"pricing_status": state}
    if state in ("dynamic", "included"):
        discount: JSON = {} if sheet.discount == 1 else {"discount": sheet.discount}
        return {"pricing_status": state} | discount | _facts(sheet)
    dollars = sheet.in_dollars()
    if dollars is None:
        return _by_figures(sheet)
    dollars = dollars.with_factors_of_meters()
    table = rule_table(dollars)
    return _by_rules(dollars, table) if table else _by_ratios(sheet, dollars)


def config_entries(sheet: Sheet | None) -> JSON:
    """Map -> the model's entry in it, of those that say its price; discounts are multiplied in."""
    if sheet is None:
        return {}
    fields = price_fields(sheet.folded())
    if fields.get("billing_mode") == "tiered_expr" and fields.get("discount", 1) == 1:
        return {name: fields[name] for name in ("billing_mode", "billing_expr")}
    if fields["pricing_status"] not in ("priced", "free"):
        return {}
    if fields.get("quota_type") == 1:
        # Its readers take a number for the price of a call, and for all of the price.
        is_a_call = fields.get("billing_mode", "per_request") in ("per_request", "per_image")
        return {"model_price": fields["model_price"]} if is_a_call and "prices" not in fields else {}
    return {
        name: fields[name]
        for name in ratio_config.MAPS
        if name in fields and name not in ("model_price", "billing_mode")
    }


PriceStatus = Annotated[
    str, "Only priced and free have numbers.", {"enum": ["priced", "free", "dynamic", "included", "unpriced"]}
]


class PriceFigure(TypedDict):
    """One line of a price."""

    meter: Annotated[str, "What is counted, e.g. input.cache_read."]
    kind: NotRequired[Annotated[str, "Where it is not an amount, e.g. multiplier."]]
    amount: Decimal | None
    per: Annotated[int | None, "For how many units."]
    unit: Annotated[str, "e.g. token."]
    currency: Annotated[str, "Three letters."]
    conditions: NotRequired[Annotated[Sequence[Mapping[str, Any]], "When it applies; all of them together."]]
    period: NotRequired[Annotated[str, "Of what is free of charge: day or month; each request if not given."]]


def figures(sheet: Sheet) -> list[PriceFigure]:
    """Every line as readers beyond ratios get it, in the sheet's own currency."""
    return [_figure(line, sheet.currency) for line in sheet.lines if not line.is_discount]


def _by_figures(sheet: Sheet) -> JSON:
    """A price in a currency without a rate: never a number that would be read as dollars."""
    return {"pricing_status": sheet.state, "discount": sheet.discount, "prices": figures(sheet)} | _facts(sheet)


def _by_rules(sheet: Sheet, table: str) -> JSON:
    """A price that is a table of rules; old readers get the headline rule as the price of a call, and never "free"."""
    lines = [line for line in sheet.lines if line.kind == "absolute"]
    rules = [_rule(line) for line in lines]
    price = _rule(headline(sheet))["platform_base_price"]
    return {
        "pricing_status": sheet.state,
        "quota_type": 1,
        "model_ratio": Decimal(0),
        "model_price": price,
        "completion_ratio": Decimal(0),
        "discount": sheet.discount,
        "price_from": _is_from(price, [rule["platform_base_price"] for rule in rules]),
        "billing_mode": BILLING_MODES.get((lines[0].meter, lines[0].unit), "per_request"),
        **_facts(sheet),
        table: {**sheet.facts.get(table, {}), "rules": rules},
    }


def _rule(line: Line) -> JSON:
    dimensions = {condition["dim"]: condition["value"] for condition in line.conditions}
    return {**line.facts, **dimensions, "platform_base_price": ratio(line.amount or Decimal(0), Decimal(1))}


def _by_ratios(sheet: Sheet, dollars: Sheet) -> JSON:
    plain = {line.meter: line for line in dollars.lines if line.is_plain}
    per_token = {meter: _per_million_tokens(line) for meter, line in plain.items() if line.unit == "token"}
    body: JSON = {"pricing_status": sheet.state} | _facts(sheet)
    body |= _token_ratios(per_token) or _call_price(plain.values())
    body["discount"] = sheet.discount
    sayable = told_lines(dollars)
    told = expression(dollars) if sayable and not _is_carried(body, sayable, per_token) else None
    if told is None and _reads_as_free(body):
        body = {name: value for name, value in body.items() if name not in RATIO_FIELDS} | _headline_price(dollars)
        return body | {"prices": figures(sheet)}
    if told is not None:
        # Written for the engines that read it; for them it takes the place of every number beside it.
        body |= {"quota_type": 0, "billing_mode": "tiered_expr", "billing_expr": told.text}
    if _is_placeholder(body):
        # Readers take the pair for a model that nobody priced; the expression or the figures say what it is.
        body = {name: value for name, value in body.items() if name not in RATIO_FIELDS}
    return body if _is_read_back(body, sheet) else body | {"prices": figures(sheet)}


def _is_read_back(body: JSON, sheet: Sheet) -> bool:
    """Whether our own reader gets the same price back from a row, so that the figures are not needed beside it."""
    return _read_back(write_json(body)) == price_key(sheet)


# A change leaves most prices unchanged, and sellers of one model often ask the same: reading is most of the work.
@lru_cache(maxsize=10_000)
def _read_back(row: bytes) -> PriceKey:
    """The key of the price that our own reader makes of a row."""
    return price_key(new_api.prices_of(Row(read_json(row))))


def _is_placeholder(body: JSON) -> bool:
    return (body.get("model_ratio"), body.get("completion_ratio")) == new_api.PLACEHOLDER


def _reads_as_free(body: JSON) -> bool:
    """Whether a reader to whom a missing number is 0 takes a price for none, or for the placeholder of none."""
    if body["pricing_status"] == "free":
        return "quota_type" not in body
    return _is_placeholder(body) or not (body.get("model_ratio") or body.get("model_price"))


def _headline_price(dollars: Sheet) -> JSON:
    """The headline of a price that no ratio can carry, as the price of a call; `billing_mode` names what it is for."""
    lines = [line for line in dollars.lines if line.kind == "absolute"]
    line = headline(dollars)
    alike = [_of_the_unit(each) for each in lines if (each.meter, each.unit) == (line.meter, line.unit)]
    zero = Decimal(0)
    return {
        "quota_type": 1,
        "model_ratio": zero,
        "model_price": ratio(_of_the_unit(line), Decimal(1)),
        "completion_ratio": zero,
        "price_from": _is_from(_of_the_unit(line), alike),
        "billing_mode": _billing_mode(line),
        "display_unit": f"/{'1M ' if line.unit in BY_THE_MILLION else ''}{_unit_in_words(line)}",
    }


def _of_the_unit(line: Line) -> Decimal:
    """A line's amount for a million of what is told by the million, and for one of anything else."""
    amount = line.amount or Decimal(0)
    return per_million(amount, line.per) if line.unit in BY_THE_MILLION else of_one(amount, line.per)


def _is_from(price: Decimal, prices: Iterable[Decimal]) -> bool:
    """Whether a price is where several begin."""
    different = set(prices)
    return len(different) > 1 and price == min(different)


def _billing_mode(line: Line) -> str:
    """What the price of a line is for; only what is a call may be told by the name of one."""
    if found := BILLING_MODES.get((line.meter, line.unit)):
        return found
    is_mistakable = line.unit in ("request", "image", "") and (line.meter, line.unit) not in CALLS
    return f"per_{line.meter.replace('.', '_') if is_mistakable else line.unit}"


def _unit_in_words(line: Line) -> str:
    words = line.unit.replace("_", " ") or "unit"
    return f"{words}s" if line.unit in BY_THE_MILLION else words


def _is_carried(body: JSON, told: Sequence[Line], per_token: Mapping[str, Decimal]) -> bool:
    """Whether the ratios carry all that the expression would say, to the last digit that a double keeps."""
    if not any(line.amount for line in told):
        return "model_ratio" in body
    if any(line.conditions for line in told) or not {line.meter for line in told} <= RATIO_METERS:
        return False
    if "model_ratio" not in body or _is_placeholder(body):
        return False
    factors = {"input": (), "output": (body["completion_ratio"],)} | {
        meter: (body[name],) for name, meter in INPUT_RATIOS.items() if name in body
    }
    if "audio_completion_ratio" in body:
        factors["output.audio"] = (body["audio_ratio"], body["audio_completion_ratio"])
    return all(
        meter in factors
        and _comes_back(amount, body["model_ratio"], factors[meter], strictly=meter in ("input", "output"))
        for meter, amount in per_token.items()
    )


def _comes_back(amount: Decimal, base: Decimal, factors: Sequence[Decimal], *, strictly: bool) -> bool:
    """Whether a reader's product of ratios is the amount: as doubles, or (not strictly) as the decimals that they are.

    What has more digits than a double keeps has to come back as well as any double can.
    """
    again = math.prod([float(base) * 2, *map(float, factors)])
    if len(amount.as_tuple().digits) > DOUBLE_DIGITS:
        return math.isclose(again, float(amount), rel_tol=1e-14)
    return again == float(amount) or (not strictly and multiply(RATIO_UNIT, base, *factors) == amount)


def _token_ratios(per_token: Mapping[str, Decimal]) -> JSON:
    """Ratios of a price per token; nothing where there is no input price to be a multiple of."""
    base = per_token.get("input")
    if base is None or (base == 0 and any(per_token.values())):
        return {}
    zero = Decimal(0)
    body: JSON = {
        "quota_type": 0,
        "model_ratio": ratio(base, RATIO_UNIT),
        "model_price": zero,
        "completion_ratio": ratio(per_token["output"], base) if base and "output" in per_token else zero,
    }
    for name, meter in INPUT_RATIOS.items():
        if base and meter in per_token:
            body[name] = ratio(per_token[meter], base)
    audio_in, audio_out = per_token.get("input.audio"), per_token.get("output.audio")
    if audio_in and audio_out is not None:
        body["audio_completion_ratio"] = ratio(audio_out, audio_in)
    return body


def _call_price(lines: Iterable[Line]) -> JSON:
    """The price of a call, where a call or an image is all that is priced."""
    priced = [line for line in lines if line.amount is not None]
    if len(priced) != 1 or priced[0].per != 1 or (priced[0].meter, priced[0].unit) not in CALLS:
        return {}
    zero = Decimal(0)
    price = ratio(priced[0].amount or zero, Decimal(1))
    body: JSON = {"quota_type": 1, "model_ratio": zero, "model_price": price, "completion_ratio": zero}
    if mode := BILLING_MODES.get((priced[0].meter, priced[0].unit)):
        body["billing_mode"] = mode
    return body


def _figure(line: Line, currency: str) -> PriceFigure:
    """A line as readers beyond ratios get it."""
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
