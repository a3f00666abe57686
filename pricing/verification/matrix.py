"""The comparison: every first-party list price of a published model, figure by figure, with each book."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from catalog.caches import process_cache
from catalog.db.changes import Version
from catalog.exact import of_one
from catalog.models import AIModel
from catalog.prices import Line
from pricing.engine.formatting import amounts
from pricing.engine.formatting.lines import label, usual_place
from pricing.models import PriceSheet
from pricing.published.boundaries import last_price_boundary
from pricing.published.prices import sheets_in_force
from pricing.verification.books import Edition, aliases_of_models
from pricing.verification.figures import (
    FigureKey,
    Figures,
    amount_key,
    figures_of,
    is_charged_alike,
    same_figure,
)
from pricing.verification.quorum import Vote, is_vendors_own, outweighing_figure
from pricing.verification.statements import ModelNames

# The states of a row, the most important first. `outvoted`: a quorum disagrees with our figure. `older`: every book
# that states the figure is too old. `only_ours`: no book states it.
STATES = ("outvoted", "differs", "only_source", "older", "only_ours", "agrees")


@dataclass(frozen=True)
class Cell:
    """What one book says about a figure: `state` is agrees, differs or only_source."""

    edition: Edition
    line: Line
    state: str
    # Since when the book says that the figure applies, if it says so.
    starts_at: dt.datetime | None = None

    @property
    def reader(self) -> str:
        return self.edition.book.reader


@dataclass(frozen=True)
class Row:
    """One figure of a model: ours and that of each book. `quorum` is the line of a quorum that disagrees."""

    model: str
    model_key: int
    key: FigureKey
    ours: Line | None
    cells: Mapping[str, Cell]
    state: str
    quorum: Line | None = None
    # Whether the list price is in this currency; a sheet has only one.
    is_in_our_currency: bool = True

    @property
    def label(self) -> str:
        """What it prices, in words: Input, prompt above 200,000 tokens."""
        return f"{label(self.line)}, at other hours" if self.key.is_at_other_hours else label(self.line)

    @property
    def line(self) -> Line:
        """Our line, else that of the first book."""
        return self.ours or next(cell.line for cell in self.cells.values())

    @property
    def confirmations(self) -> int:
        """How many independent books state the same figure, without those that are too old to count."""
        agreeing = (cell.edition for cell in self.cells.values() if cell.state == "agrees")
        return len({edition.book.family for edition in agreeing if not edition.is_old})

    @property
    def stated_by(self) -> int:
        """How many independent books state the figure, with ours or another amount, without those that are too old."""
        stating = (cell.edition for cell in self.cells.values() if cell.state in ("agrees", "differs"))
        return len({edition.book.family for edition in stating if not edition.is_old})

    @property
    def differing(self) -> tuple[tuple[str, Line], ...]:
        """(name of the book, its line) of each book that states another amount, without those that are too old."""
        cells = (cell for cell in self.cells.values() if cell.state == "differs" and not cell.edition.is_old)
        return tuple((cell.edition.book.name, cell.line) for cell in cells)

    def can_adopt(self, cell: Cell) -> bool:
        """Whether the book's figure can replace ours, or be added to our price."""
        return cell.state != "agrees" and self.is_in_our_currency

    def text(self, line: Line) -> str:
        """A line with its amount, every digit."""
        return amounts.line_amount(line, self.key.currency)

    def change(self, cell: Cell) -> Decimal | None:
        """The book's figure compared with ours, in percent; None if ours is missing or 0."""
        if self.ours is None or not self.ours.amount:
            return None
        ours, theirs = amount_key(self.ours), amount_key(cell.line)
        return (of_one(theirs - ours, 1) / ours * 100).quantize(Decimal("0.1"))


@dataclass(frozen=True)
class Question:
    """All that a matrix depends on: equal questions have equal answers."""

    version: Version
    price_boundary: dt.datetime | None
    day: dt.date
    editions: tuple[Edition, ...]
    at: dt.datetime = field(compare=False)


