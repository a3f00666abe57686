"""The cost calculator: the fields of its form, the answers and the resulting cost. Imports no models."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from catalog.exact import InexactError, read_number
from catalog.prices import Line, Sheet
from pricing.engine.formatting import amounts, labels
from pricing.engine.formatting.conditions import conditions
from pricing.engine.formatting.lines import priced_thing
from pricing.engine.headline import headline, rule_table
from pricing.engine.quoting import Charge, Use, quote, unit_of
from pricing.pages.price_tags import state_of

# Dimensions without a field: the usage has the length of the prompt and the lifetime of a cache, and the hour is now.
WITHOUT_FIELD = {"prompt_tokens", "time", "cache_ttl", "request_match"}
LARGEST = Decimal(10) ** 15
# Commas separate thousands: 1,5 is a typing error or the decimal comma of another country.
THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?")
# The numbers in a form that nobody has filled in.
EXAMPLE = {("input", "token"): "10000", ("output", "token"): "1000", ("request", "request"): "1"}
EXAMPLE_UNITS = {"image": "1", "second": "5"}


@dataclass(frozen=True)
class Question:
    """A field of the form: a quantity, or with `options` a choice of (value, label)."""

    name: str
    label: str
    value: str
    unit: str = ""
    options: tuple[tuple[str, str], ...] = ()

    @property
    def error(self) -> str:
        """The error message for the answer; empty for a valid one."""
        if self.options or not self.value.strip() or _quantity(self.value) is not None:
            return ""
        return _("%(what)s: '%(value)s' is not a number from 0 to %(most)s.") % {
            "what": self.label, "value": self.value, "most": amounts.number(LARGEST),
        }  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One charge in words; `rule` is its unit price and conditions."""

    label: str
    quantity: str
    rule: str
    amount: str


@dataclass(frozen=True)
class Result:
    parts: tuple[Part, ...]
    total: str
    times: str = ""


@dataclass(frozen=True)
class Calculator:
    """The form and its result, or the error of the first invalid answer."""

    questions: tuple[Question, ...]
    result: Result | None
    error: str = ""


def calculator(sheet: Sheet | None, answers: Mapping[str, str], *, at: dt.datetime) -> Calculator | None:
    """The calculator of a folded sheet with the answers or an example; None for a sheet without prices."""
    if sheet is None or state_of(sheet) not in ("priced", "free"):
        return None
    fields = questions(sheet, answers)
    if error := next(filter(None, (question.error for question in fields)), ""):
        return Calculator(fields, None, error)
    usage, facts = list(_usage(fields)), dict(_facts(sheet, fields))
    if not usage:
        return Calculator(fields, None)
    quoted = quote(sheet, usage, facts, at=at)
    parts = tuple(part(charge, sheet.currency) for charge in quoted.charges)
    number = next(_quantity(question.value) for question in fields if question.name == "n")
    number = Decimal(1) if number is None else number
    amount = quoted.amount
    total = _("no price for this") if amount is None else amounts.short_money(amount * number, sheet.currency)
    return Calculator(fields, Result(parts, total, amounts.number(number) if number != 1 else ""))


def questions(sheet: Sheet, answers: Mapping[str, str]) -> tuple[Question, ...]:
    """A quantity for each meter and unit, a choice for each dimension of conditions, and the number of requests."""
    is_blank = not any(name.startswith(("u.", "f.")) for name in answers)
    # A price of input for one group follows the other prices.
    lines = sorted((line for line in sheet.lines if line.kind == "absolute"), key=lambda line: line.meter != "input")
    fields = [
        Question(
            name,
            priced_thing(line),
            _example(line) if is_blank else answers.get(name, "")[:20],
            labels.field_unit(line.unit),
        )
        for name, line in {_field_name(sheet, line): line for line in lines}.items()
    ]
    if (side := sheet.unknown_side) and f"u.{side}" not in [field.name for field in fields]:
        # The total must say that the price of this side is not known.
        line, name = Line(side, None, unit="token"), f"u.{side}"
        example = _example(line) if is_blank else answers.get(name, "")[:20]
        fields.append(Question(name, priced_thing(line), example, labels.field_unit(line.unit)))
    fields += [_choice(sheet, dim, answers, is_blank=is_blank) for dim in _dims(sheet.lines)]
    return (*fields, Question("n", _("Number of requests"), answers.get("n", "1")[:20] or "1"))


