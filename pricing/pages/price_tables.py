"""The prices of one model as tables: without conditions, under conditions, and by rules.

Imports no models.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from catalog.prices import Line, Sheet
from pricing.engine.equality import is_graduated
from pricing.engine.formatting import amounts
from pricing.engine.formatting.conditions import condition
from pricing.engine.formatting.labels import capitalized, value, with_detail, word
from pricing.engine.formatting.lines import priced_thing, remark, usual_place, when
from pricing.engine.headline import rule_table


@dataclass(frozen=True)
class Figure:
    """A price: its name, the amount, its unit, and both together as a list shows them."""

    label: str
    price: str
    per: str
    brief: str
    line: Line


@dataclass(frozen=True)
class Grid:
    """A table with a row for each case; `unit` is what all its prices are paid for, empty if columns differ."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    # The first column with prices.
    first_price: int
    unit: str = ""

    @property
    def has_one_price(self) -> bool:
        """Whether only the last column has prices, so that it has to stay in sight."""
        return self.first_price == len(self.heads) - 1


@dataclass(frozen=True)
class PriceTable:
    figures: tuple[Figure, ...] = ()
    grid: Grid | None = None
    remarks: tuple[str, ...] = ()


def price_table(sheet: Sheet) -> PriceTable:
    """The table of a folded sheet."""
    lines = [line for line in sheet.lines if line.kind == "absolute"]
    remarks = tuple(remark(line) for line in sheet.lines if line.kind != "absolute" and not line.is_discount)
    if is_graduated(sheet):
        remarks += (_("Each part of a prompt is charged at the price of its own tier."),)
    if is_by_rules(sheet):
        return PriceTable(grid=_rules(lines, sheet.currency), remarks=remarks)
    conditional = {priced_thing(line) for line in lines if when(line)}
    figures = _figures([line for line in lines if priced_thing(line) not in conditional], sheet.currency)
    tiers = [line for line in lines if priced_thing(line) in conditional]
    return PriceTable(figures, _tiers(tiers, sheet.currency) if tiers else None, remarks)


def standard_figures(sheet: Sheet) -> tuple[Figure, ...]:
    """The prices without conditions, one for each meter."""
    return _figures([line for line in sheet.lines if line.kind == "absolute" and not when(line)], sheet.currency)


def conditional_figures(sheet: Sheet) -> dict[str, tuple[Figure, ...]]:
    """Conditions in words -> the prices under them."""
    cases: dict[str, list[Line]] = {}
    for line in sheet.lines:
        if line.kind == "absolute" and when(line):
            cases.setdefault(capitalized(when(line)), []).append(line)
    return {case: _figures(lines, sheet.currency) for case, lines in cases.items()}


def _figures(lines: Sequence[Line], currency: str) -> tuple[Figure, ...]:
    return tuple(_figure(line, currency) for line in sorted(_last_of_each(lines), key=usual_place))


def _figure(line: Line, currency: str) -> Figure:
    price = amounts.short_price(line, currency)
    return Figure(priced_thing(line), price, amounts.per(line), brief_price(line, currency), line)


def brief_price(line: Line, currency: str) -> str:
    """A price, with its unit unless that is a million tokens."""
    return amounts.short_price(line, currency) if line.unit == "token" else amounts.short_price_per(line, currency)


def _last_of_each(lines: Sequence[Line]) -> Sequence[Line]:
    """The lines without those that a later line for the same thing replaces."""
    return list({(priced_thing(line), line.unit): line for line in lines}.values())


def is_by_rules(sheet: Sheet) -> bool:
    """Whether each line of a sheet is the price of one case, and no line is a general price."""
    if rule_table(sheet):
        return True
    lines = [line for line in sheet.lines if line.kind == "absolute"]
    return len(lines) > 1 and len({(line.meter, line.unit) for line in lines}) == 1 and all(map(when, lines))


def _rules(lines: Sequence[Line], currency: str) -> Grid:
    """A row for each rule, a column for each dimension."""
    dims = list(dict.fromkeys(condition["dim"] for line in lines for condition in line.conditions))
    rows = []
    for line in lines:
        cells = {condition["dim"]: _cell(condition) for condition in line.conditions}
        rows.append((*(cells.get(dim, "") for dim in dims), amounts.short_price(line, currency)))
    units = {amounts.per(line) for line in lines}
    heads = (*(capitalized(word(dim)) for dim in dims), _("Price"))
    return Grid(heads, tuple(rows), len(dims), units.pop() if len(units) == 1 else "")


def _cell(content: Mapping[str, Any]) -> str:
    return value(content["value"]) if content["op"] in ("eq", "in") else condition(content)


def _tiers(lines: Sequence[Line], currency: str) -> Grid:
    """A row for each set of conditions, a column for each meter; the standard price applies to an empty cell.

    The unit of most columns is that of the table; a column with another one names it.
    """
    columns = {(priced_thing(line), line.unit): amounts.per(line) for line in sorted(lines, key=usual_place)}
    cases: dict[str, dict[tuple[str, str], str]] = {"": {}}
    for line in lines:
        cases.setdefault(when(line), {})[priced_thing(line), line.unit] = amounts.short_price(line, currency)
    unit = Counter(columns.values()).most_common(1)[0][0]
    heads = tuple(name if per == unit else with_detail(name, per) for (name, _of), per in columns.items())
    rows = tuple(
        (capitalized(case) or _("Standard"), *(cells.get(column, "") for column in columns))
        for case, cells in cases.items()
        if cells
    )
    return Grid((_("Conditions"), *heads), rows, 1, unit)
