"""The prices of one model as a table: what always counts, what counts on conditions, and what rules list.

Imports no models.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from catalog.prices import Line, Sheet
from pricing.engine.headline import rule_table
from pricing.engine.money import METERS
from pricing.pages import formatting

PLACES = {meter: place for place, meter in enumerate(METERS)}


@dataclass(frozen=True)
class Figure:
    label: str
    price: str
    per: str


@dataclass(frozen=True)
class Grid:
    """A table with a row a case; `unit` is what every figure in it is for, empty where columns differ."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    # Columns from here on hold prices.
    first_price: int
    unit: str = ""


@dataclass(frozen=True)
class PriceTable:
    figures: tuple[Figure, ...] = ()
    grid: Grid | None = None
    remarks: tuple[str, ...] = ()


def price_table(sheet: Sheet) -> PriceTable:
    """The table of a folded sheet."""
    lines = [line for line in sheet.lines if line.kind == "absolute"]
    remarks = tuple(remark(line) for line in sheet.lines if line.kind != "absolute" and not line.is_discount)
    if is_by_rules(sheet):
        return PriceTable(grid=_rules(lines, sheet.currency), remarks=remarks)
    conditional = {column(line) for line in lines if when(line)}
    figures = _figures([line for line in lines if column(line) not in conditional], sheet.currency)
    tiers = [line for line in lines if column(line) in conditional]
    return PriceTable(figures, _tiers(tiers, sheet.currency) if tiers else None, remarks)


def standard_figures(sheet: Sheet) -> tuple[Figure, ...]:
    """What a sheet charges where no condition holds, a figure a meter."""
    return _figures([line for line in sheet.lines if line.kind == "absolute" and not when(line)], sheet.currency)


def conditional_figures(sheet: Sheet) -> dict[str, tuple[Figure, ...]]:
    """Conditions in words -> what a sheet charges where they hold."""
    cases: dict[str, list[Line]] = {}
    for line in sheet.lines:
        if line.kind == "absolute" and when(line):
            cases.setdefault(heading(when(line)), []).append(line)
    return {case: _figures(lines, sheet.currency) for case, lines in cases.items()}


def column(line: Line) -> str:
    """What a line prices, for people; how long a cache is kept is a part of that."""
    kept = [formatting.fact(each["value"]) for each in line.conditions if _is_lifetime(each)]
    return " ".join([formatting.meter(line.meter), *kept])


def when(line: Line) -> str:
    """The conditions of a line for people, but for what `column` says already."""
    return formatting.all_conditions(each for each in line.conditions if not _is_lifetime(each))


def _is_lifetime(condition: Mapping[str, Any]) -> bool:
    return bool(condition["dim"] == "cache_ttl" and condition["op"] == "eq")


def _figures(lines: Sequence[Line], currency: str) -> tuple[Figure, ...]:
    return tuple(
        Figure(column(line), formatting.price(line, currency), formatting.per(line))
        for line in sorted(_last_of_each(lines), key=_usual_place)
    )


def _usual_place(line: Line) -> int:
    """Input and output first, as people look for them."""
    return PLACES.get(line.meter, len(PLACES))


def _last_of_each(lines: Sequence[Line]) -> Sequence[Line]:
    """Of two lines for the same thing the last one counts."""
    return list({(column(line), line.unit): line for line in lines}.values())


def is_by_rules(sheet: Sheet) -> bool:
    """Whether a sheet lists a case a line, none of which stands for the others."""
    if rule_table(sheet):
        return True
    lines = [line for line in sheet.lines if line.kind == "absolute"]
    return len(lines) > 1 and len({(line.meter, line.unit) for line in lines}) == 1 and all(map(when, lines))


def _rules(lines: Sequence[Line], currency: str) -> Grid:
    """A row a rule, a column a dimension."""
    dims = list(dict.fromkeys(each["dim"] for line in lines for each in line.conditions))
    rows = []
    for line in lines:
        cells = {each["dim"]: _cell(each) for each in line.conditions}
        rows.append((*(cells.get(dim, "") for dim in dims), formatting.price(line, currency)))
    units = {formatting.per(line) for line in lines}
    heads = (*(heading(formatting.named(dim)) for dim in dims), _("Price"))
    return Grid(heads, tuple(rows), len(dims), units.pop() if len(units) == 1 else "")


def _cell(condition: Mapping[str, Any]) -> str:
    return formatting.fact(condition["value"]) if condition["op"] in ("eq", "in") else formatting.condition(condition)


def _tiers(lines: Sequence[Line], currency: str) -> Grid:
    """A row a set of conditions, a column a meter; an empty cell is priced as without the conditions."""
    columns = list(dict.fromkeys((column(line), line.unit) for line in lines))
    cases: dict[str, dict[tuple[str, str], str]] = {"": {}}
    for line in lines:
        cases.setdefault(when(line), {})[column(line), line.unit] = formatting.price(line, currency)
    units = {formatting.per(line) for line in lines}
    unit = units.pop() if len(units) == 1 else ""
    per = {(column(line), line.unit): formatting.per(line) for line in lines}
    heads = tuple(name if unit else f"{name} ({per[name, of]})" for name, of in columns)
    rows = tuple(
        (heading(case) or _("Standard"), *(cells.get(each, "") for each in columns))
        for case, cells in cases.items()
        if cells
    )
    return Grid((_("When"), *heads), rows, 1, unit)


def heading(text: str) -> str:
    """The text as it begins a line."""
    return text[:1].upper() + text[1:]


def remark(line: Line) -> str:
    """A line that is no price, in a sentence."""
    amount = formatting.count(line.amount) if line.amount is not None else ""
    unit = formatting.unit(line.unit, 2)
    match line.kind:
        case "multiplier":
            said = _("%(what)s times %(factor)s") % {"what": formatting.meter(line.meter), "factor": amount}
        case "allowance":
            said = _("%(what)s: %(number)s %(units)s free") % {
                "what": formatting.meter(line.meter), "number": amount, "units": unit,
            }  # fmt: skip
            period = line.facts.get("period", "request")
            said += " " + _("per %(unit)s") % {"unit": formatting.unit(period) if period == "request" else period}
        case "minimum":
            said = _("%(what)s: at least %(number)s %(units)s are charged") % {
                "what": formatting.meter(line.meter), "number": amount, "units": unit,
            }  # fmt: skip
        case "included":
            said = _("%(what)s: included in a plan") % {"what": formatting.meter(line.meter)}
        case _:
            said = _("%(what)s: depends on the request") % {"what": formatting.meter(line.meter)}
    case_ = formatting.all_conditions(line.conditions)
    return f"{said}, {case_}" if case_ else said


def figures_of(sheet: Sheet) -> dict[str, str]:
    """Every price of a sheet under what it is for, to compare two sheets by."""
    lines = [line for line in sheet.lines if line.kind == "absolute"]
    return {label(line): f"{formatting.price(line, sheet.currency)}{_unless_usual(line)}" for line in lines}


def label(line: Line) -> str:
    """What a line prices and when, e.g. Input, prompt above 200,000 tokens."""
    return ", ".join(filter(None, [column(line), when(line)]))


def _unless_usual(line: Line) -> str:
    """What a figure is for, where that is not a million tokens."""
    return "" if line.unit == "token" else f" {formatting.per(line)}"
