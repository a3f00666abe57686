"""Counters in the database, changed by every change that a reader could see.

Caches store rendered bytes under these counters and are never cleared: the next request sees every change, made by any
process on any machine. A counter is raised in the writer's transaction, so that it changes together with the rows, or
not at all. It is raised before the rows are written: all writers queue at this row, so that two writers which change
the same rows in different order cannot deadlock.

`number` counts all changes of what can be seen. Each of them also changes the counter of its part, so that a response
is only outdated by changes of what it was built from. Tokens have a counter of their own: issuing a token does not
change what others see. `catalog/db/changes.py` records which models each number is about.

Each change has a random number, its epoch, and the counter of a part is the epoch of its last change. When a backup is
restored, `number` counts again from an earlier value, and other changes get the numbers that later ones had before; but
no epoch occurs twice, so that no process takes what it remembers of that time for the present.
"""

import secrets
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, TypeVar

from django.apps import apps
from django.db import connection, models, transaction
from django.db.models.signals import m2m_changed, pre_delete, pre_save

from catalog.db import changes
from catalog.db.changes import Version

ROW = 1
# More bits do not fit into a column.
EPOCH_BITS = 62

# Raised with `number`: what lists contain, what it costs, and how often it is used.
MODELS, PRICES, POPULARITY = "models", "prices", "popularity"
# Raised with no other counter: changes that only plans depend on.
NUMBER = "number"
# Raised alone.
PERMISSIONS = "permissions"

M = TypeVar("M", bound=models.Model)
# Finds the keys of the models that a change is about; None: it may be about all of them.
About = Callable[[], Collection[int] | None]


class Counters(NamedTuple):
    """The counters at one moment; all 0 before the first change. Only numbers can be compared by size."""

    number: int = 0
    epoch: int = 0
    models: int = 0
    prices: int = 0
    popularity: int = 0
    permissions: int = 0


def version_of(counters: Counters) -> Version:
    """The state of everything but permissions."""
    return Version(counters.number, counters.epoch)


def _table() -> Any:
    """The model, found by name because catalog/models imports this module."""
    return apps.get_model("catalog", "Revision")


def read() -> Counters:
    """The counters now; all 0 before the first change."""
    row = _table().objects.filter(pk=ROW).values(*Counters.__annotations__).first()
    return Counters(**(row or {}))


def current() -> int:
    """The number of all changes; 0 before the first one. Caches use `version` instead."""
    return read().number


def version() -> Version:
    """The state of everything but permissions."""
    return version_of(read())


def bump(counter: str = MODELS, *, about: Collection[int] | None = None) -> None:
    """Raises a counter, and `number` with that of a part, in the caller's transaction.

    `about` are the keys of the models that the change is about; None: it may be about all of them.
    """
    _bump(counter, lambda: about)


def _bump(counter: str, about: About) -> None:
    version = _raise(counter)
    if counter != PERMISSIONS:
        changes.record(version, counter, about())


# Counter -> what a change of it sets; the parameters are all the epoch of the change.
RAISED: Mapping[str, str] = {
    PERMISSIONS: "permissions = %s",
    NUMBER: "number = number + 1, epoch = %s",
    MODELS: "number = number + 1, epoch = %s, models = %s",
    PRICES: "number = number + 1, epoch = %s, prices = %s",
    POPULARITY: "number = number + 1, epoch = %s, popularity = %s",
}


def _raise(counter: str) -> Version:
    """Raises the counter; returns the version that begins with it."""
    table = connection.ops.quote_name(_table()._meta.db_table)
    raised, epoch = RAISED[counter], secrets.randbits(EPOCH_BITS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {raised} WHERE id = %s RETURNING number",  # noqa: S608
            [epoch] * raised.count("%s") + [ROW],
        )
        row = cursor.fetchone()
    if row is None:
        # The row is only missing in a flushed test database.
        _table().objects.bulk_create([_table()(pk=ROW)], ignore_conflicts=True)
        return _raise(counter)
    return Version(row[0], epoch)


def hold() -> None:
    """Blocks all other writers until the caller's transaction ends, without raising a counter.

    Call it before reading rows that decide what is written. Locking only those rows would cause a deadlock with a bulk
    change that holds this row and waits for them.
    """
    _table().objects.select_for_update().filter(pk=ROW).first()


class TrackedQuerySet(models.QuerySet[M]):
    """Raises the revision in bulk writes, which send no signals."""

    def update(self, **values: Any) -> int:
        with transaction.atomic(using=self.db):
            bump_for(self.model, lambda: changes.models_of_query(self, values))
            return super().update(**values)

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[M]:
        rows = list(objs)
        with transaction.atomic(using=self.db):
            bump_for(self.model, lambda: changes.models_of(rows))
            return super().bulk_create(rows, *args, **kwargs)


def bump_for(model: type[models.Model], about: About) -> None:
    """Raises the counter of this class of rows, for a change that is about the models that `about` finds.

    It looks for them when all other writers have ended: until then, they may move rows from one model to another.
    """
    _bump(getattr(model, "revision_counter", MODELS), about)


class LockedModel(models.Model):
    """A row that is written under the lock of the revision, so that its changes have one order."""

    # The columns, also of rows that it refers to, e.g. model__name, that name the row in the audit trail.
    named_by: tuple[str, ...] = ("name",)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        # Otherwise, outside a transaction, the lock would end before the row is written.
        with transaction.atomic():
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            return super().delete(*args, **kwargs)


class TrackedModel(LockedModel):
    """A row that readers can see: saving or deleting it raises the revision in the same transaction."""

    # The counter that a change raises.
    revision_counter = MODELS
    # The path from a row to the key of the one model that it is about, e.g. model_id; empty: it may be about all.
    about_model = ""

    class Meta:
        abstract = True


def _bump_for_row(instance: models.Model, **_: Any) -> None:
    bump_for(type(instance), lambda: changes.models_of([instance]))


def _hold_for_row(**_: Any) -> None:
    hold()


def _bump_for_relation(counter: str) -> Any:
    def bump_it(action: str, **_: Any) -> None:
        if not action.startswith("post_"):
            bump(counter)

    return bump_it


def track(*senders: type[models.Model], counter: str = MODELS) -> None:
    """Makes saves, deletes and relation changes of these models (or many-to-many tables) raise the revision.

    Those of a LockedModel that is not tracked take its lock.

    `counter` is that of the many-to-many tables; models name theirs in `revision_counter`.
    """
    for sender in senders:
        label = sender._meta.label
        if issubclass(sender, TrackedModel):
            # Django's base manager would write relations (vendor.models.add) without the queryset class above.
            sender._meta.base_manager_name = "objects"
            pre_save.connect(_bump_for_row, sender=sender, dispatch_uid=f"revision-save-{label}")
            pre_delete.connect(_bump_for_row, sender=sender, dispatch_uid=f"revision-delete-{label}")
        elif issubclass(sender, LockedModel):
            pre_save.connect(_hold_for_row, sender=sender, dispatch_uid=f"revision-save-{label}")
            pre_delete.connect(_hold_for_row, sender=sender, dispatch_uid=f"revision-delete-{label}")
        else:
            m2m_changed.connect(
                _bump_for_relation(counter), sender=sender, weak=False, dispatch_uid=f"revision-m2m-{label}"
            )
