"""The documents of a quote: the checked question, and the response with exact decimals as strings."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from catalog.exact import InexactError, digits, read_json
from catalog.prices import Line, Sheet
from pricing.engine.quoting import Charge, Quote, Use, free_of_charge
from pricing.newapi.ratios import JSON
from pricing.usage.quantities import UsageError, check_facts, read_usage
from tokens.timestamps import TimestampError, format_timestamp, parse_timestamp


class QuestionBody(TypedDict):
    """The usage to quote."""

    model: Annotated[str, {"minLength": 1}]
    usage: Annotated[
        JSON,
        'Meter -> quantity, e.g. {"input": 1000, "output": 200}, or {"quantity": 2, "unit": "image"}. '
        "A quantity without a unit counts tokens if the meter or its fallback has a price for tokens.",
        {"minProperties": 1},
    ]
    at: NotRequired[Annotated[str | None, "A time other than now; a retired model has prices before its retirement."]]
    group: NotRequired[Annotated[str | None, "One of the caller's groups."]]
    request: NotRequired[Annotated[JSON | None, 'Facts, e.g. {"service_tier": "flex"}.']]


FIELDS = tuple(QuestionBody.__annotations__)


class QuestionError(ValueError):
    """A question that is not valid; the message is for the caller."""

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


@dataclass(frozen=True)
class Question:
    """The usage to quote. Without `at` the time is now; without a group, the response names the group."""

    model: str
    usage: Mapping[str, Use]
    facts: Mapping[str, Any]
    at: dt.datetime | None = None
    group: str | None = None


def read_question(document: bytes) -> Question:
    """The question in a request's body; QuestionError if it is not valid."""
    try:
        body = read_json(document)
    except InexactError as error:
        raise QuestionError(str(error)) from None
    if not isinstance(body, dict):
        raise QuestionError("The body must be a JSON object with a model and its usage.")
    unknown = sorted(body.keys() - set(FIELDS))
    if unknown:
        raise QuestionError(f"There is no field {unknown[0][:80]!r}. The fields are {', '.join(FIELDS)}.", param="body")
    for name in ("model", "group", "at"):
        if not isinstance(body.get(name), str | None) or (name == "model" and not body.get(name)):
            raise QuestionError(f"{name} must be a text.", param=name)
    facts = body.get("request", {})
    if not isinstance(facts, dict):
        raise QuestionError('request must be an object, e.g. {"service_tier": "flex"}.', param="request")
    try:
        check_facts(facts)
        usage = read_usage(body.get("usage"))
    except UsageError as error:
        raise QuestionError(str(error), param=error.field) from None
    return Question(body["model"], usage, facts, _at(body.get("at")), body.get("group"))


def _at(text: str | None) -> dt.datetime | None:
    try:
        return None if text is None else parse_timestamp(text)
    except TimestampError as error:
        raise QuestionError(f"at {error}", param="at") from None


class QuoteLine(TypedDict):
    """A line of the quote."""

    meter: str
    quantity: Annotated[str, "A decimal number."]
    state: Annotated[str, "e.g. priced."]
    amount: Annotated[str | None, "A decimal number; null: not known."]
    price: NotRequired[Annotated[str, "The price of `per` units."]]
    per: NotRequired[int]
    unit: NotRequired[str]
    charged_quantity: NotRequired[
        Annotated[str | None, "The charged quantity in the `unit` of the price, if it differs from `quantity`."]
    ]
    assumed_unit: NotRequired[
        Annotated[str, "The unit in which `quantity` was counted, if the usage names none and another one is possible."]
    ]
    rule: NotRequired[Annotated[JSON, "The line of the price that was used, and its multipliers."]]


class QuoteBody(TypedDict):
    """The price of the usage, line by line."""

    success: Literal[True]
    model: str
    group: str
    at: Annotated[str, {"format": "date-time"}]
    amount: Annotated[str | None, "The sum as a decimal number; null: not known."]
    currency: Annotated[str, "Three letters."]
    lines: list[QuoteLine]
    free_of_charge: NotRequired[Annotated[list[JSON], "The free usage of each period; it is not subtracted here."]]


def quote_body(sheet: Sheet, quote: Quote, *, name: str, group: str, at: dt.datetime) -> QuoteBody:
    """The body of the response; the sheet includes the group's rate."""
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
        body["free_of_charge"] = [{**rule, "quantity": digits(rule["quantity"])} for rule in free]
    return body


def _line(charge: Charge) -> QuoteLine:
    line = charge.line
    body: QuoteLine = {
        "meter": charge.meter,
        "quantity": digits(charge.quantity),
        "state": charge.state,
        "amount": _text(charge.amount),
    }
    if charge.assumed_unit:
        body["assumed_unit"] = charge.assumed_unit
    if line is None or line.amount is None:
        return body
    body |= {"price": digits(line.amount), "per": line.per, "unit": line.unit}
    if charge.charged != charge.quantity:
        body["charged_quantity"] = _text(charge.charged)
    body["rule"] = {
        "meter": line.meter,
        "conditions": _exact(list(line.conditions)),
        "multipliers": [_multiplier(line) for line in charge.multipliers],
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
    """The value with fractions as strings, because a client's JSON parser may round numbers."""
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
