"""The comparison as text for people and as JSON for programs."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalog.error_messages import count
from catalog.exact import digits
from catalog.prices import Line
from pricing.verification.matrix import STATES, Cell, Matrix, Row
from pricing.verification.quorum import BOOKS
from pricing.verification.since import Place

TITLES = {
    "outvoted": "A quorum of books disagrees with our figure",
    "differs": "A book states another figure",
    "only_source": "Only a book states the figure",
    "older": "Only old documents state the figure",
    "only_ours": "No book states the figure",
    "agrees": "Agrees with every book that states it",
}
LISTED = ("outvoted", "differs", "only_source", "older")
Since = Mapping[Place, dt.datetime]


def as_json(matrix: Matrix, since: Since, *, readers: Sequence[str], at: dt.datetime) -> dict[str, Any]:
    """The sources, the number of figures in each state, and all figures."""
    return {
        "at": at.isoformat(timespec="seconds"),
        "outcome": "outvoted" if matrix.is_outvoted else "passed",
        "models": matrix.compared,
        "left_out": matrix.left_out,
        "counts": matrix.counts,
        "sources": [_source(matrix, reader) for reader in readers],
        "figures": [_figure(row, since) for row in matrix.rows],
    }


def _source(matrix: Matrix, reader: str) -> dict[str, Any]:
    edition = next((edition for edition in matrix.editions if edition.book.reader == reader), None)
    if edition is None:
        return {"source": reader, "name": BOOKS[reader].name, "snapshot": None}
    return {
        "source": reader,
        "name": edition.book.name,
        "snapshot": edition.sha256,
        "fetched_at": edition.fetched_at.isoformat(timespec="seconds"),
        "old": edition.is_old,
        "problem": edition.statements.problem,
    }


def _figure(row: Row, since: Since) -> dict[str, Any]:
    return {
        "model": row.model,
        "figure": row.label,
        "meter": row.key.meter,
        "kind": row.key.kind,
        "currency": row.key.currency,
        "conditions": list(row.line.conditions),
        "state": row.state,
        "ours": None if row.ours is None else _amount(row.ours),
        "quorum": None if row.quorum is None else _amount(row.quorum),
        "sources": {reader: _cell(row, cell, since) for reader, cell in row.cells.items()},
    }


def _cell(row: Row, cell: Cell, since: Since) -> dict[str, Any]:
    body: dict[str, Any] = {"state": cell.state, **_amount(cell.line)}
    if cell.edition.is_old:
        body["old"] = True
    if cell.state != "agrees":
        moment = since.get((row.model, row.key.token, cell.reader))
        body["percent"] = row.change(cell)
        body["since"] = moment and moment.isoformat(timespec="seconds")
    return body


def _amount(line: Line) -> dict[str, Any]:
    return {"amount": line.amount, "per": line.per, "unit": line.unit}


def as_text(matrix: Matrix, since: Since, *, readers: Sequence[str], most: int | None) -> Iterator[str]:
    """The lines of the report; each state lists at most `most` figures, None for all."""
    for reader in readers:
        yield _source_line(_source(matrix, reader))
    yield ""
    for state in LISTED:
        rows = [row for row in matrix.rows if row.state == state]
        if not rows:
            continue
        yield f"{TITLES[state]} ({len(rows)})"
        yield from (f"  {row.model}: {_sentence(row, since)}" for row in rows[:most])
        if most is not None and len(rows) > most:
            yield f"  and {len(rows) - most} more: use --all to show them"
        yield ""
    counts = matrix.counts
    yield f"{count(matrix.compared, 'model')}, {count(len(matrix.rows), 'figure')}: " + ", ".join(
        f"{counts[state]} {state.replace('_', ' ')}" for state in STATES
    )
    if matrix.left_out:
        left_out = count(matrix.left_out, "model was", "models were")
        yield f"{left_out} left out: a price under an id that names a host is not the vendor's."


def _source_line(source: Mapping[str, Any]) -> str:
    if source["snapshot"] is None:
        return f"{source['name']}: no stored document. Import it, or let sync_sources fetch it."
    text = f"{source['name']}: {source['snapshot'][:12]}, fetched {source['fetched_at'][:10]}"
    notes = [source["problem"], "too old to count" if source["old"] else ""]
    return ", ".join([text, *filter(None, notes)])


def _sentence(row: Row, since: Since) -> str:
    ours = "we have none" if row.ours is None else f"ours {row.text(row.ours)}"
    parts = [_statement(row, cell, since) for cell in row.cells.values()]
    return f"{row.label}: {ours}; {'; '.join(parts)}"


def _statement(row: Row, cell: Cell, since: Since) -> str:
    text = f"{cell.edition.book.name} {row.text(cell.line)}"
    if cell.state == "agrees":
        return f"{cell.edition.book.name} agrees"
    percent, moment = row.change(cell), since.get((row.model, row.key.token, cell.reader))
    notes = ["" if percent is None else f"{'+' if percent > 0 else ''}{digits(percent)}%"]
    notes.append(f"since {moment:%Y-%m-%d}" if moment else "")
    return f"{text} ({', '.join(filter(None, notes))})" if any(notes) else text
