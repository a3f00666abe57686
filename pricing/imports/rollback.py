"""Taking an import back, whole: what it changed is as it was, what it made is gone; what was touched since stays.

What was charged until now stays as well: a sheet that has begun is ended, and a rate followed by the one before it.

The history rows of a run tell what it did to every table; nothing else needs to be known of how imports work.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import models, transaction
from simple_history.utils import get_history_model_for_model

from catalog.db import revision
from catalog.db.bulk import KEYS, batches, delete_rows, update_rows
from catalog.db.import_context import run_scope
from catalog.error_messages import InputError
from catalog.models import AIModel, Channel, EndpointType, ImportRun, ModelAlias, Offer, Vendor
from catalog.progress import track
from pricing.models import GroupRate, PopularModel, PriceLine, PriceSheet
from pricing.published.group_rates import write_rates
from tokens.models import TokenGroup

# What refers to others before what is referred to.
TABLES: tuple[type[models.Model], ...] = (
    PopularModel, Offer, ModelAlias, PriceSheet, AIModel, GroupRate, TokenGroup, Channel, EndpointType, Vendor,
)  # fmt: skip
# What goes with a row that the run made, though it has begun.
PARTS: Mapping[type[models.Model], type[models.Model]] = {AIModel: PriceSheet, TokenGroup: GroupRate}


@dataclass
class Rollback:
    """What taking a run back does, as counts and as sentences on what stays."""

    restored: dict[str, int] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    stays: list[str] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        return {"restored": self.restored, "removed": self.removed, "ended": self.ended, "stays": self.stays}

    def __str__(self) -> str:
        parts = [f"{count} {what} as before" for what, count in self.restored.items()]
        parts += [f"{count} {what} removed" for what, count in self.removed.items()]
        parts += [f"{count} {what} ended" for what, count in self.ended.items()]
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
            done = _take_back(run, at=at, actor=actor)
        who = f" by {actor}" if actor else ""
        run.status = ImportRun.Status.ROLLED_BACK
        run.remark = f"Taken back{who} on {at:%Y-%m-%d %H:%M} UTC. {done}"
        run.report = {**run.report, "taken_back": done.report()}
        run.save(update_fields=["status", "remark", "report"])
        if dry_run:
            transaction.set_rollback(True)
    return done


def _take_back(run: ImportRun, *, at: dt.datetime, actor: AbstractBaseUser | None) -> Rollback:
    done = Rollback()
    reason = f"Import {run} taken back"
    _leave_groups(run, done)
    for table in track(TABLES, "Looking at what it changed"):
        if table is not GroupRate:
            _restore(table, _History(table, run), done, reason=reason, actor=actor)
    for table in track(TABLES, "Looking at what it made"):
        if table is PriceSheet:
            _take_back_sheets(run, done, at=at, reason=reason, actor=actor)
        elif table is GroupRate:
            _take_back_rates(run, done, at=at, reason=reason, actor=actor)
        else:
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

    @property
    def runs(self) -> list[int]:
        """This run and those that were taken back: what they did is nobody's wish any more."""
        taken_back = ImportRun.objects.filter(status=ImportRun.Status.ROLLED_BACK).values_list("pk", flat=True)
        return [self.run.pk, *taken_back]

    def touched(self) -> set[int]:
        """The rows that it made and that somebody or another import has changed since."""
        runs, found = self.runs, set[int]()
        for keys in batches(self.made, KEYS):
            others = self.model.objects.filter(id__in=keys).exclude(run__in=runs)
            found.update(others.values_list("id", flat=True))
        return found

    def created_by_undone_runs(self) -> set[int]:
        """The rows that it made, or that a run made which was taken back."""
        return set(self.model.objects.filter(history_type="+", run__in=self.runs).values_list("id", flat=True))

    def before_and_after(self) -> Iterable[tuple[int, Mapping[str, Any], Mapping[str, Any]]]:
        """Key, the row without what the run changed and the row as the run left it, for those that it changed.

        What a run that was taken back had changed before is not brought back: a field is as somebody else left it last.
        A row whose older history is not kept any more is left out: what it was before nobody knows.
        """
        columns = [column.attname for column in self.model.tracked_fields]
        taken_back = set(self.runs) - {self.run.pk}
        for keys in batches(self.changed, KEYS):
            rows = self.model.objects.filter(id__in=keys).order_by("id", "history_id")
            last: dict[int, Any] = {}
            wished: dict[int, dict[str, Any]] = {}
            before: dict[int, dict[str, Any]] = defaultdict(dict)
            after: dict[int, Any] = {}
            for row in rows.values("id", "run_id", *columns).iterator():
                key, writer = row["id"], row["run_id"]
                if earlier := last.get(key):
                    moved = [name for name in columns if row[name] != earlier[name]]
                    if writer == self.run.pk:
                        before[key] |= {name: wished[key][name] for name in moved}
                        after[key] = row
                    elif writer not in taken_back:
                        wished[key] |= {name: row[name] for name in moved}
                else:
                    wished[key] = dict(row)
                last[key] = row
            yield from ((key, after[key] | before[key], after[key]) for key in keys if key in after)


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
    touched = rows.touched()
    used = _used(table, [row.pk for row in stored if row.pk not in touched])
    staying = [row for row in stored if row.pk in touched or row.pk in used]
    done.stays += [f"{table._meta.verbose_name} {row}" for row in staying]
    gone = [row for row in stored if row.pk not in touched and row.pk not in used]
    _count(done.removed, table, len(gone))
    delete_rows(gone, reason=reason, actor=actor)