@dataclass(frozen=True)
class Matrix:
    """All rows, by model, and how many models were compared."""

    editions: tuple[Edition, ...]
    rows: tuple[Row, ...]
    compared: int
    # Models whose list price is that of a host and not of the vendor.
    left_out: int

    @property
    def counts(self) -> dict[str, int]:
        """State -> its number of rows."""
        counts = dict.fromkeys(STATES, 0)
        for row in self.rows:
            counts[row.state] += 1
        return counts

    @property
    def is_outvoted(self) -> bool:
        return any(row.state == "outvoted" for row in self.rows)


def matrix(editions: tuple[Edition, ...], *, version: Version, at: dt.datetime) -> Matrix:
    """The comparison at a moment; cached until prices, models or documents change."""
    return _matrix(Question(version, last_price_boundary(version, at=at), at.date(), editions, at))


@process_cache(maxsize=2)
def _matrix(question: Question) -> Matrix:
    published = AIModel.objects.published().not_retired(on=question.day)
    models = list(published.order_by("name").values_list("pk", "name"))
    own = [(key, name) for key, name in models if is_vendors_own(name)]
    sheets = sheets_in_force([key for key, _ in models], roles=[PriceSheet.Role.LIST], at=question.at)
    aliases = aliases_of_models()
    rows = tuple(
        row
        for key, name in own
        if key in sheets
        for row in rows_of_model(
            name,
            key,
            figures_of(sheets[key][PriceSheet.Role.LIST]),
            ModelNames.of(name, aliases.get(name, ())),
            question.editions,
            at=question.at,
        )
    )
    compared = sum(key in sheets for key, _ in own)
    return Matrix(question.editions, rows, compared, len(sheets) - compared)


def rows_of_model(
    name: str, key: int, ours: Figures, names: ModelNames, editions: Sequence[Edition], *, at: dt.datetime
) -> list[Row]:
    """The rows of one model: its own figures first, then those that only books state."""
    stated: list[tuple[Edition, Figures, dt.datetime | None]] = []
    for edition in editions:
        statement = edition.statements.of_model(names)
        if statement is not None:
            stated.append((edition, *statement.at(at)))
    keys = dict.fromkeys([*ours, *(key for _, figures, _ in stated for key in figures)])
    rows = (_row(name, key, figure, ours, stated) for figure in keys)
    return sorted(
        filter(None, rows), key=lambda row: (row.ours is None, bool(row.key.conditions), usual_place(row.line))
    )


def _row(
    name: str,
    model_key: int,
    key: FigureKey,
    ours: Figures,
    stated: Iterable[tuple[Edition, Figures, dt.datetime | None]],
) -> Row | None:
    line = ours.get(key)
    cells = {cell.reader: cell for cell in _cells(key, ours, stated)}
    if line is None and not cells:
        return None
    fresh = [cell for cell in cells.values() if not cell.edition.is_old]
    state, quorum = _state(line, fresh)
    if cells and not fresh:
        state = "older"
    currencies = {figure.currency for figure in ours}
    return Row(name, model_key, key, line, cells, state, quorum, not currencies or key.currency in currencies)


def _cells(
    key: FigureKey, ours: Figures, stated: Iterable[tuple[Edition, Figures, dt.datetime | None]]
) -> Iterator[Cell]:
    our_line = ours.get(key)
    for edition, figures, starts_at in stated:
        line = figures.get(key)
        if line is None:
            continue
        if our_line is not None:
            yield Cell(edition, line, "agrees" if same_figure(our_line, line) else "differs", starts_at)
        elif not is_charged_alike(ours, key, line):
            yield Cell(edition, line, "only_source", starts_at)


def _state(ours: Line | None, cells: Sequence[Cell]) -> tuple[str, Line | None]:
    if ours is None:
        return "only_source", None
    outweighing = outweighing_figure(
        amount_key(ours), (Vote(cell.edition.book, amount_key(cell.line)) for cell in cells)
    )
    if outweighing is not None:
        return "outvoted", next(cell.line for cell in cells if amount_key(cell.line) == outweighing)
    states = {cell.state for cell in cells}
    return ("differs" if "differs" in states else "agrees" if states else "only_ours"), None
