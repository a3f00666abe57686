"""Writes the prices of an import, and undoes them.

Charged prices stay: a rollback removes only sheets that have not started, and ends the others.
"""

import datetime as dt
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from catalog.db.bulk import KEYS, batches, delete_rows, insert_with_keys, update_rows
from catalog.db.import_context import run_scope
from catalog.imports.context import UndoContext, WriteContext
from catalog.imports.facts import model_keys
from catalog.models import AIModel, ImportRun
from catalog.prices import Line, Sheet
from pricing.engine.line_keys import base_line
from pricing.imports.prices.plan import PricePlan, as_text
from pricing.imports.prices.timeline import Ending
from pricing.imports.undo.histories import ChangeHistory, as_moment, rows_of
from pricing.models import PriceLine, PriceSheet
from pricing.published.prices import written_lines


def apply_prices(plan: PricePlan, context: WriteContext) -> dict[str, Any]:
    """Writes the plan; call it inside a transaction. Returns what a rollback needs.

    The history of a sheet names the import that created it, not the one that ended or withdrew it.
    """
    undo: dict[str, Any] = {}
    if endings := [ending for endings in plan.endings.values() for ending in endings]:
        undo["ends"] = _set_ends(endings, context)
    if withdrawn := [sheet.key for sheets in plan.withdrawn.values() for sheet in sheets]:
        undo["withdrawn"] = _withdraw(withdrawn, context)
    if plan.confirmed:
        undo["confirmed_lines"] = _confirm(plan, context.run)
    _write(plan, context)
    return undo


def _set_ends(endings: list[Ending], context: WriteContext) -> list[tuple[int, str | None, str | None]]:
    """Writes the new ends of sheets; returns their keys with the earlier and the new end."""
    ends = {ending.sheet.key: ending.ends_at for ending in endings}
    sheets = rows_of(PriceSheet, sorted(ends))
    for sheet in sheets:
        sheet.ends_at = ends[sheet.pk]
    update_rows(sheets, fields=["ends_at"], **context.audit)
    return [
        (ending.sheet.key, as_text(ending.sheet.ends_at), as_text(ending.ends_at))
        for ending in sorted(endings, key=lambda ending: ending.sheet.key)
    ]


def _withdraw(keys: list[int], context: WriteContext) -> list[dict[str, Any]]:
    """Deletes sheets that have not started; returns their columns, and `lines` with those of their lines."""
    sheets = rows_of(PriceSheet, keys)
    lines: dict[int, list[dict[str, Any]]] = {sheet.pk: [] for sheet in sheets}
    for batch in batches(keys, KEYS):
        for line in PriceLine.objects.filter(sheet__in=batch).order_by("sheet", "position"):
            lines[line.sheet_id].append(_columns(line))
    columns = [_columns(sheet) | {"lines": lines[sheet.pk]} for sheet in sheets]
    _delete(sheets, context)
    return columns


def _delete(sheets: Sequence[PriceSheet], context: UndoContext) -> None:
    """Deletes sheets with their lines."""
    for batch in batches([sheet.pk for sheet in sheets], KEYS):
        delete_rows(list(PriceLine.objects.filter(sheet__in=batch).only("pk", "sheet")))
    delete_rows(sheets, **context.audit)


def _columns(row: PriceSheet | PriceLine) -> dict[str, Any]:
    """The columns of a row as JSON."""
    values = {column.attname: getattr(row, column.attname) for column in row._meta.concrete_fields}
    return {name: as_text(value) if isinstance(value, dt.datetime) else value for name, value in values.items()}


def _confirm(plan: PricePlan, run: ImportRun) -> dict[str, list[int]]:
    """Gives confirmed lines the run that confirms them; returns their earlier runs, "" for that of the sheet."""
    places = {key: set(positions) for sheets in plan.confirmed.values() for key, positions in sheets.items()}
    earlier: dict[str, list[int]] = {}
    for batch in batches(sorted(places), KEYS):
        rows = PriceLine.objects.filter(sheet__in=batch).order_by("sheet", "position")
        for sheet, lines in groupby(rows.values_list("sheet", "pk", "run"), key=itemgetter(0)):
            for place, (_, key, line_run) in enumerate(lines):
                if place in places[sheet]:
                    earlier.setdefault(str(line_run or ""), []).append(key)
    for keys in earlier.values():
        for batch in batches(keys, KEYS):
            PriceLine.objects.filter(pk__in=batch).update(run=run)
    return earlier