def _take_back_sheets(
    run: ImportRun, done: Rollback, *, at: dt.datetime, reason: str, actor: AbstractBaseUser | None
) -> None:
    """A sheet that has begun ends, if it has not ended; it goes only with a model that goes.

    That somebody has set its end since is no reason to leave it in force. One that had ended when the run told it was
    never charged, and goes too.
    """
    models = sorted(_going(AIModel, run))
    gone = {row.pk: row for keys in batches(models, KEYS) for row in PriceSheet.objects.filter(model__in=keys)}
    made = _rows(PriceSheet, _History(PriceSheet, run).made)
    told_at = run.applied_at or at
    gone |= {
        sheet.pk: sheet
        for sheet in made
        if sheet.starts_at >= at or (sheet.ends_at is not None and sheet.ends_at <= told_at)
    }
    ending = [sheet for sheet in made if sheet.pk not in gone and (sheet.ends_at is None or sheet.ends_at > at)]
    for sheet in ending:
        sheet.ends_at = at
    _count(done.ended, PriceSheet, len(ending))
    update_rows(ending, fields=["ends_at"], reason=reason, actor=actor)
    for keys in batches(sorted(gone), KEYS):
        delete_rows(list(PriceLine.objects.filter(sheet__in=keys).only("pk")))
    _count(done.removed, PriceSheet, len(gone))
    delete_rows([gone[key] for key in sorted(gone)], reason=reason, actor=actor)


def _take_back_rates(
    run: ImportRun, done: Rollback, *, at: dt.datetime, reason: str, actor: AbstractBaseUser | None
) -> None:
    """A rate that has begun is followed by one with the ratio before it; it goes only with a group that goes."""
    rows = _History(GroupRate, run)
    made, groups = set(rows.made), _going(TokenGroup, run)
    moved = {**_ratios_changed(rows), **_ratios_made(rows)}
    gone = [
        rate
        for rate in GroupRate.objects.order_by("pk")
        if rate.group_id in groups or (rate.pk in made and rate.starts_at >= at)
    ]
    _count(done.removed, GroupRate, len(gone))
    delete_rows(gone, reason=reason, actor=actor)
    in_force = {rate.group_id: rate for rate in GroupRate.objects.in_force(at=at).select_related("group")}
    back = {}
    for group, (before, after) in moved.items():
        rate = in_force.get(group)
        if rate is not None and rate.ratio == after != before:
            back[group] = before
        elif rate is not None and rate.ratio != before:
            done.stays.append(f"group rate {rate}")
    _count(done.restored, GroupRate, len(write_rates(back, at=at, reason=reason, actor=actor)))


def _ratios_changed(rows: _History) -> dict[int, tuple[Decimal, Decimal]]:
    """Group key -> the ratio before the run and after it, of rates that it put right."""
    return {after["group_id"]: (before["ratio"], after["ratio"]) for _, before, after in rows.before_and_after()}


def _ratios_made(rows: _History) -> dict[int, tuple[Decimal, Decimal]]:
    """The same of rates that it made; those of runs that were taken back are none that was before."""
    found, unwanted = {}, rows.created_by_undone_runs()
    for rate in _rows(GroupRate, rows.made):
        earlier = GroupRate.objects.filter(group=rate.group_id, starts_at__lt=rate.starts_at).order_by("-starts_at")
        ratio = next((ratio for key, ratio in earlier.values_list("pk", "ratio") if key not in unwanted), None)
        found[rate.group_id] = (Decimal(1) if ratio is None else ratio, rate.ratio)
    return found


def _going(table: type[models.Model], run: ImportRun) -> set[int]:
    """The rows that the run made and that go, with their parts: nobody touched them, nothing else refers to them."""
    rows = _History(table, run)
    keys = set(rows.made) - rows.touched()
    return keys - _used(table, sorted(keys), apart=_History(PARTS[table], run).created_by_undone_runs())


def _used(table: type[models.Model], keys: Sequence[int], *, apart: Collection[int] = ()) -> set[int]:
    """Those that others refer to: what people or other imports built on them must not go with them.

    `apart`: the keys of those of its parts that go with it.
    """
    found: set[int] = set()
    for relation in table._meta.related_objects:
        other, name = relation.related_model, relation.field.name
        if isinstance(other, type) and not hasattr(other, "instance_type"):
            own = apart if other is PARTS.get(table) else ()
            for part in batches(keys, KEYS):
                rows = other._default_manager.filter(**{f"{name}__in": part}).values_list(name, "pk")
                found.update(key for key, other_key in rows.iterator() if other_key not in own)
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
