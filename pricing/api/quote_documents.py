"""What a quote is asked with and answered with: checked values in, exact decimals as strings out."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from catalog.exact import InexactError, digits, read_json
from catalog.prices import Line, Sheet
from pricing.engine.money import UNITS, is_meter
from pricing.engine.quoting import USED_METER, Charge, Quote, Use, free_of_charge
from pricing.newapi.ratios import JSON
from tokens.timestamps import TimestampError, format_timestamp, parse_timestamp

LARGEST_QUANTITY = Decimal(10) ** 15
# Finer than any unit is counted.
DECIMALS = 6
MOST_METERS = 100


class QuestionBody(TypedDict):
    """What is to be priced."""

    model: Annotated[str, {"minLength": 1}]
    usage: Annotated[JSON, 'Meter -> quantity, e.g. {"input": 1000, "output": 200}.', {"minProperties": 1}]
    at: NotRequired[Annotated[str | None, "A time other than now."]]
    group: NotRequired[Annotated[str | None, "One of the caller's groups."]]
    request: NotRequired[Annotated[JSON | None, 'Facts, e.g. {"service_tier": "flex"}.']]


FIELDS = tuple(QuestionBody.__annotations__)


class QuestionError(ValueError):
    """A question that cannot be answered; the message is one sentence for whoever asked."""

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


@dataclass(frozen=True)
class Question:
    """What somebody wants to know the price of; without `at`, now; without a group, the one that the answer names."""

    model: str
    usage: Mapping[str, Use]
    facts: Mapping[str, Any]
    at: dt.datetime | None = None
    group: str | None = None


def read_question(document: bytes) -> Question:
    """The question of a request's body."""
    try:
        body = read_json(document)
    except InexactError as error:
        raise QuestionError(str(error)) from None
    if not isinstance(body, dict):
        raise QuestionError("The body is a JSON object with a model and its usage.")
    unknown = sorted(body.keys() - set(FIELDS))
    if unknown:
        raise QuestionError(f"There is no field {unknown[0][:80]!r}; there are {', '.join(FIELDS)}.", param="body")
    for name in ("model", "group", "at"):
        if not isinstance(body.get(name), str | None) or (name == "model" and not body.get(name)):
            raise QuestionError(f"{name} is text.", param=name)
    facts = body.get("request", {})
    if not isinstance(facts, dict):
        raise QuestionError('request is an object, e.g. {"service_tier": "flex"}.', param="request")
    _check_facts(facts)
    return Question(body["model"], _usage(body.get("usage")), facts, _at(body.get("at")), body.get("group"))


def _at(text: str | None) -> dt.datetime | None:
    try:
        return None if text is None else parse_timestamp(text)
    except TimestampError as error:
        raise QuestionError(f"at {error}", param="at") from None


def _usage(values: Any) -> dict[str, Use]:
    if not isinstance(values, dict) or not 0 < len(values) <= MOST_METERS:
        raise QuestionError('usage is an object, e.g. {"input": 1000, "output": 200}.', param="usage")
    return {name: _use(name, value) for name, value in values.items()}


def _use(name: str, value: Any) -> Use:
    match = USED_METER.fullmatch(name)
    if match is None or not is_meter(match[1]):
        raise QuestionError(f"{name[:80]!r} is no meter such as input, output or input.cache_read.", param="usage")
    unit = ""
    if isinstance(value, dict):
        if unknown := sorted(value.keys() - {"quantity", "unit"}):
            raise QuestionError(f"{name} has a quantity and a unit, and no {unknown[0][:80]!r}.", param="usage")
        unit, value = value.get("unit", ""), value.get("quantity")
        if unit not in ("", *UNITS):
            raise QuestionError(f"The unit of {name} is one of {', '.join(UNITS)}.", param="usage")
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        raise QuestionError(f"The quantity of {name} is a number.", param="usage")
    quantity = Decimal(value)
    exponent = int(quantity.as_tuple().exponent)
    if not 0 <= quantity <= LARGEST_QUANTITY or exponent < -DECIMALS:
        raise QuestionError(
            f"The quantity of {name} is from 0 to {digits(LARGEST_QUANTITY)}, with {DECIMALS} decimals at most.",
            param="usage",
        )
    return Use(quantity, unit)


def _check_facts(facts: Mapping[str, Any]) -> None:
    for name, value in facts.items():
        if name in ("body", "headers"):
            if not isinstance(value, dict):
                raise QuestionError(f"The {name} in request is an object of names and values.", param="request")
        elif not isinstance(value, str | int | Decimal | bool):
            raise QuestionError(
                f"The value of {name[:80]} in request is text, a number, true or false.", param="request"
            )


class QuoteLine(TypedDict):
    """A line of the quote."""

    meter: str
    quantity: Annotated[str, "A decimal number."]
    state: Annotated[str, "e.g. priced."]
    amount: Annotated[str | None, "A decimal number; null: not known."]
    price: NotRequired[Annotated[str, "The price of `per` units."]]
    per: NotRequired[int]
    unit: NotRequired[str]
    charged_quantity: NotRequired[Annotated[str | None, "What was charged, if that differs from `quantity`."]]
    rule: NotRequired[Annotated[JSON, "The line of the price that was used, and its multipliers."]]


class QuoteBody(TypedDict):
    """What a use costs, line by line."""

    success: Literal[True]
    model: str
    group: str
    at: Annotated[str, {"format": "date-time"}]
    amount: Annotated[str | None, "The sum as a decimal number; null: not known."]
    currency: Annotated[str, "Three letters."]
    lines: list[QuoteLine]
    free_of_charge: NotRequired[Annotated[list[JSON], "What each period includes free of charge; not subtracted here."]]


def answer(sheet: Sheet, quote: Quote, *, name: str, group: str, at: dt.datetime) -> QuoteBody:
    """The body of the answer; the sheet has the group's rate in it."""
    free = free_of_charge(sheet.lines)
    body: QuoteBody = {
        "success": True,
        "model": name,
        "group": group,
        "at": format_timestamp(at),
        "amount": _text(quote.amount),
        "currency": sheet.currency,
        "lines": [_line(charge) for charge in quote.charges],
    }
    if free:
        body["free_of_charge"] = [{**each, "quantity": digits(each["quantity"])} for each in free]
    return body


def _line(charge: Charge) -> QuoteLine:
    line = charge.line
    body: QuoteLine = {
        "meter": charge.meter,
        "quantity": digits(charge.quantity),
        "state": charge.state,
        "amount": _text(charge.amount),
    }
    if line is None or line.amount is None:
        return body
    body |= {"price": digits(line.amount), "per": line.per, "unit": line.unit}
    if charge.charged != charge.quantity:
        body["charged_quantity"] = _text(charge.charged)
    body["rule"] = {
        "meter": line.meter,
        "conditions": _exact(list(line.conditions)),
        "multipliers": [_multiplier(each) for each in charge.multipliers],
    }
    return body


def _multiplier(line: Line) -> JSON:
    body: JSON = {"multiplier": _text(line.amount)}
    if "rule" in line.facts:
        body["rule"] = line.facts["rule"]
    if line.conditions:
        body["conditions"] = _exact(list(line.conditions))
    return body


def _exact(value: Any) -> Any:
    """Fractions in conditions as strings too: a reader's JSON parser must not round them."""
    match value:
        case Decimal():
            return digits(value)
        case dict():
            return {key: _exact(part) for key, part in value.items()}
        case list() | tuple():
            return [_exact(part) for part in value]
    return value


def _text(value: Decimal | None) -> str | None:
    return None if value is None else digits(value)
