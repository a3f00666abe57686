"""Undoes one change, or all changes of one action, according to the audit trail.

Everything is undone or nothing: what somebody changed since is not overwritten, and the refusal names it. Prices, rates
and rules that took effect are ended or followed, never edited or deleted.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models
from django.db.models.deletion import SET_NULL
from simple_history.utils import get_history_model_for_model

from catalog.audit.changes import ValueChange, changes_of
from catalog.db import revision
from catalog.db.bulk import insert_with_keys
from catalog.db.import_context import reason_scope
from catalog.error_messages import InputError, count
from catalog.imports.context import UndoContext
from catalog.models import AuditEntry, FieldPin, Source
from pricing.imports.undo.dated import DATED, refuse_past, undo_currency_rates, undo_rules
from pricing.imports.undo.histories import ChangeHistory, is_automatic, related_keys, rows_of
from pricing.imports.undo.permissions import require_permissions, require_reach
from pricing.imports.undo.rows import TABLES, Undone, find_users, remove, restore, undo_rates, undo_sheets
from pricing.models import CurrencyRate, DiscountRule, GroupRate, PriceSheet, UsageReporter
from tokens.events.changes import complete_change
from tokens.models import Token

# A table comes before the tables that its rows refer to.
ALL_TABLES: tuple[type[models.Model], ...] = (
    UsageReporter, FieldPin, DiscountRule, *TABLES, CurrencyRate, Source,
)  # fmt: skip
# Why an action on a key cannot be undone.
FINAL = {
    "rotated": "The rotation of a key cannot be undone, because the earlier key is not stored. Rotate it again.",
    "revoked": "The revocation of a key cannot be undone. Issue another key.",
}
NOT_IN_HISTORY: dict[type[models.Model], str] = {
    Token: "its key is not stored. Issue another.",
    PriceSheet: "its lines are not in the history. Add what was deleted again.",
}
# The longest reason of a price sheet.
REASON_LENGTH = 255
AUTOMATIC_COLUMNS = {"author_id", "author_name"}


@dataclass(frozen=True)
class Change:
    """The history rows that one request wrote: of one object, or of all."""

    entry: AuditEntry
    is_action: bool = False

    @property
    def entries(self) -> models.QuerySet[AuditEntry]:
        """Their entries in the audit trail. A proxy may repeat the id of a request: other people's are not meant."""
        entry, rows = self.entry, AuditEntry.objects.filter(history__isnull=False)
        if not entry.request_id:
            return rows.filter(pk=entry.pk)
        rows = rows.filter(request_id=entry.request_id, actor=entry.actor)
        return rows if self.is_action else rows.filter(kind=entry.kind, object_key=entry.object_key)

    @property
    def title(self) -> str:
        made = f"by {self.entry.actor}, {self.entry.at:%Y-%m-%d %H:%M:%S} UTC"
        if self.is_action:
            return f"{count(self.entries.count(), 'change')} {made}"
        return f"change of {self.entry.kind_name} {self.entry.name} {made}"

    def history_of(self, table: type[models.Model]) -> ChangeHistory:
        written = self.entries.filter(kind=table._meta.label_lower).values("history")
        return ChangeHistory(table, models.Q(history_id__in=written))


@dataclass
class UndoneChange(Undone):
    """What an undo wrote, as entries of the audit trail with their values; and what it does to keys and prices."""

    entries: list[tuple[AuditEntry, list[ValueChange]]] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{count(len(self.entries), 'change')} made to undo it"


def undo(change: Change, *, at: dt.datetime, actor: AbstractBaseUser | None, reason: str = "") -> UndoneChange:
    """Undoes the change in one transaction; InputError, and nothing is stored, if it cannot be undone."""
    reason = (reason or f"Undo of the {change.title}")[:REASON_LENGTH]
    try:
        with complete_change(), reason_scope(reason):
            revision.hold()
            return _Undo(change, UndoContext(at, reason, actor)).run()
    except IntegrityError:
        raise InputError(
            "It cannot be undone, because another row has the name or the place that a row would get back."
        ) from None
    except ValidationError as error:
        raise InputError(f"It cannot be undone: {' '.join(error.messages)}") from None


