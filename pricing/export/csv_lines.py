"""Price lines as CSV, safe to open in a spreadsheet; `import_catalog csv` imports them again.

The current prices come first; scheduled ones follow with their dates.
"""

from collections.abc import Iterable, Iterator

from catalog.exact import digits
from catalog.prices import Line, without_replaced
from catalog.sources.conditions import write_conditions
from catalog.sources.csv_lines import GRADUATED, LONG, safe_cell
from catalog.sources.dated_lines import write_moment
from pricing.export.document import Document
from pricing.export.offers import PricedModel, rendered_models
from pricing.published.rows import Reading


def render(reading: Reading) -> Document:
    rows = rendered_models("csv", reading, lambda model: _text(_rows(model)), with_timeline=True)
    return Document(_text([list(LONG)]), rows, separator=b"")


def _text(rows: Iterable[list[str]]) -> bytes:
    return "".join(",".join(map(_cell, row)) + "\r\n" for row in rows).encode()


def _rows(model: PricedModel) -> Iterator[list[str]]:
    if model.sheet is None or not model.sheet.lines:
        # A model without a price is listed, too.
        yield _row(model)
    for sheet in model.timeline:
        for line in without_replaced(sheet.lines):
            yield _row(
                model,
                meter=line.meter,
                amount=_amount(line),
                per=str(line.per),
                unit=line.unit,
                currency=sheet.currency,
                condition=write_conditions(line.conditions),
                valid_from=write_moment(sheet.starts_at),
                valid_to=write_moment(sheet.ends_at),
                kind="" if line.kind == "absolute" else line.kind,
                period=line.period if line.kind == "allowance" else "",
                tier_mode=GRADUATED if sheet.facts.get("tier_mode") == GRADUATED else "",
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
