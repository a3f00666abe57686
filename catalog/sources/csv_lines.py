"""Prices by hand, as CSV: a line a price, or a line a model with its prices per million tokens.

The long form has the header model,vendor,provider,meter,amount,per,unit,currency,condition,valid_from,valid_to, of
which model, meter and amount must be there; the short one model,input,output,cache_read,cache_write in US dollars. An
amount is a plain number, `x0.9` for a multiplier, `dynamic`, `included`, or nothing for a model without a price.
Decimal commas count where the first line is `#decimal: comma`.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from decimal import Decimal

from catalog.exact import InexactError, plain, read_number
from catalog.prices import MILLION, Line, Sheet
from catalog.sources.conditions import read_conditions
from catalog.sources.records import Document, Record
from catalog.sources.rows import MOST_FIGURES, SourceError, refuse_more

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
# A cell that begins like this could be run by a spreadsheet; the full-width forms too.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001

LONGEST_LINE = 100_000
BOM = b"\xef\xbb\xbf"

CsvRow = Mapping[str, str]


def safe_cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula; `plain_cell` gives the text back."""
    return f"'{text}" if text.startswith((*FORMULA_STARTS, "'")) else text


def plain_cell(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*FORMULA_STARTS, "'")) else cell


def read(content: bytes) -> Document:
    """The models of the file, each with its price; SourceError names the line that cannot be read."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"The document is not UTF-8 text (byte {error.start}).") from None
    if "\x00" in text:
        raise SourceError("The document holds a NUL character, which no CSV has.")
    refuse_more(text.count("\n") + text.count("\r") - text.count("\r\n"), MOST_FIGURES, of="lines")
    first = content.removeprefix(BOM).partition(b"\n")[0]
    has_commas = first.strip().lower() == COMMA_DECLARED
    lines = list(_lines(content, skip=1 if has_commas else 0))
    if not lines:
        raise SourceError("The document has no line below its header.")
    return _document(lines, has_commas=has_commas)


def _short_lines(content: bytes, *, skip: int) -> Iterator[str]:
    """The lines without the first ones, as csv wants them; a long one would be millions of cells."""
    file = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="")
    for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE + 1), ""), start=1):
        if len(line) > LONGEST_LINE:
            raise SourceError(f"Line {number} is longer than {LONGEST_LINE} characters.")
        if number > skip:
            yield line


def _lines(content: bytes, *, skip: int) -> Iterator[tuple[int, CsvRow]]:
    """Each line below the header, by the names in the header."""
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
        raise SourceError(f"Line {rows.line_num + skip} is no CSV: {error}.") from None


def _check_header(names: list[str]) -> None:
    if len(set(names)) != len(names):
        raise SourceError("The header names a column twice.")
    is_long = {"model", "meter", "amount"} <= set(names)
    unknown = [name for name in names if name not in (LONG if is_long else ("model", "vendor", *SHORT))]
    if "model" not in names or unknown or not (is_long or set(names) & set(SHORT)):
        told = f"; it does not know {', '.join(unknown)[:80]}" if unknown else ""
        raise SourceError(f"The header is neither {','.join(LONG)} nor model,{','.join(SHORT)}{told}.")


def _document(lines: list[tuple[int, CsvRow]], *, has_commas: bool) -> Document:
    figures: dict[str, list[Line]] = {}
    vendors: dict[str, str] = {}
    currencies: dict[str, str] = {}
    findings: list[str] = []
    for number, line in lines:
        name = line.get("model", "")
        if not name:
            raise SourceError(f"Line {number} names no model.")
        found = figures.setdefault(name, [])
        if vendor := line.get("vendor"):
            vendors.setdefault(name, vendor)
        if line.get("valid_from") or line.get("valid_to"):
            findings.append(
                f"line {number} is valid for a time only and was left out: announce it as a sheet of its own"
            )
            continue
        try:
            added = list(_figures(line, has_commas=has_commas))
        except (InexactError, SourceError) as error:
            raise SourceError(f"Line {number}: {error}") from None
        currency = line.get("currency") or "USD"
        if added and currencies.setdefault(name, currency) != currency:
            raise SourceError(f"Line {number}: {name[:80]} has prices in two currencies.")
        found += added
    return Document(
        records=tuple(
            Record(name, vendor=vendors.get(name), prices=_prices(found, currencies.get(name)))
            for name, found in figures.items()
        ),
        findings=tuple(findings),
    )


def _prices(figures: list[Line], currency: str | None) -> Sheet | None:
    return Sheet(currency or "USD", tuple(figures), states_facts=False) if figures else None


def _figures(line: CsvRow, *, has_commas: bool) -> Iterator[Line]:
    if "meter" not in line:
        for column, meter in SHORT.items():
            if text := line.get(column):
                yield Line(meter, _amount(text, has_commas), MILLION, "token")
        return
    text, meter = line.get("amount", ""), line.get("meter", "")
    conditions = read_conditions(line.get("condition", ""))
    if text in ("dynamic", "included"):
        yield Line(meter, None, _per(line), line.get("unit", ""), kind=text, conditions=conditions)
    elif text.startswith("x"):
        factor = _amount(text[1:], has_commas)
        yield Line(meter, factor, _per(line), line.get("unit", ""), kind="multiplier", conditions=conditions)
    elif text:
        # What goes in and comes out is tokens unless it is told; searches, checks and the like have no such unit.
        unit = line.get("unit") or ("token" if meter.startswith(("input", "output")) else "")
        yield Line(meter, _amount(text, has_commas), _per(line), unit, conditions=conditions)


def _per(line: CsvRow) -> int:
    text = line.get("per") or "1"
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and int(text)):
        raise SourceError(f"{text[:40]!r} is no number of units.")
    return int(text)


def _amount(text: str, has_commas: bool) -> Decimal:
    if has_commas:
        if "." in text:
            raise SourceError(f"{text[:40]!r} has a point, and decimal commas were declared.")
        text = text.replace(",", ".")
    try:
        amount = plain(read_number(text))
    except InexactError:
        raise SourceError(
            f"{text[:40]!r} is no plain number: no currency signs, no thousands separators, a point for decimals."
        ) from None
    if amount < 0:
        raise SourceError(f"{text[:40]!r} is negative.")
    return amount
