"""Deletes many rows, and those that belong to them, with their history and few statements; what prevents it.

Django reads each of them, and writes a history row and raises a counter for each.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.contrib import admin
from django.db import models, transaction
from django.db.models import ProtectedError

from catalog.db.bulk import KEYS, batches, write_history
from catalog.db.changes import models_of_query
from catalog.db.revision import TrackedModel, bump_for, hold
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
