"""Manual prices as CSV: one line per price, or one line per model with its prices per million tokens.

The long form has the header model,vendor,provider,meter,amount,per,unit,currency,condition,valid_from,valid_to; model,
meter and amount are required. The short form has model,input,output,cache_read,cache_write in US dollars. An amount is
a plain number, `x0.9` for a multiplier, `dynamic`, `included`, or empty for a model without a price. Decimal commas
are read if the first line is `#decimal: comma`.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from decimal import Decimal

from catalog.exact import InexactError, plain, read_number
from catalog.prices import MILLION, Line, Sheet
from catalog.sources.conditions import read_conditions
from catalog.sources.records import Document, Record
from catalog.sources.rows import MOST_PRICES, SourceError, refuse_more

COMMA_DECLARED = b"#decimal: comma"
LONG = (
    "model",
    "vendor",
    "provider",
    "meter",
    "amount",
    "per",
    "unit",
    "currency",
    "condition",
    "valid_from",
    "valid_to",
)
SHORT = {
    "input": "input",
    "output": "output",
    "cache_read": "input.cache_read",
    "cache_write": "input.cache_write",
}
# Spreadsheets run cells that start with one of these as formulas, also in the full-width forms.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001

LONGEST_LINE = 100_000
BOM = b"\xef\xbb\xbf"

CsvRow = Mapping[str, str]


def safe_cell(text: str) -> str:
    """The text as a cell that no spreadsheet runs as a formula; `plain_cell` is the inverse."""
    return f"'{text}" if text.startswith((*FORMULA_STARTS, "'")) else text


def plain_cell(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*FORMULA_STARTS, "'")) else cell


def read(content: bytes) -> Document:
    """The models in the file, each with its price; SourceError names the first invalid line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"The document is not UTF-8 text (byte {error.start}).") from None
    if "\x00" in text:
        raise SourceError("The document contains a NUL character, which is not valid in CSV.")
    refuse_more(text.count("\n") + text.count("\r") - text.count("\r\n"), MOST_PRICES, of="lines")
    first = content.removeprefix(BOM).partition(b"\n")[0]
    has_commas = first.strip().lower() == COMMA_DECLARED
    lines = list(_lines(content, skip=1 if has_commas else 0))
    if not lines:
        raise SourceError("The document has no line after its header.")
    return _document(lines, has_commas=has_commas)


def _short_lines(content: bytes, *, skip: int) -> Iterator[str]:
    """The lines after the first `skip` ones; SourceError for a long one, which could hold millions of cells."""
    file = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="")
    for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE + 1), ""), start=1):
        if len(line) > LONGEST_LINE:
            raise SourceError(f"Line {number} is longer than {LONGEST_LINE} characters.")
        if number > skip:
            yield line


def _lines(content: bytes, *, skip: int) -> Iterator[tuple[int, CsvRow]]:
    """Each line after the header: its number, and its cells by the names in the header."""
    header = next(_short_lines(content, skip=skip), "")
    delimiter = max(",;\t", key=header.count)
    rows = csv.reader(_short_lines(content, skip=skip), delimiter=delimiter, strict=True)
    try:
        names = [name.strip().casefold() for name in next(rows, [])]
        _check_header(names)
        for cells in rows:
            if any(cell.strip() for cell in cells):
                if len(cells) > len(names):
                    raise SourceError(f"Line {rows.line_num + skip} has more cells than the header.")
                values = (plain_cell(cell).strip() for cell in cells)
                yield rows.line_num + skip, dict(zip(names, values, strict=False))
    except csv.Error as error:
        raise SourceError(f"Line {rows.line_num + skip} is not valid CSV: {error}.") from None


def _check_header(names: list[str]) -> None:
    if len(set(names)) != len(names):
        raise SourceError("The header has a duplicate column.")
    is_long = {"model", "meter", "amount"} <= set(names)
    unknown = [name for name in names if name not in (LONG if is_long else ("model", "vendor", *SHORT))]
    if "model" not in names or unknown or not (is_long or set(names) & set(SHORT)):
        extra = f"; unknown columns: {', '.join(unknown)[:80]}" if unknown else ""
        raise SourceError(f"The header is neither {','.join(LONG)} nor model,{','.join(SHORT)}{extra}.")


def _document(rows: list[tuple[int, CsvRow]], *, has_commas: bool) -> Document:
    lines: dict[str, list[Line]] = {}
    vendors: dict[str, str] = {}
    currencies: dict[str, str] = {}
    findings: list[str] = []
    for number, row in rows:
        name = row.get("model", "")
        if not name:
            raise SourceError(f"Line {number} has no model.")
        lines.setdefault(name, [])
        if vendor := row.get("vendor"):
            vendors.setdefault(name, vendor)
        if row.get("valid_from") or row.get("valid_to"):
            findings.append(f"line {number} has dates and was left out: enter a scheduled price as its own price sheet")
            continue
        try:
            added = list(_price_lines(row, has_commas=has_commas))
        except (InexactError, SourceError) as error:
            raise SourceError(f"Line {number}: {error}") from None
        currency = row.get("currency") or "USD"
        if added and currencies.setdefault(name, currency) != currency:
            raise SourceError(f"Line {number}: {name[:80]} has prices in two currencies: use one.")
        lines[name] += added
    return Document(
        records=tuple(
            Record(name, vendor=vendors.get(name), prices=_sheet(added, currencies.get(name)))
            for name, added in lines.items()
        ),
        findings=tuple(findings),
    )


def _sheet(lines: list[Line], currency: str | None) -> Sheet | None:
    return Sheet(currency or "USD", tuple(lines), states_facts=False) if lines else None


def _price_lines(row: CsvRow, *, has_commas: bool) -> Iterator[Line]:
    if "meter" not in row:
        for column, meter in SHORT.items():
            if text := row.get(column):
                yield Line(meter, _amount(text, has_commas), MILLION, "token")
        return
    text, meter = row.get("amount", ""), row.get("meter", "")
    conditions = read_conditions(row.get("condition", ""))
    if text in ("dynamic", "included"):
        yield Line(meter, None, _per(row), row.get("unit", ""), kind=text, conditions=conditions)
    elif text.startswith("x"):
        factor = _amount(text[1:], has_commas)
        yield Line(meter, factor, _per(row), row.get("unit", ""), kind="multiplier", conditions=conditions)
    elif text:
        # Input and output are counted in tokens by default; searches, checks and others have no default unit.
        unit = row.get("unit") or ("token" if meter.startswith(("input", "output")) else "")
        yield Line(meter, _amount(text, has_commas), _per(row), unit, conditions=conditions)


def _per(row: CsvRow) -> int:
    text = row.get("per") or "1"
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and int(text)):
        raise SourceError(f"{text[:40]!r} is not a valid number of units: write a whole number above 0.")
    return int(text)


def _amount(text: str, has_commas: bool) -> Decimal:
    if has_commas:
        if "." in text:
            raise SourceError(f"{text[:40]!r} has a decimal point, but the file declares decimal commas.")
        text = text.replace(",", ".")
    try:
        amount = plain(read_number(text))
    except InexactError:
        raise SourceError(
            f"{text[:40]!r} is not a plain number: write no currency sign, no thousands separator, and a decimal point."
        ) from None
    if amount < 0:
        raise SourceError(f"{text[:40]!r} is negative: use an amount of 0 or more.")
    return amount
