"""The price lines as CSV, a line a figure, safe to open in a spreadsheet; `import_catalog csv` reads them back."""

from collections.abc import Iterable, Iterator

from catalog.exact import digits
from catalog.prices import Line
from catalog.sources.conditions import write_conditions
from catalog.sources.csv_lines import LONG, safe_cell
from pricing.export.offers import Item


def render(items: Iterable[Item]) -> bytes:
    rows = [list(LONG), *(row for item in items for row in _rows(item))]
    return "".join(",".join(map(_cell, row)) + "\r\n" for row in rows).encode()


def _rows(item: Item) -> Iterator[list[str]]:
    if item.sheet is None or not item.sheet.lines:
        # Listed all the same: a model without a price is not a model that is missing.
        yield _row(item)
        return
    for line in item.sheet.lines:
        yield _row(
            item,
            meter=line.meter,
            amount=_amount(line),
            per=str(line.per),
            unit=line.unit,
            currency=item.sheet.currency,
            condition=write_conditions(line.conditions),
        )


def _row(item: Item, **cells: str) -> list[str]:
    known = {"model": item.name, "vendor": item.vendor_name, **cells}
    return [known.get(name, "") for name in LONG]


def _amount(line: Line) -> str:
    if line.amount is None:
        return line.kind
    return f"x{digits(line.amount)}" if line.kind == "multiplier" else digits(line.amount)


def _cell(text: str) -> str:
    safe = safe_cell(text)
    # Semicolons too: some spreadsheets split at them.
    if any(sign in safe for sign in ',;"\t\r\n'):
        return '"' + safe.replace('"', '""') + '"'
    return safe