def _write(plan: PricePlan, context: WriteContext) -> None:
    changed = ((name, change.prices) for name, change in plan.changed.items())
    announced = ((name, change.prices) for name, changes in plan.announced.items() for change in changes)
    past = (
        (name, replace(sheet, ends_at=sheet.ends_at or context.at))
        for name, sheets in plan.past.items()
        for sheet in sheets
    )
    prices = [*plan.new.items(), *changed, *announced, *past]
    models = model_keys(name for name, _ in prices)
    PriceSheet.objects.write(
        [(models[name], sheet) for name, sheet in prices if name in models],
        role=plan.role,
        starts_at=context.at,
        run=context.run,
        reason=context.reason,
        author=context.actor,
    )


@dataclass
class UndonePrices:
    """How many sheets a rollback restored, removed and ended, and what it left."""

    restored: int = 0
    removed: int = 0
    ended: int = 0
    stays: list[str] = field(default_factory=list)


def undo_prices(history: ChangeHistory, context: UndoContext, *, models: Sequence[int]) -> UndonePrices:
    """Undoes what a run did to prices; call it inside a transaction. `models`: the models that are removed with it."""
    undone = UndonePrices()
    _restore_confirmed(history)
    _undo_created(history, undone, context, models=models)
    _restore_withdrawn(history, undone, context)
    _undo_ends(history, undone, context)
    _remove_lines(history, undone, context)
    return undone


def _restore_confirmed(history: ChangeHistory) -> None:
    """Gives the lines that the run confirmed their earlier source."""
    for earlier, keys in _undo_of(history).get("confirmed_lines", {}).items():
        run = ImportRun.objects.filter(pk=int(earlier or 0)).first()
        for batch in batches(keys, KEYS):
            PriceLine.objects.filter(pk__in=batch, run=history.run).update(run=run)


def _undo_created(history: ChangeHistory, undone: UndonePrices, context: UndoContext, *, models: Sequence[int]) -> None:
    """Ends the sheets that have taken effect; removes the others, and those of models that are removed.

    A sheet whose end somebody has set since is ended too. A sheet that had expired when it was imported was never
    charged, so it is removed.
    """
    at = context.at
    removed = {row.pk: row for keys in batches(models, KEYS) for row in PriceSheet.objects.filter(model__in=keys)}
    created = rows_of(PriceSheet, history.created)
    imported_at = history.applied_at or at
    removed |= {
        sheet.pk: sheet
        for sheet in created
        if sheet.starts_at >= at or (sheet.ends_at is not None and sheet.ends_at <= imported_at)
    }
    ended = [sheet for sheet in created if sheet.pk not in removed and (sheet.ends_at is None or sheet.ends_at > at)]
    _end(ended, undone, context)
    _remove([removed[key] for key in sorted(removed)], undone, context)


def _restore_withdrawn(history: ChangeHistory, undone: UndonePrices, context: UndoContext) -> None:
    """Restores the scheduled sheets that the run withdrew, unless the model's prices were changed since."""
    at, undone_runs = context.at, history.undone_runs
    stored = _undo_of(history).get("withdrawn", ())
    models = AIModel.objects.in_bulk({values["model_id"] for values in stored})
    withdrawn: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for values in stored:
        if values["run_id"] not in undone_runs and values["model_id"] in models:
            withdrawn.setdefault((values["model_id"], values["role"]), []).append(values)
    for sheets in withdrawn.values():
        # Restoring the first sheet of a model is not a change that keeps the others out.
        is_changed = _is_changed_since(history, sheets)
        for values in sheets:
            lines = [PriceLine(**line) for line in values["lines"] if line["run_id"] not in undone_runs]
            dates = {name: as_moment(values[name]) for name in ("starts_at", "ends_at", "created_at")}
            sheet = PriceSheet(**{name: value for name, value in values.items() if name != "lines"} | dates)
            if is_changed or (sheet.ends_at is not None and sheet.ends_at <= at):
                undone.stays.append(f"announced price {sheet}")
                continue
            sheet.starts_at = max(sheet.starts_at, at)
            insert_with_keys([sheet], **context.audit)
            insert_with_keys(lines)
            undone.restored += 1


