"""Deletes many rows, and those that belong to them, with few statements, and restores them; what prevents it.

Django reads each of them, and writes a history row and raises a counter for each.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db import models, transaction
from django.db.models import ProtectedError

from catalog.db.bulk import KEYS, BulkWriter, batches, write_history
from catalog.db.changes import models_of, models_of_query
from catalog.db.revision import TrackedModel, bump, bump_for, hold
from catalog.error_messages import count
from catalog.operators.permissions import may_write

# Why nobody may delete rows that people can only view.
WRITTEN_BY_SOFTWARE = "Only the software writes and removes them."


def relations_to(model: type[models.Model]) -> Iterator[Any]:
    """The foreign keys to rows of this class, except those that a deletion does not look at."""
    relations: Iterable[Any] = model._meta.get_fields(include_hidden=True)
    for relation in relations:
        is_key = relation.auto_created and not relation.concrete and (relation.one_to_one or relation.one_to_many)
        if is_key and relation.on_delete is not models.DO_NOTHING:
            yield relation


def delete_with_history(rows: models.QuerySet[Any]) -> int:
    """Deletes the rows of a queryset in one transaction; returns their number.

    ProtectedError, and nothing is deleted, if other rows need them.
    """
    with transaction.atomic():
        hold()
        keys = list(dict.fromkeys(rows.order_by().values_list("pk", flat=True)))
        _delete(rows.model, keys)
    return len(keys)


def _delete(model: type[models.Model], keys: Sequence[Any]) -> None:
    for batch in batches(keys, KEYS):
        for relation in relations_to(model):
            related = models.QuerySet[Any](relation.related_model).filter(**{f"{relation.field.name}__in": batch})
            if relation.on_delete is models.CASCADE:
                _delete(relation.related_model, list(related.values_list("pk", flat=True)))
            elif relation.on_delete is models.SET_NULL:
                related.update(**{relation.field.name: None})
            elif related.exists():
                raise ProtectedError(f"Other rows need these {model._meta.verbose_name_plural}.", set(related[:20]))
        rows = models.QuerySet[Any](model).filter(pk__in=batch)
        if issubclass(model, TrackedModel):
            bump_for(model, partial(models_of_query, rows, {}))
        if hasattr(model, "history"):
            write_history(model, batch, kind="-")
        rows._raw_delete(rows.db)  # noqa: SLF001


@dataclass
class Obstacles:
    """What prevents the deletion of some rows."""

    # Sentences about rows that nobody may delete, and about those that need the deleted ones.
    protected: list[str] = field(default_factory=list)
    # The tables with rows that would be deleted, too, and that the operator may not delete.
    forbidden: list[type[models.Model]] = field(default_factory=list)

    def add(self, rows: models.QuerySet[Any], operator: Any, *, at: dt.datetime) -> None:
        """Looks at these rows, and at those that the database would delete with them."""
        table: Any = rows.model
        if (found := undeletable(rows, at=at)) and (number := found.count()):
            self.protected.append(f"{count_rows(table, number)}. {table.why_undeletable}")
        # Rows without pages of their own belong to others.
        elif admin.site.is_registered(table) and not may_write(operator, "delete", table):
            self.forbidden.append(table)
        for relation in relations_to(table):
            keys = rows.order_by().values("pk")
            related = relation.related_model._default_manager.filter(**{f"{relation.field.name}__in": keys})
            if relation.on_delete is models.SET_NULL or not related.exists():
                continue
            if relation.on_delete is models.CASCADE:
                self.add(related, operator, at=at)
            else:
                self.protected.append(f"Still used by {count_rows(related.model, related.count())}.")


def find_obstacles(rows: models.QuerySet[Any], operator: Any, *, at: dt.datetime) -> Obstacles:
    """What prevents this operator from deleting the rows."""
    obstacles = Obstacles()
    obstacles.add(rows, operator, at=at)
    return obstacles


def undeletable(rows: models.QuerySet[Any], *, at: dt.datetime) -> models.QuerySet[Any] | None:
    """Those of the rows that nobody may delete, if their table has such rows."""
    find = getattr(rows, "undeletable", None)
    return None if find is None else find(at=at)


def count_rows(table: type[models.Model], number: int) -> str:
    """1 price sheet; 2 price sheets"""
    return count(number, str(table._meta.verbose_name), str(table._meta.verbose_name_plural))


@dataclass
class Deleted:
    """Deleted rows with those that belonged to them, and references that became empty; as JSON."""

    # Label of a table -> the columns of its rows.
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    # Label of a table -> column, key of the row, and the key that it had there.
    references: dict[str, list[tuple[str, int, int]]] = field(default_factory=dict)

    def extend(self, other: "Deleted") -> None:
        for label, rows in other.rows.items():
            self.rows.setdefault(label, []).extend(rows)
        for label, references in other.references.items():
            self.references.setdefault(label, []).extend(references)

    def as_json(self) -> dict[str, Any]:
        return {"rows": self.rows, "references": self.references}


def delete_recoverably(model: type[models.Model], keys: Sequence[int]) -> Deleted:
    """Deletes rows with their history; returns what `restore_deleted` needs. ProtectedError if other rows need them."""
    deleted = Deleted()
    if keys:
        _collect(model, keys, deleted)
        for batch in batches(keys, KEYS):
            delete_with_history(models.QuerySet[Any](model).filter(pk__in=batch))
    return deleted


def _collect(model: type[models.Model], keys: Sequence[int], deleted: Deleted) -> None:
    label, columns = model._meta.label_lower, [column.attname for column in model._meta.concrete_fields]
    key: Any = model._meta.pk
    rows = deleted.rows.setdefault(label, [])
    seen = {row[key.attname] for row in rows}
    for batch in batches([key for key in keys if key not in seen], KEYS):
        plain = models.QuerySet[Any](model)
        stored = plain.filter(pk__in=batch).order_by("pk").values(*columns)
        rows.extend({name: _as_json(value) for name, value in row.items()} for row in stored)
        for relation in relations_to(model):
            column = relation.field
            others = models.QuerySet[Any](relation.related_model).filter(**{f"{column.name}__in": batch})
            if relation.on_delete is models.CASCADE:
                _collect(relation.related_model, list(others.order_by("pk").values_list("pk", flat=True)), deleted)
            elif relation.on_delete is models.SET_NULL:
                found = others.order_by("pk").values_list("pk", column.attname)
                references = deleted.references.setdefault(relation.related_model._meta.label_lower, [])
                references.extend((column.attname, pk, target) for pk, target in found)


def restore_deleted(
    deleted: Mapping[str, Any], *, reason: str, actor: Any
) -> tuple[dict[type[models.Model], int], list[str]]:
    """Inserts the deleted rows again, with the keys and times that they had, and with history.

    Returns how many of each table, and which stay away: others have their name now, or what they belong to is gone.
    """
    restored: dict[type[models.Model], int] = {}
    left: list[str] = []
    absent: set[tuple[type[models.Model], Any]] = set()
    with transaction.atomic():
        tables = [(apps.get_model(label), rows) for label, rows in deleted.get("rows", {}).items() if rows]
        waiting = list(_parents_first(tables))
        written = []
        for model, rows in waiting:
            instances = [_instance(model, row) for row in rows]
            fitting = list(_fitting(model, instances, left, absent))
            if fitting:
                _insert(model, fitting)
                restored[model] = restored.get(model, 0) + len(fitting)
                written.append((model, [row.pk for row in fitting]))
        for model, keys in written:
            # After all of them, because a history row contains what the row is related to.
            if hasattr(model, "history"):
                write_history(model, keys, kind="+", reason=reason, actor=actor)
        for label, references in deleted.get("references", {}).items():
            model = apps.get_model(label)
            for column, key, target in references:
                _refer(model, column, key, target)
    return restored, left


def _parents_first(
    tables: Sequence[tuple[type[models.Model], list[dict[str, Any]]]],
) -> Iterator[tuple[type[models.Model], list[dict[str, Any]]]]:
    """The tables in an order in which a row comes after those that it refers to."""
    rest = dict(tables)
    while rest:
        for model in list(rest):
            needed = {column.related_model for column in model._meta.concrete_fields if column.is_relation} - {model}
            if needed.isdisjoint(rest):
                yield model, rest.pop(model)


def _instance(model: type[models.Model], row: Mapping[str, Any]) -> models.Model:
    values = {}
    for column in model._meta.concrete_fields:
        value = row.get(column.attname)
        is_moment = isinstance(column, models.DateField) and value is not None
        values[column.attname] = column.to_python(value) if is_moment else value
    return model(**values)


def _fitting(
    model: type[models.Model],
    rows: Sequence[models.Model],
    left: list[str],
    absent: set[tuple[type[models.Model], Any]],
) -> Iterator[models.Model]:
    """The rows that can be inserted; `left` gets the names of the others, without parts of rows that are `absent`."""
    meta: Any = model._meta
    unique = [(column.attname,) for column in meta.concrete_fields if column.unique and not column.primary_key]
    unique += [
        tuple(meta.get_field(name).attname for name in constraint.fields)
        for constraint in meta.constraints
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields and not constraint.condition
    ]
    plain = models.QuerySet[Any](model)
    taken = [(names, set(plain.values_list(*names))) for names in unique]
    parents = [
        (column, set(models.QuerySet[Any](column.related_model).values_list("pk", flat=True)))
        for column in meta.concrete_fields
        if column.is_relation
    ]
    own = {row.pk for row in rows}
    for row in rows:
        is_taken = any(tuple(getattr(row, name) for name in names) in values for names, values in taken)
        is_orphan = is_part = False
        for column, keys in parents:
            target = getattr(row, column.attname)
            if target is not None and target not in keys and not (column.related_model is model and target in own):
                # A row that was deleted with another one is not restored without it.
                is_orphan |= not column.null or column.remote_field.on_delete is models.CASCADE
                is_part |= (column.related_model, target) in absent
                setattr(row, column.attname, None)
        if not (is_taken or is_orphan):
            yield row
            continue
        absent.add((model, row.pk))
        if not is_part:
            left.append(f"{model._meta.verbose_name} {row.pk if is_orphan else row}")


def _insert(model: type[models.Model], rows: Sequence[models.Model]) -> None:
    if issubclass(model, TrackedModel):
        bump_for(model, partial(models_of, rows, may_move=False))
    elif model._meta.auto_created:
        # Relations of tokens to groups decide what keys see.
        bump("permissions")
    BulkWriter(model, list(model._meta.concrete_fields), is_raw=True).insert(rows)


def _refer(model: type[models.Model], column: str, key: int, target: int) -> None:
    """Gives a row the reference that it had, if it has no other one since; none to a row that is not there."""
    related: Any = model._meta.get_field(column.removesuffix("_id")).related_model
    rows = models.QuerySet[Any](model).filter(pk=key, **{column: None})
    if models.QuerySet[Any](related).filter(pk=target).exists():
        if issubclass(model, TrackedModel):
            bump_for(model, partial(models_of, list(rows), may_move=False))
        rows.update(**{column: target})
    else:
        models.QuerySet[Any](model).filter(pk=key, **{column: target}).update(**{column: None})


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value
