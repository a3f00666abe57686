"""Since when a book and our price list differ: from the stored documents of the book, and from our own sheets."""

import datetime as dt
from collections.abc import Iterable, Sequence

from catalog.prices import Sheet
from pricing.models import PriceSheet
from pricing.published.prices import lines_of
from pricing.verification.books import aliases_of_models, document_runs, statements_of
from pricing.verification.extracts import DOCUMENTS_READ
from pricing.verification.figures import figures_of, same_figure
from pricing.verification.matrix import Cell, Row
from pricing.verification.statements import ModelNames

# Model, figure and reader.
Place = tuple[str, str, str]


def since_of(rows: Sequence[Row]) -> dict[Place, dt.datetime]:
    """Since when each book has stated a figure that differs from ours or that we lack, and we have stated ours.

    A book with dates says it itself. For any other, it is the oldest document of an unbroken series with the same
    figure.
    """
    places = [(row, cell) for row in rows for cell in row.cells.values() if cell.state != "agrees"]
    theirs = _since_in_books(places)
    ours = _since_in_sheets([row for row in rows if row.ours is not None])
    return {
        (row.model, row.key.token, cell.reader): max(
            filter(None, (theirs[_place(row, cell)], ours.get((row.model, row.key.token)))),
        )
        for row, cell in places
    }


def _place(row: Row, cell: Cell) -> Place:
    return row.model, row.key.token, cell.reader


def _since_in_books(places: Iterable[tuple[Row, Cell]]) -> dict[Place, dt.datetime]:
    since: dict[Place, dt.datetime] = {}
    open_places: dict[str, list[tuple[Row, Cell]]] = {}
    for row, cell in places:
        since[_place(row, cell)] = cell.starts_at or cell.edition.fetched_at
        if cell.starts_at is None:
            open_places.setdefault(cell.reader, []).append((row, cell))
    aliases = aliases_of_models() if open_places else {}
    for cells in open_places.values():
        edition = cells[0][1].edition
        for snapshot, sha256, fetched_at in _earlier_documents(edition.source, edition.run, edition.snapshot):
            statements = statements_of(edition.book.reader, snapshot, sha256)
            unbroken = []
            for row, cell in cells:
                statement = statements.of_model(ModelNames.of(row.model, aliases.get(row.model, ())))
                figures = statement.at(fetched_at)[0] if statement else {}
                if same_figure(figures.get(row.key), cell.line):
                    since[_place(row, cell)] = fetched_at
                    unbroken.append((row, cell))
            cells = unbroken
            if not cells:
                break
    return since


def _earlier_documents(source: int, run: int, snapshot: int) -> list[tuple[int, str, dt.datetime]]:
    """The documents of a source before that of a run, the newest first, each once in a row."""
    runs = document_runs().filter(source=source, pk__lt=run)
    documents: list[tuple[int, str, dt.datetime]] = []
    last = snapshot
    for key, sha256, created_at in runs.order_by("-pk").values_list("snapshot", "snapshot__sha256", "created_at"):
        if key == last and documents:
            documents[-1] = (key, sha256, created_at)
        elif key != last:
            documents.append((key, sha256, created_at))
        last = key
        if len(documents) > DOCUMENTS_READ:
            break
    return documents[:DOCUMENTS_READ]


def _since_in_sheets(rows: Sequence[Row]) -> dict[tuple[str, str], dt.datetime]:
    """Model and figure -> since when our list sheets state the figure without a break."""
    models = {row.model_key for row in rows}
    sheets = PriceSheet.objects.filter(model__in=models, role=PriceSheet.Role.LIST).order_by("-starts_at", "-pk")
    values = list(sheets.values_list("pk", "model", "currency", "starts_at"))
    lines = lines_of([value[0] for value in values])
    since: dict[tuple[str, str], dt.datetime] = {}
    broken: set[tuple[str, str]] = set()
    of_model: dict[int, list[Row]] = {}
    for row in rows:
        of_model.setdefault(row.model_key, []).append(row)
    for key, model, currency, starts_at in values:
        figures = figures_of(Sheet(currency, tuple(lines.get(key, ()))))
        for row in of_model[model]:
            place = (row.model, row.key.token)
            if place in broken:
                continue
            if same_figure(figures.get(row.key), row.ours):
                since[place] = starts_at
            elif place in since:
                broken.add(place)
    return since
