"""One number in the database, raised by every change that a reader could see.

Caches hold rendered bytes under this number and are never cleared: a change by anybody, on any machine, is seen by the
next request. It is raised inside the writer's transaction, so new rows never stand under the old number, and a writer
that rolls back takes the raise with it. And it is raised before the rows are written: all writers so queue at this one
row, and two that change the same rows in another order cannot block each other for ever.

Tokens have a counter of their own in the same row: issuing one changes nothing of what the others see.
"""

from typing import Any, TypeVar

from django.apps import apps
from django.db import models, transaction
from django.db.models.signals import m2m_changed, pre_delete, pre_save

ROW = 1

M = TypeVar("M", bound=models.Model)


def _table() -> Any:
    """The model of the one row, by name: catalog/models imports this module."""
    return apps.get_model("catalog", "Revision")


def current() -> int:
    """The catalog's revision; 0 before the first change."""
    return _table().objects.filter(pk=ROW).values_list("number", flat=True).first() or 0


def bump(counter: str = "number") -> None:
    """Raises the revision (or the counter of permissions) in the caller's transaction."""
    # The row is missing only in a flushed test database; there the first change makes it.
    if not _table().objects.filter(pk=ROW).update(**{counter: models.F(counter) + 1}):
        _table().objects.update_or_create(
            pk=ROW, defaults={counter: models.F(counter) + 1}, create_defaults={counter: 1}
        )


def hold() -> None:
    """Keeps all other writers out until the caller's transaction ends, and raises nothing.

    For whoever reads rows, decides, and writes them then: a lock on those rows alone would be taken before this one,
    and a bulk change that has this one and waits for the rows would block with it.
    """
    _table().objects.select_for_update().filter(pk=ROW).first()


def _bump_on_signal(action: str = "", **_: Any) -> None:
    if not action.startswith("post_"):
        bump()


def _bump_permissions_on_signal(action: str = "", **_: Any) -> None:
    if not action.startswith("post_"):
        bump("permissions")


class TrackedQuerySet(models.QuerySet[M]):
    """Raises the revision for the bulk writes, which send no signals."""

    def update(self, **values: Any) -> int:
        with transaction.atomic(using=self.db):
            bump(counter_of(self.model))
            return super().update(**values)

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[M]:
        with transaction.atomic(using=self.db):
            bump(counter_of(self.model))
            return super().bulk_create(objs, *args, **kwargs)


def counter_of(model: type[models.Model]) -> str:
    """The counter that a change of this model raises."""
    return getattr(model, "revision_counter", "number")


class TrackedModel(models.Model):
    """A row that readers see: saving or deleting it raises the revision in the same transaction."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        # Without this, outside a transaction the number would be committed before the row is written.
        with transaction.atomic():
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            return super().delete(*args, **kwargs)


def track(*senders: type[models.Model], counter: str = "number") -> None:
    """Lets saves, deletes and relation changes of these models (or many-to-many tables) raise the revision."""
    raise_it = _bump_on_signal if counter == "number" else _bump_permissions_on_signal
    for sender in senders:
        if issubclass(sender, TrackedModel):
            # Django's own base manager writes relations (vendor.models.add) past the queryset class above.
            sender._meta.base_manager_name = "objects"
        pre_save.connect(raise_it, sender=sender, dispatch_uid=f"revision-save-{sender._meta.label}")
        pre_delete.connect(raise_it, sender=sender, dispatch_uid=f"revision-delete-{sender._meta.label}")
        m2m_changed.connect(raise_it, sender=sender, dispatch_uid=f"revision-m2m-{sender._meta.label}")
