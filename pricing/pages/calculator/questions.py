"""The fields of the calculator's form: a quantity for each meter, a choice for each condition of a price."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext as _

from catalog.exact import InexactError, read_number
from catalog.prices import Line, Sheet
from pricing.engine.conditions import Facts
from pricing.engine.formatting import amounts, labels
from pricing.engine.formatting.lines import priced_thing
from pricing.engine.headline import headline
from pricing.engine.quoting import chain, unit_of
from pricing.pages.calculator.conditions import Choice, choices_of, moment_of
from pricing.pages.calculator.examples import examples

LARGEST = Decimal(10) ** 15
# Commas separate thousands: 1,5 is a typing error or the decimal comma of another country.
THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?")
LONGEST_NUMBER, LONGEST_CHOICE = 20, 80


@dataclass(frozen=True)
class Question:
    """A field of the form: a quantity, or with `options` a choice of (value, label)."""

    name: str
    label: str
    value: str
    unit: str = ""
    options: tuple[tuple[str, str], ...] = ()
    # What the answer says of the request, and when it is sent; None if the form does not ask.
    facts: Facts = field(default_factory=dict)
    moment: dt.datetime | None = None

    @property
    def is_wide(self) -> bool:
        """Whether its choices are sentences."""
        return any(len(label) > 24 for _value, label in self.options)

    @property
    def error(self) -> str:
        """The error message for the answer; empty for a valid one."""
        if self.options:
            if self.value in (value for value, _label in self.options):
                return ""
            return _("%(what)s: '%(value)s' is not one of the choices.") % {"what": self.label, "value": self.value}
        if not self.value.strip() or quantity(self.value) is not None:
            return ""
        return _("%(what)s: '%(value)s' is not a number from 0 to %(most)s.") % {
            "what": self.label, "value": self.value, "most": amounts.number(LARGEST),
        }  # fmt: skip


def questions(sheet: Sheet, answers: Mapping[str, str], *, day: dt.date) -> tuple[Question, ...]:
    """A quantity for each meter and unit, a choice for each condition, and the number of requests."""
    is_blank = not any(name.startswith(("u.", "f.")) for name in answers)
    lines = metered_lines(sheet)
    shown = (
        examples(lines, field_name(sheet, headline(sheet)))
        if is_blank
        else {name: answers.get(name, "") for name in lines}
    )
    fields = [
        Question(name, priced_thing(line), shown.get(name, "")[:LONGEST_NUMBER], labels.field_unit(line.unit))
        for name, line in lines.items()
    ]
    given = {} if is_blank else answers
    fields += [_question(choice, given) for choice in choices_of(sheet, counts_prompt=_counts_prompt(lines), day=day)]
    number = answers.get("n", "1")[:LONGEST_NUMBER] or "1"
    return (*fields, Question("n", _("Number of requests"), number))


def _question(choice: Choice, answers: Mapping[str, str]) -> Question:
    answer = choice.value_of(answers.get(choice.name, choice.usual)[:LONGEST_CHOICE])
    options = tuple((value, label) for value, label, _facts in choice.options)
    facts = next((facts for value, _label, facts in choice.options if value == answer), {})
    if not options and (number := quantity(answer)) is not None and answer.strip():
        facts = {choice.dim: number}
    moment = moment_of(answer, week=choice.week) if choice.week else None
    return Question(choice.name, choice.label, answer, choice.unit, options, facts, moment)


def metered_lines(sheet: Sheet) -> dict[str, Line]:
    """Name of a field -> the line that it counts for."""
    # A price of input for one group follows the other prices.
    priced = sorted((line for line in sheet.lines if line.kind == "absolute"), key=lambda line: line.meter != "input")
    lines = {field_name(sheet, line): line for line in priced}
    if (side := sheet.unknown_side) and f"u.{side}" not in lines:
        # The total must say that the price of this side is not known.
        lines[f"u.{side}"] = Line(side, None, unit="token")
    for factor in sheet.lines:
        if factor.kind == "multiplier" and factor.meter and _lifetime(factor):
            # The factor of a cache's lifetime applies to the price of the same meter, or of its fallback.
            own = next((line for meter in chain(factor.meter) for line in priced if line.meter == meter), None)
            if own is not None:
                lines.setdefault(
                    f"u.{meter_name(factor)}", Line(factor.meter, None, unit=own.unit, conditions=factor.conditions)
                )
    return lines


def field_name(sheet: Sheet, line: Line) -> str:
    """The name of the field for a meter: `u.input.image`, or `u.input.image:image` if a quote would count tokens."""
    name = f"u.{meter_name(line)}"
    return name if unit_of(sheet.lines, line.meter)[0] == line.unit else f"{name}:{line.unit}"


def meter_name(line: Line) -> str:
    """A meter as usage names it, with the lifetime of a cache: input.cache_write[1h]."""
    lifetime = _lifetime(line)
    return f"{line.meter}[{lifetime}]" if lifetime else line.meter


def _lifetime(line: Line) -> str:
    lifetimes = (
        condition["value"]
        for condition in line.conditions
        if condition["dim"] == "cache_ttl" and condition["op"] == "eq"
    )
    return str(next(lifetimes, ""))


def _counts_prompt(lines: Mapping[str, Line]) -> bool:
    """Whether the usage says how long the prompt is."""
    return any(line.meter.partition(".")[0] == "input" and line.unit == "token" for line in lines.values())


def quantity(text: str) -> Decimal | None:
    """The number that a person typed; None if it is not one, or not in the range of a quantity."""
    text = text.strip()
    try:
        number = read_number(text.replace(",", "") if THOUSANDS.fullmatch(text) else text)
    except InexactError:
        return None
    return number if 0 <= number <= LARGEST else None


def first_error(fields: Sequence[Question]) -> str:
    return next(filter(None, (question.error for question in fields)), "")
