"""A number in the database, raised by every change that a reader could see.

Caches store rendered bytes under this number and are never cleared: the next request sees every change, made by any
process on any machine. The number is raised in the writer's transaction, so that it changes together with the rows, or
not at all. It is raised before the rows are written: all writers queue at this row, so that two writers which change
the same rows in different order cannot deadlock.

Tokens have a counter of their own in the same row: issuing a token does not change what the others see.
"""

from typing import Any, TypeVar

from django.apps import apps
from django.db import models, transaction
from django.db.models.signals import m2m_changed, pre_delete, pre_save

ROW = 1

M = TypeVar("M", bound=models.Model)


def _table() -> Any:
    """The model, found by name because catalog/models imports this module."""
    return apps.get_model("catalog", "Revision")


def current() -> int:
    """The catalog's revision; 0 before the first change."""
    return _table().objects.filter(pk=ROW).values_list("number", flat=True).first() or 0


def bump(counter: str = "number") -> None:
    """Raises the revision (or the counter of permissions) in the caller's transaction."""
    # The row is only missing in a flushed test database, where the first change creates it.
    if not _table().objects.filter(pk=ROW).update(**{counter: models.F(counter) + 1}):
        _table().objects.update_or_create(
            pk=ROW, defaults={counter: models.F(counter) + 1}, create_defaults={counter: 1}
        )


def hold() -> None:
    """Blocks all other writers until the caller's transaction ends, without raising the revision.

    Call it before reading rows that decide what is written. Locking only those rows would cause a deadlock with a bulk
    change that holds this row and waits for them.
    """
    _table().objects.select_for_update().filter(pk=ROW).first()


def _bump_on_signal(action: str = "", **_: Any) -> None:
    if not action.startswith("post_"):
        bump()


def _bump_permissions_on_signal(action: str = "", **_: Any) -> None:
    if not action.startswith("post_"):
        bump("permissions")


class TrackedQuerySet(models.QuerySet[M]):
    """Raises the revision in bulk writes, which send no signals."""

    def update(self, **values: Any) -> int:
        with transaction.atomic(using=self.db):
            bump(counter_of(self.model))
            return super().update(**values)

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[M]:
        with transaction.atomic(using=self.db):
            bump(counter_of(self.model))
            return super().bulk_create(objs, *args, **kwargs)


def counter_of(model: type[models.Model]) -> str:
    """The counter that a change to this model raises."""
    return getattr(model, "revision_counter", "number")


class TrackedModel(models.Model):
    """A row that readers can see: saving or deleting it raises the revision in the same transaction."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        # Otherwise, outside a transaction, the number would be committed before the row is written.
        with transaction.atomic():
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            return super().delete(*args, **kwargs)


def track(*senders: type[models.Model], counter: str = "number") -> None:
    """Makes saves, deletes and relation changes of these models (or many-to-many tables) raise the revision."""
    raise_it = _bump_on_signal if counter == "number" else _bump_permissions_on_signal
    for sender in senders:
        if issubclass(sender, TrackedModel):
            # Django's base manager would write relations (vendor.models.add) without the queryset class above.
            sender._meta.base_manager_name = "objects"
        pre_save.connect(raise_it, sender=sender, dispatch_uid=f"revision-save-{sender._meta.label}")
        pre_delete.connect(raise_it, sender=sender, dispatch_uid=f"revision-delete-{sender._meta.label}")
        m2m_changed.connect(raise_it, sender=sender, dispatch_uid=f"revision-m2m-{sender._meta.label}")
