"""Writes the prices of an import."""

from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from catalog.db.bulk import KEYS, batches, delete_rows, update_rows
from catalog.imports.context import WriteContext
from catalog.imports.facts import model_keys
from catalog.models import ImportRun
from pricing.imports.prices.plan import PricePlan
from pricing.imports.prices.timeline import Ending
from pricing.models import PriceLine, PriceSheet

# The columns of a line that a rollback restores.
LINE_COLUMNS = ("sheet_id", "position", "kind", "meter", "amount", "per", "unit", "conditions", "facts", "run_id")


def apply_prices(plan: PricePlan, context: WriteContext) -> dict[str, Any]:
    """Writes the plan; call it inside a transaction. Returns what a rollback needs and the history does not show."""
    undo: dict[str, Any] = {}
    if withdrawn := [sheet.key for sheets in plan.withdrawn.values() for sheet in sheets]:
        undo["withdrawn_lines"] = _withdraw(withdrawn, context)
    _set_ends([ending for endings in plan.endings.values() for ending in endings], context)
    if context.run is not None and plan.confirmed:
        undo["confirmed_lines"] = _confirm(plan, context.run)
    _write(plan, context)
    return undo


def _withdraw(keys: list[int], context: WriteContext) -> list[dict[str, Any]]:
    """Deletes sheets that have not started; returns their lines. Their history has the other columns."""
    lines = PriceLine.objects.filter(sheet__in=keys).order_by("sheet", "position")
    values = list(lines.values(*LINE_COLUMNS))
    delete_rows(list(lines.only("pk")))
    delete_rows(list(PriceSheet.objects.filter(pk__in=keys).order_by("pk")), **context.audit)
    return values


def _set_ends(endings: list[Ending], context: WriteContext) -> None:
    ends = {ending.sheet.key: ending.ends_at for ending in endings}
    keys = batches(sorted(ends), KEYS)
    sheets = [sheet for batch in keys for sheet in PriceSheet.objects.filter(pk__in=batch).order_by("pk")]
    for sheet in sheets:
        sheet.ends_at = ends[sheet.pk]
    update_rows(sheets, fields=["ends_at"], **context.audit)


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
