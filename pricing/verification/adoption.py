"""Taking over one figure of a book: a new list sheet with that figure, and all other lines as they are.

It is recorded as an import run of the book's document by a person, so that the figure resolves to its document, a
rollback can undo it, and later documents of the same book may change it while other sources may not. If a person wrote
the current sheet, the new one is a person's too.
"""

import datetime as dt
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from catalog.db import revision
from catalog.db.history import name_user
from catalog.db.import_context import run_scope
from catalog.error_messages import InputError
from catalog.models import AIModel, ImportRun
from catalog.prices import Line, Sheet
from pricing.engine.formatting.lines import label
from pricing.engine.line_keys import precedence
from pricing.engine.sanity_checks import is_far
from pricing.engine.thresholds import LARGEST_MOVE
from pricing.models import PriceSheet
from pricing.published.prices import sheets_in_force
from pricing.verification.books import Edition, aliases_of_models
from pricing.verification.figures import figures_of, keyed_lines
from pricing.verification.matrix import Cell, Row, rows_of_model
from pricing.verification.statements import ModelNames

ROLE = PriceSheet.Role.LIST


@dataclass(frozen=True)
class Adoption:
    """A figure of a book and the sheet that it changes."""

    model: AIModel
    row: Row
    cell: Cell
    sheet: Sheet
    # The key of the current list sheet, its run, and its end.
    current: int
    run: int | None
    ends_at: dt.datetime | None

    @property
    def after(self) -> Sheet:
        """The sheet with the book's figure. It ends with the current one, so that the price after it stays."""
        return replace(self.sheet, lines=_with_line(self.sheet, self._new_line, self.row), ends_at=self.ends_at)

    @property
    def old(self) -> str:
        """Our figure in words."""
        return "none" if self.row.ours is None else self.row.text(self.row.ours)

    @property
    def new(self) -> str:
        """The book's figure in words."""
        return self.row.text(self.cell.line)

    @property
    def sentence(self) -> str:
        """Input: $2.50 per million tokens → $3.00 per million tokens"""
        return f"{self.row.label}: {self.old} → {self.new}"

    @property
    def usual_reason(self) -> str:
        edition = self.cell.edition
        return f"Adopted from {edition.book.name}, fetched {edition.fetched_at:%Y-%m-%d}"

    @property
    def is_large_move(self) -> bool:
        """Whether the figure moves more than fourfold, or to or from 0."""
        return self.row.ours is not None and is_far(self.row.ours, self.cell.line, most=LARGEST_MOVE)

    @property
    def fingerprint(self) -> str:
        """Equal while the current sheet and the book's figure are those that a person saw."""
        return f"{self.current}-{self.cell.edition.sha256[:16]}"

    @property
    def _new_line(self) -> Line:
        # Conditions that mean the same stay as they are written.
        if self.row.ours is None:
            return self.cell.line
        return replace(self.cell.line, conditions=self.row.ours.conditions)


def find_adoption(model: AIModel, token: str, edition: Edition, *, at: dt.datetime) -> Adoption:
    """The adoption of the figure with that token from a book's document. InputError if one of them is gone."""
    in_force = PriceSheet.objects.in_force(at=at).filter(model=model, role=ROLE)
    current = in_force.values_list("pk", "run", "ends_at").first()
    if current is None:
        raise InputError(f"{model} has no list price. Set one first.")
    # A figure of a book is compared with the price including its discount.
    sheet = sheets_in_force([model.pk], roles=[ROLE], at=at)[model.pk][ROLE].folded()
    names = ModelNames.of(model.name, aliases_of_models().get(model.name, ()))
    rows = rows_of_model(model.name, model.pk, figures_of(sheet), names, (edition,), at=at)
    row = next((row for row in rows if row.key.token == token), None)
    cell = row.cells.get(edition.book.reader) if row else None
    if row is None or cell is None or cell.state == "agrees":
        raise InputError(f"{edition.book.name} no longer states another figure. Check the comparison again.")
    if row.key.currency != sheet.currency:
        raise InputError(
            f"{edition.book.name} states the figure in {row.key.currency}, and the list price is in {sheet.currency}. "
            "Add a price sheet in one currency."
        )
    return Adoption(model, row, cell, sheet, *current)


def adopt(adoption: Adoption, *, seen: str, at: dt.datetime, reason: str = "", actor: AbstractBaseUser) -> PriceSheet:
    """Writes the new list sheet. InputError if the price or the document is not the one that the person saw."""
    with transaction.atomic():
        revision.hold()
        adoption = find_adoption(adoption.model, adoption.row.key.token, adoption.cell.edition, at=at)
        if adoption.fingerprint != seen:
            raise InputError("The price or the document has changed since you opened the page. Check the new figures.")
        # PostgreSQL stores no NUL.
        reason = (reason.replace("\x00", "") or adoption.usual_reason)[:255]
        run = None if adoption.run is None else _create_run(adoption, at=at, actor=actor)
        sheet = adoption.after
        if run is not None:
            lines = (
                replace(line, run=run.pk if figure == adoption.row.key else line.run or adoption.run)
                for figure, line in keyed_lines(sheet)
            )
            sheet = replace(sheet, lines=tuple(lines))
        with nullcontext() if run is None else run_scope(run.pk):
            (written,) = PriceSheet.objects.write(
                [(adoption.model.pk, sheet)], role=ROLE, starts_at=at, run=run, reason=reason, author=actor
            )
    return written


def _create_run(adoption: Adoption, *, at: dt.datetime, actor: AbstractBaseUser) -> ImportRun:
    base = ImportRun.objects.get(pk=adoption.cell.edition.run)
    model, figure = adoption.model.name, label(adoption.row.line)
    old = None if adoption.row.ours is None else adoption.row.text(adoption.row.ours)
    change: Mapping[str, Any] = {model: {figure: [old, adoption.row.text(adoption.cell.line)]}}
    return ImportRun.objects.create(
        source_id=base.source_id,
        snapshot_id=base.snapshot_id,
        status=ImportRun.Status.APPLIED,
        options={**base.options, "as": str(ROLE), "only": [model], "adopted": True},
        report={"counts": {"changed_prices": 1}, "prices": {"changed": change}},
        actor_id=actor.pk,
        actor_name=name_user(actor),
        applied_at=at,
    )


def _with_line(sheet: Sheet, new: Line, row: Row) -> tuple[Line, ...]:
    """The lines with the new one in the place of the old one, or before the first line of its meter that takes
    precedence over it: the last line whose conditions hold sets the price.
    """
    if row.ours is not None:
        return tuple(new if figure == row.key else line for figure, line in keyed_lines(sheet))
    later = (
        place
        for place, line in enumerate(sheet.lines)
        if (line.kind, line.meter, line.unit) == (new.kind, new.meter, new.unit) and precedence(line) > precedence(new)
    )
    place = next(later, len(sheet.lines))
    return (*sheet.lines[:place], new, *sheet.lines[place:])