class _Undo:
    def __init__(self, change: Change, context: UndoContext) -> None:
        self.change, self.context = change, context
        self.result = UndoneChange()
        self.histories: dict[type[models.Model], ChangeHistory] = {}
        kinds = set(change.entries.order_by().values_list("kind", flat=True).distinct())
        self.tables = [table for table in ALL_TABLES if table._meta.label_lower in kinds]

    def run(self) -> UndoneChange:
        context, result, newest = self.context, self.result, _newest()
        self.refuse_final()
        for table in self.tables:
            require_reach(context.actor, table, [*self.history_of(table).last])
            self.refuse_conflicts(self.history_of(table))
        relations = [*self.relations()]
        for relation, row, added, _ in relations:
            getattr(row, relation.name).remove(*added)
        for table in self.tables:
            self.restore(table)
        for table in self.tables:
            self.remove(table)
        inserted = [row for table in reversed(self.tables) for row in self.insert(table)]
        for relation, row, _, removed in relations:
            getattr(row, relation.name).add(*removed)
        self.relate(inserted)
        if result.stays:
            raise InputError(f"It cannot be undone, because this was changed since: {result.stays[0]}.")
        written = list(AuditEntry.objects.filter(stream=AuditEntry.Stream.CHANGES, pk__gt=newest).order_by("pk"))
        if not written:
            raise InputError("There is nothing to undo: nothing of this change is in effect any more.")
        self.validate(written)
        require_permissions(context.actor, written)
        values = changes_of(written)
        result.entries = [(entry, values.get(entry.pk, [])) for entry in written]
        return result

    def history_of(self, table: type[models.Model]) -> ChangeHistory:
        if table not in self.histories:
            self.histories[table] = self.change.history_of(table)
        return self.histories[table]

    def refuse_final(self) -> None:
        """Secrets and lines of prices are in no history, so they do not come back."""
        for entry in self.change.entries.filter(kind=Token._meta.label_lower, action__in=FINAL):
            raise InputError(f"{entry.name}: {FINAL[entry.action]}")
        for table, why in NOT_IN_HISTORY.items():
            if table in self.tables and (deleted := self.history_of(table).deleted):
                kind, key = table._meta.label_lower, str(deleted[0])
                entry = self.change.entries.filter(kind=kind, object_key=key).latest("pk")
                raise InputError(f"The deleted {table._meta.verbose_name} {entry.name} cannot come back: {why}")

    def refuse_conflicts(self, history: ChangeHistory) -> None:
        """InputError if the rows have other values than the change gave them."""
        table = history.table
        columns_of_form = (column for column in table._meta.concrete_fields if not is_automatic(column))
        names = {column.attname: column for column in columns_of_form if column.attname not in AUTOMATIC_COLUMNS}
        stored = table._default_manager.in_bulk([*history.created, *history.changed, *history.deleted])
        for key in (*history.created, *history.changed):
            if key not in stored:
                raise _conflict(history, key, f"{table._meta.verbose_name} {key} was deleted")
        for key in {*history.deleted} & stored.keys():
            raise _conflict(history, key, f"{_name(stored[key])} was created")
        moved, known = dict(history.compare_created()), set()
        for key, before, after in history.before_and_after():
            known.add(key)
            if row := stored.get(key):
                moved[key] = [
                    name for name in names if name in after and before[name] != after[name] != getattr(row, name)
                ]
        for key, columns in moved.items():
            for name in columns:
                if name in names:
                    raise _conflict(history, key, f"the {names[name].verbose_name} of {_name(stored[key])} was changed")
        self.refuse_unknown(history, known)

    def refuse_unknown(self, history: ChangeHistory, known: set[int]) -> None:
        """InputError if the earlier values of some rows are no longer in the history."""
        for key in sorted({*history.changed, *history.deleted} - known):
            name = history.table._meta.verbose_name
            raise InputError(f"The earlier values of {name} {key} are no longer in the history.")

    def relations(self) -> Iterator[tuple[Any, Any, list[int], list[int]]]:
        """Relation, row, the related keys that the change added, and those that it removed."""
        for table in self.tables:
            history = self.history_of(table)
            stored = {row.pk: row for row in rows_of(table, [*history.created, *history.changed])}
            for relation, rows in history.relations():
                for key, (before, after) in rows.items():
                    is_created, row = key in history.created, stored.get(key)
                    if row is None:
                        continue
                    current = set(getattr(row, relation.name).values_list("pk", flat=True))
                    # Relations end with a row that is deleted, without a history row of their own.
                    added = (after - before) | (after & {*self.history_of(relation.related_model).created})
                    removed = before - after
                    if current != after if is_created else added - current or removed & current:
                        raise _conflict(history, key, f"the {relation.verbose_name} of {_name(row)} were changed")
                    if not is_created and (added or removed):
                        self.refuse_missing(row, relation, removed)
                        yield relation, row, sorted(added), sorted(removed)

    def refuse_missing(self, row: Any, relation: Any, keys: set[int]) -> None:
        """InputError if the row cannot be related again to rows that were deleted since."""
        table = relation.related_model
        missing = keys - set(table._default_manager.filter(pk__in=keys).values_list("pk", flat=True))
        for key in sorted(missing - {*self.history_of(table).deleted}):
            entry = AuditEntry.objects.filter(kind=table._meta.label_lower, object_key=str(key)).latest("pk")
            raise InputError(
                f"It cannot be undone, because {entry.kind_name} {entry.name} of {_name(row)} was deleted since "
                f"by {entry.actor}, {entry.at:%Y-%m-%d %H:%M:%S} UTC."
            )

    def restore(self, table: type[models.Model]) -> None:
        history = self.history_of(table)
        if table in DATED or table is CurrencyRate:
            scheduled = refuse_past(history, at=self.context.at)
            part = copy(history)
            part.changed, part.deleted = scheduled, []
            restore(part, self.result, self.context.audit)
            history.changed = [key for key in history.changed if key not in {*scheduled}]
        else:
            restore(history, self.result, self.context.audit)

    def remove(self, table: type[models.Model]) -> None:
        history, context, result = self.history_of(table), self.context, self.result
        if table is PriceSheet:
            undo_sheets(self.history_of, result, context)
        elif table is GroupRate:
            undo_rates(self.history_of, result, context)
        elif table is DiscountRule:
            undo_rules(history, context)
        elif table is CurrencyRate:
            undo_currency_rates(history, context)
        else:
            for row, user in find_users(history):
                last = get_history_model_for_model(type(user)) if hasattr(type(user), "history") else None
                entry = last and last.objects.filter(id=user.pk).order_by("history_id").first()
                by = f", created by {entry.actor}, {entry.history_date:%Y-%m-%d %H:%M:%S} UTC" if entry else ""
                raise InputError(f"{_name(row)} cannot be removed: {_name(user)} uses it{by}.")
            remove(history, result, context.audit)

    def insert(self, table: type[models.Model]) -> list[Any]:
        """Inserts the rows that the change deleted."""
        history, audit = self.history_of(table), self.context.audit
        deleted = {*history.deleted}
        columns = {column.attname for column in table._meta.concrete_fields}
        rows: list[Any] = [
            table(**{name: value for name, value in before.items() if name in columns})
            for key, before, _ in history.before_and_after()
            if key in deleted
        ]
        for row in rows:
            if table in DATED and row.starts_at <= self.context.at and not self.comes_back(row):
                raise InputError(f"{_name(row)} would change past prices. Add it again, from now on.")
        insert_with_keys(rows, **audit)
        return rows

    def comes_back(self, row: Any) -> bool:
        """Whether the row that this one belongs to was deleted with it."""
        keys = (column for column in row._meta.concrete_fields if column.is_relation)
        return any(getattr(row, key.attname) in self.history_of(key.related_model).deleted
                   for key in keys if key.related_model in ALL_TABLES)  # fmt: skip

    def relate(self, inserted: Sequence[Any]) -> None:
        """Restores the relations of rows that were deleted: their own, and those of others to them."""
        by_table: dict[Any, list[Any]] = defaultdict(list)
        for row in inserted:
            by_table[type(row)].append(row)
        for table, rows in by_table.items():
            for relation, keys in self.history_of(table).relations():
                for row in rows:
                    existing = relation.related_model._default_manager.filter(pk__in=keys[row.pk][0])
                    getattr(row, relation.name).add(*existing)
            for row in rows:
                for other, relation in _relations_of_others(table):
                    self.relate_others(row, other, relation)

    def relate_others(self, row: Any, other: Any, relation: Any) -> None:
        """Relates the rows again that were related to this one until it was deleted."""
        history: Any = get_history_model_for_model(other)
        deletion = self.history_of(type(row)).model.objects.get(pk=self.history_of(type(row)).last[row.pk])
        is_key = not relation.many_to_many
        earlier = history.objects.filter(history_date__lte=deletion.history_date)
        if is_key:
            naming = earlier.filter(**{relation.attname: row.pk})
        else:
            copies = models.QuerySet[Any](getattr(history, relation.name).model)
            naming = earlier.filter(
                pk__in=copies.filter(**{relation.m2m_reverse_field_name(): row.pk}).values("history")
            )
        keys = set(naming.values_list("id", flat=True))
        for related in other._default_manager.filter(pk__in=keys):
            last = earlier.filter(id=related.pk).order_by("-history_id").first()
            if is_key:
                if getattr(last, relation.attname) == row.pk and getattr(related, relation.attname) is None:
                    setattr(related, relation.attname, row.pk)
                    related.save(update_fields=[relation.name])
            elif row.pk in related_keys(history, relation, [last.pk])[last.pk]:
                getattr(related, relation.name).add(row)

    def validate(self, written: Sequence[AuditEntry]) -> None:
        """Refuses values that a form would refuse, e.g. a name that an alias has now, or a row that was deleted."""
        keys: dict[str, set[int]] = defaultdict(set)
        for entry in written:
            keys[entry.kind].add(int(entry.object_key))
        for table in ALL_TABLES:
            of_table = sorted(keys[table._meta.label_lower])
            require_reach(self.context.actor, table, of_table)
            rows = table._default_manager.filter(pk__in=of_table)
            for column in table._meta.concrete_fields:
                if column.is_relation and (other := column.related_model) in ALL_TABLES:
                    lost = rows.exclude(**{column.attname: None}).exclude(
                        **{f"{column.attname}__in": other._default_manager.order_by().values("pk")}
                    )
                    for row in lost[:1]:
                        raise InputError(
                            f"{table._meta.verbose_name} {row.pk} belongs to a {other._meta.verbose_name} that was "
                            "deleted since."
                        )
            if table in DATED or table is CurrencyRate or table not in self.tables:
                continue
            history, is_renamed = self.history_of(table), self.is_renamed(table)
            for row in rows_of(table, [key for key in of_table if key in history.last]):
                if is_renamed or row.pk in history.deleted:
                    row.full_clean()

    def is_renamed(self, table: type[models.Model]) -> bool:
        """Whether rows get earlier names."""
        names = {column.attname for column in table._meta.concrete_fields if column.unique or column.name == "name"}
        return any(
            before[name] != after[name]
            for _, before, after in self.history_of(table).before_and_after()
            for name in names & before.keys()
        )


def _relations_of_others(table: type[models.Model]) -> Iterator[tuple[Any, Any]]:
    """Tables with history, and their relations to this one that its deletion ends without deleting them."""
    for other in ALL_TABLES:
        for relation in (*other._meta.concrete_fields, *other._meta.many_to_many):
            key: Any = relation
            if key.is_relation and key.related_model is table and (key.many_to_many or _is_emptied(other, key)):
                yield other, key


def _is_emptied(table: type[models.Model], key: Any) -> bool:
    """Whether a deletion empties this key, and its history has it."""
    tracked = {column.name for column in get_history_model_for_model(table).tracked_fields}
    return key.remote_field.on_delete is SET_NULL and key.name in tracked


def _newest() -> int:
    return AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _name(row: models.Model) -> str:
    return f"{row._meta.verbose_name} {row}"


def _conflict(history: ChangeHistory, key: int, what: str) -> InputError:
    """The refusal that names who changed the row since, and when."""
    later = history.model.objects.filter(id=key, history_id__gt=history.last[key])
    last = later.order_by("-history_id").first()
    who = f" by {last.actor}, {last.history_date:%Y-%m-%d %H:%M:%S} UTC" if last else ""
    return InputError(f"It cannot be undone, because {what} since{who}.")
