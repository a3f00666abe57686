"""Undoes what a change did to rows: changed rows get their earlier values, created rows are removed.

Past prices stay unchanged: a sheet that has taken effect is ended, and a rate is followed by the one before it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import models

from catalog.db.bulk import KEYS, batches, delete_rows, update_rows
from catalog.imports.context import Audit, UndoContext
from catalog.models import AIModel, Channel, CodexProfile, EndpointType, ModelAlias, Offer, Vendor
from pricing.imports.prices.writing import undo_prices
from pricing.imports.undo.histories import ChangeHistory, is_automatic, rows_of
from pricing.models import GroupRate, PopularModel, PriceSheet
from pricing.published.group_rates import write_rates
from tokens.models import ModelRelease, Token, TokenGroup

# What a change did to the rows of a table.
Histories = Callable[[type[models.Model]], ChangeHistory]

# A table comes before the tables that its rows refer to.
TABLES: tuple[type[models.Model], ...] = (
    Token, PopularModel, Offer, ModelRelease, ModelAlias, CodexProfile, PriceSheet, AIModel, GroupRate, TokenGroup,
    Channel, EndpointType, Vendor,
)  # fmt: skip
# Rows that are removed with the row that the change created, although they have taken effect.
PARTS: Mapping[type[models.Model], type[models.Model]] = {AIModel: PriceSheet, TokenGroup: GroupRate}


@dataclass
class Undone:
    """What was undone: counts by kind of row, and sentences about what stays."""

    restored: dict[str, int] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    stays: list[str] = field(default_factory=list)


def restore(history: ChangeHistory, result: Undone, audit: Audit) -> None:
    """Gives changed fields their earlier values, unless they were changed again since."""
    table, deleted = history.table, {*history.deleted}
    changed_rows = [values for values in history.before_and_after() if values[0] not in deleted]
    stored = {row.pk: row for row in rows_of(table, [key for key, _, _ in changed_rows])}
    columns = {column.attname: column for column in table._meta.concrete_fields if not is_automatic(column)}
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


def remove(history: ChangeHistory, result: Undone, audit: Audit) -> None:
    """Removes created rows, unless they were changed since or others refer to them."""
    table = history.table
    stored, edited = rows_of(table, history.created), history.edited_since()
    used = used_among(table, [row.pk for row in stored if row.pk not in edited])
    result.stays += [f"{table._meta.verbose_name} {row}" for row in stored if row.pk in edited or row.pk in used]
    removed = [row for row in stored if row.pk not in edited and row.pk not in used]
    _count(result.removed, table, len(removed))
    for relation in table._meta.many_to_many:
        through: Any = relation.remote_field.through
        for keys in batches([row.pk for row in removed], KEYS):
            through._default_manager.filter(**{f"{relation.m2m_field_name()}__in": keys}).delete()
    delete_rows(removed, **audit)


def undo_sheets(histories: Histories, result: Undone, context: UndoContext) -> None:
    undone = undo_prices(histories(PriceSheet), context, models=sorted(_removable(AIModel, histories)))
    for counts, number in (
        (result.restored, undone.restored),
        (result.removed, undone.removed),
        (result.ended, undone.ended),
    ):
        _count(counts, PriceSheet, number)
    result.stays += undone.stays


def undo_rates(histories: Histories, result: Undone, context: UndoContext) -> None:
    """Writes a rate with the earlier ratio after each one that has taken effect; removes rates of removed groups."""
    history = histories(GroupRate)
    created, groups = set(history.created), _removable(TokenGroup, histories)
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


def _changed_ratios(history: ChangeHistory) -> dict[int, tuple[Decimal, Decimal]]:
    """Group key -> the ratio before and after the change, for rates that it corrected."""
    return {after["group_id"]: (before["ratio"], after["ratio"]) for _, before, after in history.before_and_after()}


def _created_ratios(history: ChangeHistory) -> dict[int, tuple[Decimal, Decimal]]:
    """Group key -> the ratio before and after, for rates that the change created; those of undone runs do not count."""
    ratios, undone = {}, history.created_by_undone_runs()
    for rate in rows_of(GroupRate, history.created):
        earlier = GroupRate.objects.filter(group=rate.group_id, starts_at__lt=rate.starts_at).order_by("-starts_at")
        ratio = next((ratio for key, ratio in earlier.values_list("pk", "ratio") if key not in undone), None)
        ratios[rate.group_id] = (Decimal(1) if ratio is None else ratio, rate.ratio)
    return ratios


def _removable(table: type[models.Model], histories: Histories) -> set[int]:
    """The rows that the change created, nobody has changed, and nothing refers to except their own parts."""
    history = histories(table)
    keys = set(history.created) - history.edited_since()
    return keys - used_among(table, sorted(keys), parts=histories(PARTS[table]).created_by_undone_runs())


def used_among(table: type[models.Model], keys: Sequence[int], *, parts: Collection[int] = ()) -> set[int]:
    """The rows that others refer to: what people or other imports built on them must not be removed with them.

    `parts`: the keys of their parts that are removed with them.
    """
    used: set[int] = set()
    # Pairs of a row and one that refers to it, of this table and both to be removed: a model and its successor.
    inner: set[tuple[int, int]] = set()
    for relation in references_to(table):
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


def find_users(history: ChangeHistory) -> Iterator[tuple[Any, Any]]:
    """Each row that the change created and others refer to, and the first of these others."""
    rows = {row.pk: row for row in rows_of(history.table, history.created)}
    used = used_among(history.table, sorted(rows), parts=())
    for relation in references_to(history.table):
        name = relation.field.name
        others = models.QuerySet[Any](relation.related_model)
        if not hasattr(relation.related_model, "instance_type"):
            for key in sorted(used):
                if other := others.filter(**{name: key}).first():
                    yield rows[key], other
    for relation in history.table._meta.related_objects:
        if relation.many_to_many:
            others = models.QuerySet[Any](relation.related_model)
            for key, row in rows.items():
                if other := others.filter(**{relation.field.name: key}).first():
                    yield row, other


def references_to(table: type[models.Model]) -> list[Any]:
    """The relations of other rows to this table, also those without a name here, such as the first group of tokens."""
    relations: list[Any] = [
        field for field in table._meta.get_fields(include_hidden=True) if field.auto_created and not field.concrete
    ]
    # A row's own part of a many-to-many relation is removed with it.
    return [relation for relation in relations if not relation.related_model._meta.auto_created]


def _types(model: AIModel) -> Collection[str]:
    return [*model.supported_endpoint_types, *(model.public_endpoint_types or ())]


def _count(counts: dict[str, int], table: type[models.Model], number: int) -> None:
    if number:
        name = str(table._meta.verbose_name_plural)
        counts[name] = counts.get(name, 0) + number
