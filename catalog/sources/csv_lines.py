"""Manual prices as CSV: one line per price, or one line per model with its prices per million tokens.

The long form has the columns of LONG; model, meter and amount are required. The short form has
model,input,output,cache_read,cache_write and may have vendor, currency and dates. An amount is a plain number, `x0.9`
for a multiplier, `dynamic`, `included`, or empty for a model without a price; `kind` marks a number that is not a
price: minimum or allowance. Decimal commas are read if the first line is `#decimal: comma`. Lines with valid_from
(inclusive) and valid_to (exclusive) make up past, current and scheduled prices: see catalog/sources/dated_lines.py.
"""

import csv
import difflib
import io
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from catalog.exact import InexactError, plain, read_number
from catalog.prices import KINDS, MILLION, WITHOUT_AMOUNT, Line
from catalog.sources.conditions import read_conditions
from catalog.sources.dated_lines import DatedLine, read_moment, schedule
from catalog.sources.limits import MOST_COMPARISONS, MOST_PRICES
from catalog.sources.records import Document, Record
from catalog.sources.rows import SourceError, refuse_more

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
    "kind",
    "period",
    "tier_mode",
)
SHORT = {
    "input": "input",
    "output": "output",
    "cache_read": "input.cache_read",
    "cache_write": "input.cache_write",
}
SHORT_ALSO = ("model", "vendor", "currency", "valid_from", "valid_to")
# Each part of a prompt costs the price of its own tier; otherwise the whole prompt costs that of the highest one.
GRADUATED = "graduated"
# Without a unit of their own these numbers could mean anything.
WITH_UNIT = ("minimum", "allowance")
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


def _check_header(names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        raise SourceError("The header has a duplicate column.")
    known = _known_columns(names)
    unknown = [name for name in names if name not in known]
    if "model" not in names or not (known is LONG or set(names) & set(SHORT)):
        extra = f"; unknown columns: {', '.join(unknown)[:80]}" if unknown else ""
        raise SourceError(f"The header is neither {','.join(LONG)} nor model,{','.join(SHORT)}{extra}.")
    for name in unknown:
        # A price without its date, currency or condition would be a wrong price.
        if name in LONG:
            raise SourceError(f"The column {name} needs one line per price: {','.join(LONG)}.")
        if meant := difflib.get_close_matches(name, known, n=1, cutoff=0.75):
            raise SourceError(
                f"The header has the unknown column {name[:40]!r}: rename it to {meant[0]}, or remove it."
            )


def _known_columns(names: Sequence[str]) -> tuple[str, ...]:
    """The columns of the form that has these ones."""
    return LONG if {"model", "meter", "amount"} <= set(names) else (*SHORT_ALSO, *SHORT)


def _document(rows: Sequence[tuple[int, CsvRow]], *, has_commas: bool) -> Document:
    lines: dict[str, list[DatedLine]] = {}
    vendors: dict[str, str] = {}
    currencies: dict[str, str] = {}
    for number, row in rows:
        name = row.get("model", "")
        if not name:
            raise SourceError(f"Line {number} has no model.")
        lines.setdefault(name, [])
        if vendor := row.get("vendor"):
            vendors.setdefault(name, vendor)
        try:
            added = list(_dated_lines(row, number, has_commas=has_commas))
        except (InexactError, SourceError) as error:
            raise SourceError(f"Line {number}: {error}") from None
        currency = row.get("currency") or "USD"
        if added and currencies.setdefault(name, currency) != currency:
            raise SourceError(f"Line {number}: {name[:80]} has prices in two currencies: use one.")
        lines[name] += added
    # Every line is compared at every date of its model.
    refuse_more(
        sum(map(_number_of_comparisons, lines.values())), MOST_COMPARISONS, of="combinations of lines and dates"
    )
    records = tuple(
        Record(name, vendor=vendors.get(name), **_prices(added, currencies.get(name, "USD")))
        for name, added in lines.items()
    )
    return Document(records=records, findings=tuple(_unused_columns(rows)))


def _number_of_comparisons(lines: Sequence[DatedLine]) -> int:
    return len(lines) * len({moment for line in lines for moment in line.span})


def _prices(lines: Sequence[DatedLine], currency: str) -> dict[str, Any]:
    """The fields of a record: its price, or its schedule if a line has dates."""
    sheets = schedule(lines, currency)
    if any(line.starts_at or line.ends_at for line in lines):
        return {"schedule": sheets}
    return {"prices": sheets[0] if sheets else None}


def _unused_columns(rows: Sequence[tuple[int, CsvRow]]) -> Iterator[str]:
    names = list(rows[0][1])
    known = [name for name in _known_columns(names) if name != "provider"]
    for name in names:
        if name not in known and any(row.get(name) for _, row in rows):
            yield f"the column {name[:64] or '(without a name)'} has no meaning here and was left out"


def _dated_lines(row: CsvRow, number: int, *, has_commas: bool) -> Iterator[DatedLine]:
    start, end = (read_moment(row.get(name, "")) for name in ("valid_from", "valid_to"))
    if start and end and start >= end:
        raise SourceError(f"valid_to ({row['valid_to'][:40]}) must be after valid_from ({row['valid_from'][:40]}).")
    tier_mode = row.get("tier_mode", "").casefold()
    if tier_mode not in ("", GRADUATED):
        raise SourceError(f"{tier_mode[:40]!r} is not a valid tier_mode: write {GRADUATED}, or leave it empty.")
    facts = (("tier_mode", tier_mode),) if tier_mode else ()
    for line in _price_lines(row, has_commas=has_commas):
        yield DatedLine(line, start, end, number, facts)


def _price_lines(row: CsvRow, *, has_commas: bool) -> Iterator[Line]:
    if "meter" not in row:
        for column, meter in SHORT.items():
            if text := row.get(column):
                yield Line(meter, _amount(text, has_commas), MILLION, "token")
        return
    kind, text = _kind(row)
    if kind in WITHOUT_AMOUNT:
        amount = None
    elif text:
        amount = _amount(text, has_commas)
    else:
        return
    meter, unit = row.get("meter", ""), row.get("unit", "")
    if not unit and kind in WITH_UNIT:
        raise SourceError(f"The kind {kind} needs a unit, such as token or second.")
    if kind == "absolute":
        # Input and output are counted in tokens by default; searches, checks and others have no default unit.
        unit = unit or ("token" if meter.startswith(("input", "output")) else "")
    facts = {"period": row["period"]} if row.get("period") else {}
    conditions = read_conditions(row.get("condition", ""))
    yield Line(meter, amount, _per(row), unit, kind=kind, conditions=conditions, facts=facts)


def _kind(row: CsvRow) -> tuple[str, str]:
    """The kind of the line, and its amount as text, empty if it has none; they must not contradict each other."""
    text, stated = row.get("amount", ""), row.get("kind", "").casefold()
    if stated and stated not in KINDS:
        raise SourceError(f"{stated[:40]!r} is not a valid kind: use one of {', '.join(KINDS)}.")
    if text in WITHOUT_AMOUNT:
        kind, text = text, ""
    elif text.startswith("x"):
        kind, text = "multiplier", text[1:]
    else:
        kind = stated or "absolute"
    if stated not in ("", kind) or (text and kind in WITHOUT_AMOUNT):
        raise SourceError(f"The amount {row['amount'][:40]!r} does not match the kind {stated}.")
    if stated and not text and kind not in WITHOUT_AMOUNT:
        raise SourceError(f"The kind {stated} needs an amount.")
    return kind, text


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
