"""Which models each change is about, so that a process renders only these again.

Every raise of the revision's `number` (catalog/db/revision.py) writes one row per model that the change is about, in
the writer's transaction: a process that knows the state of one number and sees a later one asks what lies between. If
the answer is not certain, it is "everything": the log can make a reader slow, but never wrong.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.apps import apps
from django.db import models

# A change that is about more models is recorded as one about all of them.
MAX_MODELS = 500
# A process that is further behind, in numbers, reads everything.
STORED_NUMBERS = 4096
# How often old numbers are deleted, in numbers.
PRUNED_EVERY = 256
# In place of a key: the change is about no model that a reader knows.
NO_MODEL = 0


class Version(NamedTuple):
    """A state of the catalog: the number of its last change, and the random number of that change."""

    number: int
    epoch: int


def _table() -> Any:
    return apps.get_model("catalog", "Change")


def record(version: Version, counter: str, about: Collection[int] | None) -> None:
    """Records that the change to this version is about the models with these keys; None: perhaps about all."""
    number, epoch = version
    keys: Iterable[int | None] = [None] if about is None or len(about) > MAX_MODELS else about or [NO_MODEL]
    table = _table()
    table.objects.bulk_create([table(number=number, epoch=epoch, counter=counter, model=key) for key in keys])
    if number % PRUNED_EVERY == 0:
        table.objects.filter(number__lte=number - STORED_NUMBERS).delete()


def models_changed(*, since: Version, until: Version, counters: Collection[str]) -> frozenset[int] | None:
    """The keys of the models that the changes after `since` up to `until` of these counters are about.

    Also keys of models that no longer exist. None: every model may have changed, or the log does not say. Read both
    versions and call this in one snapshot, or `until` before the rows that you then read.
    """
    if since.number > 0 and since == until:
        return frozenset()
    if not 0 < since.number < until.number or until.number - since.number > STORED_NUMBERS:
        return None
    rows = list(
        _table()
        .objects.filter(number__gte=since.number, number__lte=until.number)
        .values_list("number", "epoch", "counter", "model")
    )
    versions = {Version(number, epoch) for number, epoch, _, _ in rows}
    if since not in versions or until not in versions or len(versions) <= until.number - since.number:
        # A number is missing: it was pruned, or raised by hand. Or a version is older than a restored backup.
        return None
    keys = {key for number, _, counter, key in rows if number > since.number and counter in counters}
    return None if None in keys else frozenset(keys - {NO_MODEL})


def models_of(rows: Sequence[models.Model], *, may_move: bool = True) -> frozenset[int] | None:
    """The keys of the models that these rows, of one class, are about; None: perhaps all.

    If rows `may_move` from one model to another, those that the stored rows are about are included.
    """
    if not rows:
        return frozenset()
    path = getattr(type(rows[0]), "about_model", "")
    if not path or len(rows) > MAX_MODELS:
        return None
    stored = [row.pk for row in rows if row.pk is not None]
    if path == "pk":
        # A new model is listed only when it gets an offer, and that is a change of its own.
        return frozenset(stored)
    name, _, rest = path.partition("__")
    field: Any = type(rows[0])._meta.get_field(name)
    targets = {key for row in rows if (key := getattr(row, field.attname)) is not None}
    if rest:
        targets = set(_default(field.related_model).filter(pk__in=targets).values_list(rest, flat=True))
    if may_move and stored:
        targets.update(_default(type(rows[0])).filter(pk__in=stored).values_list(path, flat=True))
    return frozenset(targets - {None})


def _default(model: Any) -> "models.QuerySet[Any]":
    rows: models.QuerySet[Any] = model._default_manager.all()
    return rows


def models_of_query(rows: "models.QuerySet[Any]", values: Mapping[str, Any]) -> frozenset[int] | None:
    """The keys of the models that the rows of a queryset are about, before they get these values."""
    path = getattr(rows.model, "about_model", "")
    name = path.partition("__")[0]
    if not path or not {name, f"{name}_id"}.isdisjoint(values) or rows.query.is_sliced:
        return None
    keys = set(rows.order_by().values_list(path, flat=True).distinct()[: MAX_MODELS + 1])
    return None if len(keys) > MAX_MODELS else frozenset(keys - {None})
