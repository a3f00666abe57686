"""What a document of a public price book states for the vendors' own models, packed so that one model can be read.

The packed form is JSON: the key of all spellings of an id -> the rows with such an id. A page decodes the rows of its
model; those of a thousand others stay text. No database.
"""

import datetime as dt
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from catalog.exact import read_json, write_json
from catalog.imports.spellings import spelling_of
from catalog.prices import Line, Sheet
from catalog.sources.records import Record
from pricing.verification.figures import Figures, figures_of
from pricing.verification.quorum import is_vendors_own

# The facts of models that books are compared by. Every book has other capabilities, so they say nothing of each other.
COMPARED_FACTS = (
    "context_length", "max_input_tokens", "max_output_tokens", "input_modalities", "output_modalities", "released_on",
    "deprecated_on", "retires_on", "knowledge_cutoff", "open_weights",
)  # fmt: skip
DATES = frozenset(name for name in COMPARED_FACTS if name.endswith("_on"))


@dataclass(frozen=True)
class Statement:
    """What a book states for a model: figures with their dates, the last one that applies wins."""

    dated: tuple[tuple[dt.datetime | None, dt.datetime | None, Figures], ...]

    def at(self, moment: dt.datetime) -> tuple[Figures, dt.datetime | None]:
        """The figures at a moment, and since when the book says that they apply, if it says so."""
        for starts_at, ends_at, figures in reversed(self.dated):
            if (starts_at is None or starts_at <= moment) and (ends_at is None or moment < ends_at):
                return figures, starts_at
        return {}, None


@dataclass(frozen=True)
class ModelNames:
    """The ids by which a book may list a model: its own, its aliases that name no host, and other spellings of it."""

    ids: tuple[str, ...]
    spelling: str

    @classmethod
    def of(cls, name: str, aliases: Iterable[str] = ()) -> "ModelNames":
        return cls((name, *filter(is_vendors_own, aliases)), spelling_of(name))


@dataclass(frozen=True)
class Rows:
    """What a document states for the ids with one spelling; the last row of an id counts."""

    # Id -> what it states of each of COMPARED_FACTS; None where it says nothing.
    facts: Mapping[str, tuple[object, ...]]
    # Only ids with figures.
    prices: Mapping[str, Statement]

    @property
    def shortest(self) -> str:
        """The id with figures that stands for all spellings; empty if there is none."""
        return min(self.prices, key=lambda name: (len(name), name), default="")


class Statements:
    """The statements of one document. Rows are read when a model is asked for."""

    def __init__(self, packed: bytes = b"", *, problem: str = "") -> None:
        content = _decoder.decode(zlib.decompress(packed)) if packed else _Packed(problem)
        # Why the document cannot be read; then it states nothing.
        self.problem = content.problem
        self._packed = content.rows
        self._read: dict[str, Rows] = {}

    def facts_of(self, names: ModelNames) -> dict[str, object]:
        """Field -> what the book states of a model; unknown fields are left out."""
        known = next(filter(None, (self._rows_of(name).facts.get(name) for name in names.ids)), None)
        if known is None:
            rows = self._of_spelling(names.spelling)
            known = rows.facts.get(rows.shortest, ())
        return {name: fact for name, fact in zip(COMPARED_FACTS, known, strict=False) if fact is not None}

    def of_model(self, names: ModelNames) -> Statement | None:
        """The statement for a model: its row by exact id, by an alias, or by the same id in another spelling."""
        known = next(filter(None, (self._rows_of(name).prices.get(name) for name in names.ids)), None)
        if known is None:
            rows = self._of_spelling(names.spelling)
            known = rows.prices.get(rows.shortest)
        return known

    def _rows_of(self, name: str) -> Rows:
        return self._of_spelling(spelling_of(name))

    def _of_spelling(self, spelling: str) -> Rows:
        rows = self._read.get(spelling)
        if rows is None:
            packed = self._packed.get(spelling)
            if packed is None:
                return NO_ROWS
            rows = self._read[spelling] = _unpack_rows(read_json(bytes(packed)))
        return rows


class _Packed(msgspec.Struct):
    problem: str = ""
    rows: dict[str, msgspec.Raw] = {}


NO_ROWS = Rows({}, {})
_decoder = msgspec.json.Decoder(_Packed)


def pack(records: Iterable[Record]) -> bytes:
    """The statements of these records for the vendors' own models."""
    rows: dict[str, list[Any]] = {}
    for record in records:
        if record.provider or is_vendors_own(record.name):
            rows.setdefault(spelling_of(record.name), []).append(_pack_row(record))
    return zlib.compress(write_json({"rows": rows}))


def pack_problem(problem: str) -> bytes:
    """The statements of a document that cannot be read."""
    return zlib.compress(write_json({"problem": problem}))


def comparable_fact(value: object) -> object:
    """A fact in a form in which the order of a list does not matter; None for an unknown one."""
    if isinstance(value, list | tuple):
        return frozenset(value) or None
    return None if value in ("", 0) and not isinstance(value, bool) else value


def _pack_row(record: Record) -> list[Any]:
    # A fact that the reader inferred is not stated.
    facts = [None if name in record.inferred else getattr(record, name) for name in COMPARED_FACTS]
    sheets = record.schedule or ((record.prices,) if record.prices else ())
    return [record.name, facts, [_pack_sheet(sheet) for sheet in sheets]]


def _pack_sheet(sheet: Sheet) -> list[Any]:
    lines = [
        [line.meter, _text(line.amount), line.per, line.unit, line.kind, line.conditions, line.facts]
        for line in sheet.lines
    ]
    return [sheet.starts_at, sheet.ends_at, sheet.currency, lines]


def _text(amount: Decimal | None) -> str | None:
    """As text, an amount stays a Decimal with all its digits."""
    return None if amount is None else str(amount)


def _unpack_rows(rows: Iterable[Any]) -> Rows:
    facts, prices = {}, {}
    for name, stated, sheets in rows:
        facts[name] = tuple(map(_unpack_fact, COMPARED_FACTS, stated))
        if dated := tuple(_unpack_sheets(sheets)):
            prices[name] = Statement(dated)
    return Rows(facts, prices)


def _unpack_fact(name: str, value: Any) -> object:
    return dt.date.fromisoformat(value) if name in DATES and value else comparable_fact(value)


def _unpack_sheets(sheets: Iterable[Any]) -> Iterator[tuple[dt.datetime | None, dt.datetime | None, Figures]]:
    for starts_at, ends_at, currency, lines in sheets:
        if figures := figures_of(Sheet(currency, tuple(_unpack_line(*line) for line in lines))):
            yield _unpack_moment(starts_at), _unpack_moment(ends_at), figures


def _unpack_line(
    meter: str, amount: str | None, per: int, unit: str, kind: str, conditions: list[Any], facts: dict[str, Any]
) -> Line:
    return Line(meter, None if amount is None else Decimal(amount), per, unit, kind, tuple(conditions), facts)


def _unpack_moment(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)