def _is_changed_since(history: ChangeHistory, sheets: Sequence[dict[str, Any]]) -> bool:
    """Whether anything else changed the prices of the model since the run withdrew these sheets of it."""
    records = history.model.objects.filter(model=sheets[0]["model_id"], role=sheets[0]["role"])
    withdrawals = records.filter(id__in=[values["id"] for values in sheets], history_type="-")
    last = withdrawals.order_by("-history_id").values_list("history_id", flat=True).first()
    later = records.filter(history_id__gt=last or 0)
    return bool(later.exclude(run__in=history.undone_runs).exists())


def _undo_ends(history: ChangeHistory, undone: UndonePrices, context: UndoContext) -> None:
    """Gives sheets their earlier ends. A sheet that has expired since applies again as a new one."""
    at = context.at
    ends = {key: (before, after) for key, before, after in history.ends()}
    changed, expired = [], []
    for sheet in rows_of(PriceSheet, list(ends)):
        before, after = ends[sheet.pk]
        if sheet.ends_at != after:
            undone.stays.append(f"end of price sheet {sheet}")
        elif after is None or after > at:
            sheet.ends_at = before if before is None or before > at else at
            changed.append(sheet)
        elif before is None or before > at:
            expired.append((sheet, before))
    update_rows(changed, fields=["ends_at"], **context.audit)
    lines = written_lines([sheet.pk for sheet, _ in expired])
    for sheet, ends_at in expired:
        _write_again(sheet, lines[sheet.pk], context, starts_at=at, ends_at=ends_at)
    undone.restored += len(changed) + len(expired)


def _remove_lines(history: ChangeHistory, undone: UndonePrices, context: UndoContext) -> None:
    """Removes the run's lines from current and scheduled sheets of other imports, which carried them on."""
    if history.run is None:
        return
    at, run = context.at, history.run.pk
    affected = PriceSheet.objects.filter(lines__run=run).exclude(run=run).distinct()
    current = PriceSheet.objects.in_force(at=at).filter(pk__in=affected.values("pk"))
    sheets = [*current, *affected.filter(starts_at__gt=at)]
    lines = written_lines([sheet.pk for sheet in sheets])
    for sheet in sheets:
        stated = lines[sheet.pk]
        rest = [line for line in stated if line.run != run]
        base, ends_at = base_line(stated), sheet.ends_at
        if sheet.starts_at >= at:
            _remove([sheet], undone, context)
        else:
            _end([sheet], undone, context)
        if base is not None and base.run != run:
            _write_again(sheet, rest, context, starts_at=max(sheet.starts_at, at), ends_at=ends_at)


def _write_again(
    sheet: PriceSheet,
    lines: Sequence[Line],
    context: UndoContext,
    *,
    starts_at: dt.datetime,
    ends_at: dt.datetime | None,
) -> None:
    """Writes a sheet with these lines as a sheet of the same import, so that its rollback ends this one, too."""
    price = Sheet(sheet.currency, tuple(lines), facts=sheet.facts, starts_at=starts_at, ends_at=ends_at)
    with run_scope(sheet.run_id) if sheet.run_id else nullcontext():
        PriceSheet.objects.write(
            [(sheet.model_id, price)],
            role=sheet.role,
            starts_at=starts_at,
            run=sheet.run,
            reason=context.reason,
            author=context.actor,
        )


def _end(sheets: Sequence[PriceSheet], undone: UndonePrices, context: UndoContext) -> None:
    for sheet in sheets:
        sheet.ends_at = context.at
    update_rows(sheets, fields=["ends_at"], **context.audit)
    undone.ended += len(sheets)


def _remove(sheets: Sequence[PriceSheet], undone: UndonePrices, context: UndoContext) -> None:
    _delete(sheets, context)
    undone.removed += len(sheets)


def _undo_of(history: ChangeHistory) -> dict[str, Any]:
    """What the run stored for its rollback."""
    return {} if history.run is None else dict(history.run.report.get("undo") or {})
