"""Rolling an import back: changed rows get their earlier values, created rows are removed, later edits stay.

Past prices stay unchanged: a sheet that has taken effect is ended, and a rate is followed by the one
before it. The history rows of a run show what it created and changed; the report of the run has the scheduled prices
that it withdrew, the ends of prices that it set, and the lines that it confirmed.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import models, transaction

from catalog.db import revision
from catalog.db.audit import record
from catalog.db.bulk import KEYS, batches, delete_rows, update_rows
from catalog.db.import_context import run_scope
from catalog.db.snapshot import no_snapshot
from catalog.error_messages import InputError, count
from catalog.imports.context import Audit, WriteContext
from catalog.imports.dropped_models import forget_dropped_models
from catalog.models import AIModel, Channel, CodexProfile, EndpointType, ImportRun, ModelAlias, Offer, Vendor
from catalog.operators.permissions import SETS_PRICES, permission_to, require
from catalog.progress import track
from pricing.impact.impact import Impact
from pricing.impact.observing import observe
from pricing.imports.prices.writing import undo_prices
from pricing.imports.run_history import RunHistory, rows_of
from pricing.models import GroupRate, PopularModel, PriceSheet
from pricing.published.group_rates import write_rates
from tokens.models import ModelRelease, Token, TokenGroup

# A table comes before the tables that its rows refer to.
TABLES: tuple[type[models.Model], ...] = (
    Token, PopularModel, Offer, ModelRelease, ModelAlias, CodexProfile, PriceSheet, AIModel, GroupRate, TokenGroup,
    Channel, EndpointType, Vendor,
)  # fmt: skip
GROUP_REACH = "reach of groups"
# The plural of what a row is -> its singular.
SINGULAR = {str(table._meta.verbose_name_plural): str(table._meta.verbose_name) for table in TABLES}
# Rows that are removed with the row that the run created, although they have taken effect.
PARTS: Mapping[type[models.Model], type[models.Model]] = {AIModel: PriceSheet, TokenGroup: GroupRate}


@dataclass
class Rollback:
    """The result of a rollback: counts, and sentences about what stays."""

    restored: dict[str, int] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    stays: list[str] = field(default_factory=list)
    # What it does to keys, groups, visitors and prices; None if there was nothing to roll back.
    impact: Impact | None = None
    # Why it was not done: sentences that ask for the confirmation of a loss.
    guards: list[str] = field(default_factory=list)

    def seen_by(self, operator: Any) -> "Rollback":
        """The result with an impact that states only what this operator may see."""
        if self.impact is None:
            return self
        impact = self.impact.seen_by(operator)
        return replace(self, impact=impact, guards=impact.guards() if self.guards else [])

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
    if GROUP_REACH in changed:
        require(actor, permission_to("change", TokenGroup), "change groups")


def _roll_back(run: ImportRun, context: WriteContext) -> Rollback:
    result = Rollback()
    _leave_groups(run, result)
    for table in track(TABLES, "Reading what the run changed"):
        if table not in (GroupRate, PriceSheet):
            _restore(RunHistory(table, run), result, context.audit)
    for table in track(TABLES, "Reading what the run created"):
        if table is PriceSheet:
            _roll_back_prices(run, result, context)
        elif table is GroupRate:
            _roll_back_rates(run, result, context)
        else:
            _remove(RunHistory(table, run), result, context.audit)
    return result


def _restore(history: RunHistory, result: Rollback, audit: Audit) -> None:
    """Gives changed fields their earlier values, unless they were changed again since."""
    table, changed_rows = history.table, list(history.before_and_after())
    stored = {row.pk: row for row in rows_of(table, [key for key, _, _ in changed_rows])}
    columns = {column.attname: column for column in table._meta.concrete_fields if not _is_automatic(column)}
    restored, fields = [], set()
    for key, before, after in changed_rows:
        row = stored.get(key)
        changes = {name: before[name] for name in columns if name in after and before[name] != after[name]}
        values = {name: old for name, old in changes.items() if row is not None and getattr(row, name) == after[name]}
        for name in changes.keys() - values.keys():
            result.stays.append(f"{columns[name].verbose_name} of {table._meta.verbose_name} {row or after['id']}")
        if row is not None and values:
            for name, old in values.items():
                setattr(row, name, old)
            fields |= {columns[name].name for name in values}
            restored.append(row)
    _count(result.restored, table, len(restored))
    update_rows(restored, fields=sorted(fields), **audit)


def _remove(history: RunHistory, result: Rollback, audit: Audit) -> None:
    """Removes created rows, unless they were changed since or others refer to them."""
    table = history.table
    stored, edited = rows_of(table, history.created), history.edited_since()
    used = _used(table, [row.pk for row in stored if row.pk not in edited])
    result.stays += [f"{table._meta.verbose_name} {row}" for row in stored if row.pk in edited or row.pk in used]
    removed = [row for row in stored if row.pk not in edited and row.pk not in used]
    _count(result.removed, table, len(removed))
    for relation in table._meta.many_to_many:
        through: Any = relation.remote_field.through
        for keys in batches([row.pk for row in removed], KEYS):
            through._default_manager.filter(**{f"{relation.m2m_field_name()}__in": keys}).delete()
    delete_rows(removed, **audit)


def _roll_back_prices(run: ImportRun, result: Rollback, context: WriteContext) -> None:
    undone = undo_prices(RunHistory(PriceSheet, run), context, models=sorted(_removable(AIModel, run)))
    for counts, number in (
        (result.restored, undone.restored),
        (result.removed, undone.removed),
        (result.ended, undone.ended),
    ):
        _count(counts, PriceSheet, number)
    result.stays += undone.stays


def _roll_back_rates(run: ImportRun, result: Rollback, context: WriteContext) -> None:
    """Writes a rate with the earlier ratio after each one that has taken effect; removes rates of removed groups."""
    history = RunHistory(GroupRate, run)
    created, groups = set(history.created), _removable(TokenGroup, run)
    moved = {**_changed_ratios(history), **_created_ratios(history)}
    removed = [
        rate
        for rate in GroupRate.objects.order_by("pk")
        if rate.group_id in groups or (rate.pk in created and rate.starts_at >= context.at)
    ]
    _count(result.removed, GroupRate, len(removed))
    delete_rows(removed, **context.audit)
    current = {rate.group_id: rate for rate in GroupRate.objects.in_force(at=context.at).select_related("group")}
    ratios = {}
    for group, (before, after) in moved.items():
        rate = current.get(group)
        if rate is not None and rate.ratio == after != before:
            ratios[group] = before
        elif rate is not None and rate.ratio != before:
            result.stays.append(f"group rate {rate}")
    _count(result.restored, GroupRate, len(write_rates(ratios, at=context.at, **context.audit)))


def _changed_ratios(history: RunHistory) -> dict[int, tuple[Decimal, Decimal]]:
    """Group key -> the ratio before and after the run, for rates that it corrected."""
    return {after["group_id"]: (before["ratio"], after["ratio"]) for _, before, after in history.before_and_after()}


def _created_ratios(history: RunHistory) -> dict[int, tuple[Decimal, Decimal]]:
    """Group key -> the ratio before and after the run, for rates that it created; rates of undone runs do not count."""
    ratios, undone = {}, history.created_by_undone_runs()
    for rate in rows_of(GroupRate, history.created):
        earlier = GroupRate.objects.filter(group=rate.group_id, starts_at__lt=rate.starts_at).order_by("-starts_at")
        ratio = next((ratio for key, ratio in earlier.values_list("pk", "ratio") if key not in undone), None)
        ratios[rate.group_id] = (Decimal(1) if ratio is None else ratio, rate.ratio)
    return ratios


def _removable(table: type[models.Model], run: ImportRun) -> set[int]:
    """The rows that the run created, nobody has changed, and nothing refers to except their own parts."""
    history = RunHistory(table, run)
    keys = set(history.created) - history.edited_since()
    return keys - _used(table, sorted(keys), parts=RunHistory(PARTS[table], run).created_by_undone_runs())


def _used(table: type[models.Model], keys: Sequence[int], *, parts: Collection[int] = ()) -> set[int]:
    """The rows that others refer to: what people or other imports built on them must not be removed with them.

    `parts`: the keys of their parts that are removed with them.
    """
    used: set[int] = set()
    # Pairs of a row and one that refers to it, of this table and both to be removed: a model and its successor.
    inner: set[tuple[int, int]] = set()
    for relation in _references(table):
        other, name = relation.related_model, relation.field.name
        if not hasattr(other, "instance_type"):
            own = set(keys) if other is table else parts if other is PARTS.get(table) else ()
            for batch in batches(keys, KEYS):
                rows = other._default_manager.filter(**{f"{name}__in": batch}).values_list(name, "pk")
                for key, other_key in rows.iterator():
                    if other_key not in own:
                        used.add(key)
                    elif other is table:
                        inner.add((key, other_key))
    while more := {key for key, other_key in inner if other_key in used} - used:
        used |= more
    if table is EndpointType and keys:
        named = {name for model in AIModel.objects.all() for name in _types(model)}
        used.update(EndpointType.objects.filter(pk__in=keys, name__in=named).values_list("pk", flat=True))
    return used


def _references(table: type[models.Model]) -> list[Any]:
    """The relations of other rows to this table, also those without a name here, such as the first group of tokens."""
    relations: list[Any] = [
        field for field in table._meta.get_fields(include_hidden=True) if field.auto_created and not field.concrete
    ]
    # A row's own part of a many-to-many relation is removed with it.
    return [relation for relation in relations if not relation.related_model._meta.auto_created]


def _types(model: AIModel) -> Collection[str]:
    return [*model.supported_endpoint_types, *(model.public_endpoint_types or ())]


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


def _is_automatic(column: Any) -> bool:
    return bool(column.primary_key or getattr(column, "auto_now", False) or getattr(column, "auto_now_add", False))


def _count(counts: dict[str, int], table: type[models.Model], number: int) -> None:
    if number:
        counts[str(table._meta.verbose_name_plural)] = number
