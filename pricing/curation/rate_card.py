"""A sheet as the rows of a price list that people edit; its other lines do not change. Imports no models."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from catalog.prices import MILLION, WITHOUT_AMOUNT, Line, Sheet, without_prices
from pricing.engine.formatting.amounts import per_units
from pricing.engine.formatting.labels import capitalized, meter
from pricing.engine.money import per_million

# What most models are priced by: the meter and its unit.
USUAL = (
    ("input", "token"),
    ("output", "token"),
    ("input.cache_read", "token"),
    ("input.cache_write", "token"),
    ("input.audio", "token"),
    ("output.audio", "token"),
    ("output.image", "image"),
    ("output.video", "second"),
    ("request", "request"),
    ("web_search", "query"),
)


@dataclass(frozen=True)
class Row:
    """The price of one meter in one unit without conditions; an amount of None means no price."""

    meter: str
    unit: str
    per: int
    amount: Decimal | None = None

    @property
    def key(self) -> str:
        return f"{self.meter}:{self.unit}"

    @property
    def title(self) -> str:
        return capitalized(meter(self.meter))

    @property
    def counted(self) -> str:
        """The units that the amount pays for, in words."""
        return per_units(self.unit, self.per)


def row_of(line: Line) -> Row:
    """A line as a row: tokens per million, other units as in the sheet."""
    if line.amount is None or line.unit != "token" or MILLION % line.per:
        return Row(line.meter, line.unit, line.per, line.amount)
    return Row(line.meter, line.unit, MILLION, per_million(line.amount, line.per))


def rows_of(sheet: Sheet | None) -> dict[str, Row]:
    """Key -> row: the usual rows first, then the sheet's other prices without conditions."""
    rows = {row.key: row for row in map(_empty, USUAL)}
    for line in sheet.lines if sheet else ():
        if line.is_plain:
            row = row_of(line)
            rows[row.key] = row
    return rows


def others(sheet: Sheet | None) -> list[Line]:
    """The lines of a sheet that are not rows: conditional prices, multipliers, free units, dynamic prices."""
    return [line for line in sheet.lines if not line.is_plain] if sheet else []


def with_amounts(
    sheet: Sheet | None, amounts: Mapping[str, Decimal | None], *, currency: str, keep_others: bool
) -> Sheet:
    """The sheet with these amounts, by row key, instead of its own.

    Lines with an unchanged amount do not change. New rows come first: the last line whose conditions hold applies, so
    existing tiers still apply.
    """
    old = rows_of(sheet)
    priced = {old[key].meter for key, amount in amounts.items() if amount is not None}
    lines: list[Line] = []
    seen = set()
    for line in reversed(sheet.lines if sheet else ()):
        if line.is_plain:
            row = row_of(line)
            if row.key not in seen:
                lines += _line(line, row, amounts.get(row.key))
            seen.add(row.key)
        elif keep_others and not _is_replaced(line, priced):
            lines.append(line)
    new = [
        Line(old[key].meter, amount, old[key].per, old[key].unit)
        for key, amount in amounts.items()
        if amount is not None and key not in seen
    ]
    facts = _facts(sheet, priced)
    is_unchanged = sheet is not None and not new and tuple(reversed(lines)) == tuple(sheet.lines)
    return Sheet(currency, (*new, *reversed(lines)), facts=facts if is_unchanged else without_prices(facts))


def _line(line: Line, row: Row, amount: Decimal | None) -> Iterable[Line]:
    if amount is None:
        return []
    return [line if amount == row.amount else line.at(amount, row.per)]


def _is_replaced(line: Line, priced: set[str]) -> bool:
    """Whether a line states that there is no amount, and now there is one."""
    if line.kind not in WITHOUT_AMOUNT or line.conditions:
        return False
    return line.meter in priced if line.meter else bool(priced)


def _facts(sheet: Sheet | None, priced: set[str]) -> Mapping[str, Any]:
    """The facts of the sheet, without an imported expression that would contradict prices set here."""
    facts = dict(sheet.facts) if sheet else {}
    if priced and "billing_expr" in facts:
        return {name: value for name, value in facts.items() if name not in ("billing_expr", "billing_mode")}
    return facts


def _empty(usual: tuple[str, str]) -> Row:
    name, unit = usual
    return Row(name, unit, MILLION if unit == "token" else 1)