def _field_name(sheet: Sheet, line: Line) -> str:
    """The name of the field for a meter: `u.input.image`, or `u.input.image:image` if a quote would count tokens."""
    name = f"u.{meter_name(line)}"
    return name if unit_of(sheet.lines, line.meter)[0] == line.unit else f"{name}:{line.unit}"


def meter_name(line: Line) -> str:
    """A meter as usage names it, with the lifetime of a cache: input.cache_write[1h]."""
    lifetimes = [
        condition["value"]
        for condition in line.conditions
        if condition["dim"] == "cache_ttl" and condition["op"] == "eq"
    ]
    return f"{line.meter}[{lifetimes[0]}]" if lifetimes else line.meter


def part(charge: Charge, currency: str) -> Part:
    line = charge.line
    label = _meter_label(charge.meter)
    if line is None or line.kind != "absolute":
        state = _("no extra charge") if charge.state == "elsewhere" else labels.state(charge.state)
        state = state or _("no price for this")
        return Part(label, amounts.number(charge.quantity), state, "" if charge.amount is None else _("free"))
    rule = amounts.short_price_per(line, currency)
    factors = [
        amounts.number(multiplier.amount) for multiplier in charge.multipliers if multiplier.amount not in (None, 1)
    ]
    rule = " \N{MULTIPLICATION SIGN} ".join([rule, *factors])
    amount = amounts.short_money(charge.amount or Decimal(0), currency)
    return Part(
        label, amounts.number(charge.quantity), labels.join_clauses([rule, conditions(line.conditions)]), amount
    )


def _meter_label(name: str) -> str:
    meter, _bracket, lifetime = name.partition("[")
    return " ".join(filter(None, [labels.meter(meter), lifetime.rstrip("]")]))


def _example(line: Line) -> str:
    return EXAMPLE.get((line.meter, line.unit)) or EXAMPLE_UNITS.get(line.unit, "")


def _dims(lines: Sequence[Line]) -> list[str]:
    dims = (condition["dim"] for line in lines for condition in line.conditions)
    return [dim for dim in dict.fromkeys(dims) if dim not in WITHOUT_FIELD]


def _choice(sheet: Sheet, dim: str, answers: Mapping[str, str], *, is_blank: bool) -> Question:
    answer = answers.get(f"f.{dim}", "")[:60]
    if is_blank and rule_table(sheet):
        answer = next(
            (str(condition["value"]) for condition in headline(sheet).conditions if condition["dim"] == dim), ""
        )
    label = labels.capitalized(labels.word(dim))
    values = _values(sheet, dim)
    if not values:
        return Question(f"f.{dim}", label, answer)
    options = (("", "\N{EN DASH}"), *((str(value), labels.value(value)) for value in values))
    return Question(f"f.{dim}", label, answer, options=options)


def _values(sheet: Sheet, dim: str) -> list[Any]:
    """The values of a dimension in conditions, always both yes and no; empty if conditions compare it by size."""
    conditions = [condition for line in sheet.lines for condition in line.conditions if condition["dim"] == dim]
    if any(condition["op"] not in ("eq", "ne", "in") for condition in conditions):
        return []
    options: list[Any] = []
    for condition in conditions:
        values = condition["value"] if isinstance(condition["value"], list | tuple) else [condition["value"]]
        options += [True, False] if isinstance(values[0], bool) else values
    return list({str(value): value for value in options}.values())


def _usage(fields: Sequence[Question]) -> Iterator[tuple[str, Use]]:
    for question in fields:
        quantity = _quantity(question.value)
        if question.name.startswith("u.") and quantity:
            name, _colon, unit = question.name.removeprefix("u.").partition(":")
            yield name, Use(quantity, unit)


def _facts(sheet: Sheet, fields: Sequence[Question]) -> Iterator[tuple[str, Any]]:
    for question in fields:
        if not question.name.startswith("f.") or not question.value:
            continue
        dim = question.name.removeprefix("f.")
        known = {str(value): value for value in _values(sheet, dim)}
        value = known.get(question.value, _quantity(question.value))
        if value is not None:
            yield dim, value


def _quantity(text: str) -> Decimal | None:
    text = text.strip()
    try:
        number = read_number(text.replace(",", "") if THOUSANDS.fullmatch(text) else text)
    except InexactError:
        return None
    return number if 0 <= number <= LARGEST else None
