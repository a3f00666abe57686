"""The cost calculator: the form with its answers, and what they cost by the rule of POST /api/pricing/quote."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from catalog.prices import Sheet
from pricing.engine.formatting import amounts, labels
from pricing.engine.formatting.conditions import conditions
from pricing.engine.quoting import Charge, Use, quote
from pricing.pages.calculator.questions import Question, first_error, quantity, questions
from pricing.pages.price_tags import state_of


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
    fields = questions(sheet, answers, day=at.date())
    if error := first_error(fields):
        return Calculator(fields, None, error)
    usage = list(_usage(fields))
    if not usage:
        return Calculator(fields, None)
    facts = {dim: fact for question in fields for dim, fact in question.facts.items()}
    moment = next((question.moment for question in fields if question.moment), at)
    quoted = quote(sheet, usage, facts, at=moment)
    parts = tuple(part(charge, sheet.currency) for charge in quoted.charges)
    number = next(quantity(question.value) for question in fields if question.name == "n")
    number = Decimal(1) if number is None else number
    amount = quoted.amount
    total = _("no price for this") if amount is None else amounts.short_money(amount * number, sheet.currency)
    return Calculator(fields, Result(parts, total, amounts.number(number) if number != 1 else ""))


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
    label = labels.meter(meter)
    return labels.with_lifetime(label, lifetime.rstrip("]")) if lifetime else label


def _usage(fields: Sequence[Question]) -> Iterator[tuple[str, Use]]:
    for question in fields:
        number = quantity(question.value)
        if question.name.startswith("u.") and number:
            name, _colon, unit = question.name.removeprefix("u.").partition(":")
            yield name, Use(number, unit)
