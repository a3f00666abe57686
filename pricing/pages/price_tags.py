"""The price tag of a model: what a list shows of its price in a line, and what a search compares. Imports no models."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from catalog.prices import Line, Sheet
from pricing.engine.money import per_million
from pricing.newapi.ratios import headline, rule_table
from pricing.pages import formatting


@dataclass(frozen=True)
class Tag:
    """`state` is priced, free, dynamic, included or unpriced; only priced tags have figures.

    `input` and `output` are per million tokens, or `single` is the one figure that a price by the call comes to.
    `comparable` is the input price in dollars per million tokens, None where there is none to compare by.
    """

    state: str
    input: str = ""
    output: str = ""
    single: str = ""
    has_conditions: bool = False
    comparable: Decimal | None = None


def state_of(sheet: Sheet | None) -> str:
    """What can be said of a price, see Sheet.state; without a sheet there is none."""
    return "unpriced" if sheet is None else sheet.state


def tag_of(sheet: Sheet | None) -> Tag:
    """The tag of a folded sheet."""
    state = state_of(sheet)
    if sheet is None or state != "priced":
        return Tag(state, comparable=Decimal(0) if state == "free" else None)
    if rule_table(sheet):
        return _by_rules(sheet)
    plain = plain_token_lines(sheet)
    conditions = any(line.conditions for line in sheet.lines)
    if not plain.keys() & {"input", "output"}:
        return Tag(state, single=_single(sheet), has_conditions=conditions)
    return Tag(
        state,
        input=formatting.price(plain["input"], sheet.currency) if "input" in plain else "",
        output=formatting.price(plain["output"], sheet.currency) if "output" in plain else "",
        has_conditions=conditions,
        comparable=input_in_dollars(sheet),
    )


def plain_token_lines(sheet: Sheet) -> Mapping[str, Line]:
    """Meter -> the line that counts where no condition holds, for what is priced by the token."""
    return {line.meter: line for line in sheet.lines if line.is_plain and line.unit == "token"}


def input_in_dollars(sheet: Sheet) -> Decimal | None:
    dollars = sheet.in_dollars()
    line = plain_token_lines(dollars).get("input") if dollars else None
    return None if line is None else per_million(line.amount or Decimal(0), line.per)


def headline_line(sheet: Sheet) -> Line:
    """The line that stands for a sheet where only one fits."""
    lines = [line for line in sheet.lines if line.kind == "absolute"]
    table = rule_table(sheet)
    if table is None:
        return next((line for line in lines if line.is_plain), lines[0])
    rules = [{**line.facts, **{each["dim"]: each["value"] for each in line.conditions}, "line": line} for line in lines]
    chosen: Line = headline(rules, table)["line"]
    return chosen


def _by_rules(sheet: Sheet) -> Tag:
    several = len({line.amount for line in sheet.lines if line.kind == "absolute"}) > 1
    return Tag("priced", single=_figure(sheet, headline_line(sheet), is_one_of_several=several))


def _single(sheet: Sheet) -> str:
    several = sum(line.kind == "absolute" for line in sheet.lines) > 1
    return _figure(sheet, headline_line(sheet), is_one_of_several=several)


def _figure(sheet: Sheet, line: Line, *, is_one_of_several: bool) -> str:
    figure = f"{formatting.price(line, sheet.currency)} {formatting.per(line)}"
    # The headline is the plainest use, and not always the cheapest.
    return _("e.g. %(price)s") % {"price": figure} if is_one_of_several else figure
