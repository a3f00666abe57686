"""Rolling an import back: changed rows get their earlier values, created rows are removed, later edits stay.

Past prices stay unchanged: a sheet that has taken effect is ended, and a rate is followed by the one
before it. The history rows of a run show what it created and changed; the report of the run has the scheduled prices
that it withdrew, the ends of prices that it set, and the lines that it confirmed.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import models, transaction

from catalog.db import revision
from catalog.db.audit import record
from catalog.db.deletion import restore_deleted
from catalog.db.import_context import run_scope
from catalog.db.snapshot import no_snapshot
from catalog.error_messages import InputError, NotPermittedError, count
from catalog.imports.context import WriteContext
from catalog.imports.dropped_models import forget_dropped_models
from catalog.models import Channel, FieldPin, ImportRun
from catalog.operators.permissions import SETS_PRICES, may_change_roles, permission_to, require
from catalog.progress import track
from pricing.impact.impact import Impact
from pricing.impact.observing import observe
from pricing.imports.structure.writing import leave_groups_of_tokens, restore_groups_of_tokens, restore_roles
from pricing.imports.undo.histories import RunHistory
from pricing.imports.undo.permissions import is_limited
from pricing.imports.undo.rows import TABLES, Undone, remove, restore, undo_rates, undo_sheets
from pricing.models import DiscountRule, GroupRate, PriceSheet
from tokens.models import ModelRelease, Token, TokenGroup

GROUP_REACH = "reach of groups"
ROLES = "roles"
# The plural of what a row is -> its singular.
NAMED_TABLES: tuple[type[models.Model], ...] = (*TABLES, DiscountRule, FieldPin)
SINGULAR = {str(table._meta.verbose_name_plural): str(table._meta.verbose_name) for table in NAMED_TABLES}
SINGULAR[ROLES] = "role"


@dataclass
class Rollback(Undone):
    """The result of a rollback."""

    # What it does to keys, groups, visitors and prices; None if there was nothing to roll back.
    impact: Impact | None = None
    # Why it was not done: sentences that ask for the confirmation of a loss.
    guards: list[str] = field(default_factory=list)

    def seen_by(self, operator: Any) -> "Rollback":
        """The result with an impact that states only what this operator may see."""
        if self.impact is None:
            return self
        impact = self.impact.seen_by(operator)
        return replace(self, impact=impact, guards=impact.guards(may_end=True) if self.guards else [])

    def report(self) -> dict[str, Any]:
        return {"restored": self.restored, "removed": self.removed, "ended": self.ended, "stays": self.stays}

    def __str__(self) -> str:
        done = (("restored", self.restored), ("removed", self.removed), ("ended", self.ended))
        parts = [
            f"{count(number, SINGULAR.get(rows, rows), rows)} {word}"
            for word, counts in done
            for rows, number in counts.items()
        ]
        changed = count(len(self.stays), "was changed since and stays", "were changed since and stay")
        stays = f" {changed}." if self.stays else ""
        return (", ".join(parts) or "Nothing to roll back") + "." + stays


def roll_back(
    run: ImportRun,
    *,
    at: dt.datetime,
    actor: AbstractBaseUser | None = None,
    dry_run: bool = False,
    accept_loss: bool = False,
) -> Rollback:
    """Rolls one applied run back in one transaction; repeating it does nothing. InputError if it was not applied.

    If keys lose more than 5 % of their models, or all, nothing is done unless `accept_loss`; the result has the guards.
    """
    # A trial writes, too, although a page shows it in answer to a GET.
    with no_snapshot(), transaction.atomic():
        revision.hold()
        run.refresh_from_db()
        if run.status == ImportRun.Status.ROLLED_BACK:
            return Rollback()
        if run.status != ImportRun.Status.APPLIED:
            raise InputError(f"{run} was not applied, so it cannot be rolled back.")
        if run.pruned_at:
            raise InputError(run.why_pruned)
        with run_scope(run.pk), observe(at=at) as impact:
            result = _roll_back(run, WriteContext(at, f"Rollback of import {run}", actor, run))
        _require_permissions(result, actor)
        result.impact = impact
        # The tokens that a migration has created are the object of its rollback.
        result.guards = [] if accept_loss else impact.guards(may_end=True)
        who = f" by {actor}" if actor else ""
        run.status = ImportRun.Status.ROLLED_BACK
        run.remark = f"Rolled back{who} on {at:%Y-%m-%d %H:%M} UTC. {result}"
        run.report = {**run.report, "taken_back": {**result.report(), "impact": impact.outline()}}
        forget_dropped_models(run)
        run.save(update_fields=["status", "remark", "report"])
        record("rolled back", about=run, actor=actor, run=run.pk, detail=str(result))
        if dry_run or result.guards:
            transaction.set_rollback(True)
    return result


def _require_permissions(result: Rollback, actor: AbstractBaseUser | None) -> None:
    """InputError if the operator may not change what the rollback changes: it restores what they did not write."""
    changed = {*result.restored, *result.removed, *result.ended}
    for table in TABLES:
        rows = str(table._meta.verbose_name_plural)
        if table in (PriceSheet, GroupRate) and rows in changed:
            require(actor, SETS_PRICES, f"roll back {rows}")
        elif table is Token and rows in result.removed:
            require(actor, permission_to("delete", table), f"delete {rows}")
        elif rows in changed:
            require(actor, permission_to("change", table), f"change {rows}")
    if str(DiscountRule._meta.verbose_name_plural) in changed:
        require(actor, SETS_PRICES, "restore discount rules")
    for table in (Token, TokenGroup, ModelRelease, GroupRate):
        rows = str(table._meta.verbose_name_plural)
        is_changed = rows in changed or (table is TokenGroup and GROUP_REACH in changed)
        if is_changed and is_limited(actor, table):
            raise NotPermittedError(f"You do not have permission to change all {rows}.")
    if ROLES in changed and not may_change_roles(actor):
        raise NotPermittedError(f"You do not have permission to change {ROLES}.")
    if GROUP_REACH in changed:
        require(actor, permission_to("change", TokenGroup), "change groups")


def _roll_back(run: ImportRun, context: WriteContext) -> Rollback:
    result = Rollback()
    _leave_groups(run, result)

    def histories(table: type[models.Model]) -> RunHistory:
        return RunHistory(table, run)

    for table in track(TABLES, "Reading what the run changed"):
        if table not in (GroupRate, PriceSheet):
            restore(histories(table), result, context.audit)
    groups_of_tokens, stays = leave_groups_of_tokens((run.report.get("undo") or {}).get("groups_of_tokens") or {})
    result.stays += stays
    for table in track(TABLES, "Reading what the run created"):
        if table is PriceSheet:
            undo_sheets(histories, result, context)
        elif table is GroupRate:
            undo_rates(histories, result, context)
        else:
            remove(histories(table), result, context.audit)
    _restore_removed(run, result, context)
    restore_groups_of_tokens(groups_of_tokens, context)
    return result


def _restore_removed(run: ImportRun, result: Rollback, context: WriteContext) -> None:
    """Restores the rows that the run removed, and the relations that have no history of their own."""
    undo = run.report.get("undo") or {}
    restored, left = restore_deleted(undo.get("removed") or {}, **context.audit)
    for table, number in restored.items():
        if hasattr(table, "history"):
            name = str(table._meta.verbose_name_plural)
            result.restored[name] = result.restored.get(name, 0) + number
    result.stays += [f"removed {name}" for name in left]
    for group, channel in (run.report.get("structure") or {}).get("leaves", ()):
        found, reached = TokenGroup.objects.filter(slug=group).first(), Channel.objects.filter(slug=channel).first()
        if found and reached and not found.channels.filter(pk=reached.pk).exists():
            found.channels.add(reached)
            result.restored[GROUP_REACH] = result.restored.get(GROUP_REACH, 0) + 1
    if roles := undo.get("roles"):
        result.restored[ROLES] = len(roles)
        result.stays += restore_roles(roles)


def _leave_groups(run: ImportRun, result: Rollback) -> None:
    """Removes channels from the groups that the run added them to."""
    offers = run.report.get("offers") or {}
    joins = [tuple(pair) for pair in (run.report.get("structure") or {}).get("joins", ())]
    if offers.get("group"):
        joins.append((offers["group"], offers["channel"]))
    by_group: dict[str, list[str]] = defaultdict(list)
    for group, channel in joins:
        by_group[group].append(channel)
    for group in TokenGroup.objects.filter(slug__in=by_group):
        channels = group.channels.filter(slug__in=by_group[group.slug])
        count = len(channels)
        group.channels.remove(*channels)
        if count:
            result.restored[GROUP_REACH] = result.restored.get(GROUP_REACH, 0) + count
