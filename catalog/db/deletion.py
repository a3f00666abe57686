"""Deletes many rows, and those that belong to them, with their history and few statements.

Django reads each of them, and writes a history row and raises a counter for each.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from django.db import models, transaction
from django.db.models import ProtectedError

from catalog.db.bulk import KEYS, batches, write_history
from catalog.db.changes import models_of_query
from catalog.db.revision import TrackedModel, bump_for, hold


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
