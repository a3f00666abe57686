"""Taking an import back, whole: what it changed is as it was, what it made is gone; what was touched since stays.

The history rows of a run tell what it did to every table; nothing else needs to be known of how imports work.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import models, transaction
from simple_history.utils import get_history_model_for_model

from catalog import revision
from catalog.bulk import KEYS, batches, delete_rows, update_rows
from catalog.importing import InputError
from catalog.models import AIModel, Channel, EndpointType, ImportRun, ModelAlias, Offer, Vendor
from catalog.runs import run_scope
from pricing.models import GroupRate, PopularModel, PriceLine, PriceSheet
from tokens.models import TokenGroup

# What refers to others before what is referred to.
TABLES: tuple[type[models.Model], ...] = (
    PopularModel, GroupRate, Offer, ModelAlias, PriceSheet, AIModel, TokenGroup, Channel, EndpointType, Vendor,
)  # fmt: skip


@dataclass
class Rollback:
    """What taking a run back does, as counts and as sentences on what stays."""

    restored: dict[str, int] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    stays: list[str] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        return {"restored": self.restored, "removed": self.removed, "stays": self.stays}

    def __str__(self) -> str:
        parts = [f"{count} {what} as before" for what, count in self.restored.items()]
        parts += [f"{count} {what} removed" for what, count in self.removed.items()]
        stays = f" {len(self.stays)} things stay, changed since." if self.stays else ""
        return (", ".join(parts) or "Nothing was left of it") + "." + stays


def roll_back(
    run: ImportRun, *, at: dt.datetime, actor: AbstractBaseUser | None = None, dry_run: bool = False
) -> Rollback:
    """Takes one applied run back in one transaction; a second time does nothing. InputError for a run not applied."""
    with transaction.atomic():
        revision.hold()
        run.refresh_from_db()
        if run.status == ImportRun.Status.ROLLED_BACK:
            return Rollback()
        if run.status != ImportRun.Status.APPLIED:
            raise InputError(f"{run} was not applied: there is nothing to take back.")
        with run_scope(run.pk):
            done = _take_back(run, actor=actor)
        who = f" by {actor}" if actor else ""
        run.status = ImportRun.Status.ROLLED_BACK
        run.remark = f"Taken back{who} on {at:%Y-%m-%d %H:%M} UTC. {done}"
        run.report = {**run.report, "taken_back": done.report()}
        run.save(update_fields=["status", "remark", "report"])
        if dry_run:
            transaction.set_rollback(True)
    return done


def _take_back(run: ImportRun, *, actor: AbstractBaseUser | None) -> Rollback:
    done = Rollback()
    reason = f"Import {run} taken back"
    _leave_groups(run, done)
    for table in TABLES:
        rows = _History(table, run)
        _restore(table, rows, done, reason=reason, actor=actor)
    for table in TABLES:
        _remove(table, _History(table, run), done, reason=reason, actor=actor)
    return done


class _History:
    """What a run did to the rows of one table, and which of them were touched since."""

    def __init__(self, table: type[models.Model], run: ImportRun) -> None:
        self.table, self.run = table, run
        self.model: Any = get_history_model_for_model(table)
        of_run = self.model.objects.filter(run=run)
        self.made = list(of_run.filter(history_type="+").order_by("id").values_list("id", flat=True))
        made = set(self.made)
        changed = of_run.filter(history_type="~").order_by("history_id").values_list("id", flat=True)
        self.changed = [key for key in dict.fromkeys(changed) if key not in made]

    def touched(self) -> set[int]:
        """The rows that it made and that somebody or another import has changed since."""
        taken_back = ImportRun.objects.filter(status=ImportRun.Status.ROLLED_BACK).values_list("pk", flat=True)
        found: set[int] = set()
        for keys in batches(self.made, KEYS):
            others = self.model.objects.filter(id__in=keys).exclude(run__in=[self.run.pk, *taken_back])
            found.update(others.values_list("id", flat=True))
        return found

    def before_and_after(self) -> Iterable[tuple[int, Mapping[str, Any], Mapping[str, Any]]]:
        """Key, the row before the run and the row as the run left it, for those that it changed.

        A row whose older history is not kept any more is left out: what it was before nobody knows.
        """
        columns = [column.attname for column in self.model.tracked_fields]
        for keys in batches(self.changed, KEYS):
            rows = self.model.objects.filter(id__in=keys).order_by("id", "history_id")
            last: dict[int, Any] = {}
            before: dict[int, Any] = {}
            after: dict[int, Any] = {}
            for row in rows.values("id", "run_id", *columns).iterator():
                key = row["id"]
                if row["run_id"] == self.run.pk:
                    before.setdefault(key, last.get(key))
                    after[key] = row
                last[key] = row
            yield from ((key, before[key], after[key]) for key in keys if before.get(key))


def _restore(
    table: type[models.Model], rows: _History, done: Rollback, *, reason: str, actor: AbstractBaseUser | None
) -> None:
    moved = list(rows.before_and_after())
    stored = {row.pk: row for row in _rows(table, [key for key, _, _ in moved])}
    own = {column.attname: column for column in table._meta.concrete_fields if not _is_automatic(column)}
    restored, names = [], set()
    for key, before, after in moved:
        row = stored.get(key)
        changes = {name: before[name] for name in own if name in after and before[name] != after[name]}
        back = {name: old for name, old in changes.items() if row is not None and getattr(row, name) == after[name]}
        for name in changes.keys() - back.keys():
            done.stays.append(f"{own[name].verbose_name} of {table._meta.verbose_name} {row or after['id']}")
        if row is not None and back:
            for name, old in back.items():
                setattr(row, name, old)
            names |= {own[name].name for name in back}
            restored.append(row)
    _count(done.restored, table, len(restored))
    update_rows(restored, fields=sorted(names), reason=reason, actor=actor)


def _remove(
    table: type[models.Model], rows: _History, done: Rollback, *, reason: str, actor: AbstractBaseUser | None
) -> None:
    stored = _rows(table, rows.made)
    # A sheet is only ever ended, which is no reason to leave it in force.
    touched = set() if table is PriceSheet else rows.touched()
    used = _used(table, [row.pk for row in stored if row.pk not in touched])
    staying = [row for row in stored if row.pk in touched or row.pk in used]
    done.stays += [f"{table._meta.verbose_name} {row}" for row in staying]
    gone = [row for row in stored if row.pk not in touched and row.pk not in used]
    if table is PriceSheet:
        for keys in batches([row.pk for row in gone], KEYS):
            delete_rows(list(PriceLine.objects.filter(sheet__in=keys).only("pk")))
    _count(done.removed, table, len(gone))
    delete_rows(gone, reason=reason, actor=actor)


def _used(table: type[models.Model], keys: Sequence[int]) -> set[int]:
    """Those that others refer to: what people or other imports built on them must not go with them."""
    if table is PriceSheet:
        return set()
    found: set[int] = set()
    for relation in table._meta.related_objects:
        other, name = relation.related_model, relation.field.name
        if isinstance(other, type) and not hasattr(other, "instance_type"):
            for part in batches(keys, KEYS):
                found.update(other._default_manager.filter(**{f"{name}__in": part}).values_list(name, flat=True))
    if table is EndpointType and keys:
        named = {each for model in AIModel.objects.all() for each in _types(model)}
        found.update(EndpointType.objects.filter(pk__in=keys, name__in=named).values_list("pk", flat=True))
    return found


def _types(model: AIModel) -> Collection[str]:
    return [*model.supported_endpoint_types, *(model.public_endpoint_types or ())]


def _leave_groups(run: ImportRun, done: Rollback) -> None:
    """Takes channels away from the groups that the run let reach them."""
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
            done.restored["reach of groups"] = done.restored.get("reach of groups", 0) + count


def _rows(table: type[models.Model], keys: Sequence[int]) -> list[Any]:
    return [row for part in batches(keys, KEYS) for row in table._default_manager.filter(pk__in=part).order_by("pk")]


def _is_automatic(column: Any) -> bool:
    return bool(column.primary_key or getattr(column, "auto_now", False) or getattr(column, "auto_now_add", False))


def _count(counts: dict[str, int], table: type[models.Model], number: int) -> None:
    if number:
        counts[str(table._meta.verbose_name_plural)] = number
