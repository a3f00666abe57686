"""Price lines as CSV, safe to open in a spreadsheet; `import_catalog csv` imports them again."""

from collections.abc import Iterable, Iterator

from catalog.exact import digits
from catalog.prices import Line
from catalog.sources.conditions import write_conditions
from catalog.sources.csv_lines import LONG, safe_cell
from pricing.export.offers import PricedModel


def render(models: Iterable[PricedModel]) -> bytes:
    rows = [list(LONG), *(row for model in models for row in _rows(model))]
    return "".join(",".join(map(_cell, row)) + "\r\n" for row in rows).encode()


def _rows(model: PricedModel) -> Iterator[list[str]]:
    if model.sheet is None or not model.sheet.lines:
        # A model without a price is listed, too.
        yield _row(model)
        return
    for line in model.sheet.lines:
        yield _row(
            model,
            meter=line.meter,
            amount=_amount(line),
            per=str(line.per),
            unit=line.unit,
            currency=model.sheet.currency,
            condition=write_conditions(line.conditions),
        )


def _row(model: PricedModel, **cells: str) -> list[str]:
    values = {"model": model.name, "vendor": model.vendor_name, **cells}
    return [values.get(name, "") for name in LONG]


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
