"""Turns new history rows into events, in the same way for all writers.

`catalog/db/audit.py` calls `take_changes` when it enters history rows, in the transaction of the change. Events are
derived when the change is complete: a price sheet gets its lines, and a new model its offers, after their history rows.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import models, transaction
from django.db.models import Max
from simple_history.utils import get_history_model_for_model

from catalog.db.bulk import KEYS, batches
from catalog.db.history import AUTOMATIC
from catalog.exact import digits
from catalog.models import Vendor
from tokens.events.outbox import Draft, emit_all, subscriptions
from tokens.models import TokenGroup
from tokens.timestamps import format_timestamp

# Table -> the keys of its new history rows, in order.
Gathered = dict[type[models.Model], dict[int, None]]
_gathered: ContextVar[Gathered | None] = ContextVar("gathered", default=None)


@dataclass(frozen=True)
class Change:
    """A row before and after a change: its history rows, None before it was created."""

    before: Any
    after: Any

    @property
    def is_new(self) -> bool:
        return self.before is None and not self.is_deletion

    @property
    def is_deletion(self) -> bool:
        return bool(self.after.history_type == "-")

    def fields(self) -> Iterator[Any]:
        """The fields whose values differ."""
        if self.before is None or self.is_deletion:
            return
        for field in self.after.tracked_fields:
            if field.name not in AUTOMATIC and getattr(self.before, field.attname) != getattr(
                self.after, field.attname
            ):
                yield field

    def related(self, relation: str) -> list[Any]:
        """The keys of the rows that it was related to; the history row of a deletion has none."""
        row = self.before if self.is_deletion and self.before is not None else self.after
        field = next(field for field in row._history_m2m_fields if field.name == relation)  # noqa: SLF001
        copies = getattr(row, relation).model.objects.filter(history=row.history_id)
        return list(copies.values_list(field.m2m_reverse_field_name(), flat=True))


# Turns changes of rows of one table into events.
Derive = Callable[[Sequence[Change]], Iterable[Draft]]
_derive: dict[type[models.Model], tuple[Sequence[str], Derive]] = {}


def derive_with(table: type[models.Model], types: Sequence[str], derive: Derive) -> None:
    """Sets which types of events the changes of a table can be, and how they are derived."""
    _derive[table] = (types, derive)


@contextmanager
def complete_change() -> Iterator[None]:
    """Derives the events of all changes of the block at its end, in its transaction: the block is one change."""
    if _gathered.get() is not None:
        yield
        return
    gathered: Gathered = {}
    with transaction.atomic():
        token = _gathered.set(gathered)
        try:
            yield
        finally:
            _gathered.reset(token)
        _emit(gathered)


@contextmanager
def without_events() -> Iterator[None]:
    """Derives no events of the changes of the block, which are rolled back anyway: a preview."""
    token = _gathered.set({})
    try:
        yield
    finally:
        _gathered.reset(token)


def take_changes(table: type[models.Model], history_keys: Sequence[int]) -> None:
    """Takes new history rows of a table; their events are stored at once, or at the end of `complete_change`."""
    if table not in _derive:
        return
    gathered = _gathered.get()
    if gathered is None:
        _emit({table: dict.fromkeys(history_keys)})
    else:
        gathered.setdefault(table, {}).update(dict.fromkeys(history_keys))


def _emit(gathered: Gathered) -> None:
    """Stores the events of these history rows, if webhooks take them."""
    types = [name for table in gathered for name in _derive[table][0]]
    to = subscriptions(*types) if types else []
    if not to:
        return
    for table, history_keys in gathered.items():
        _, derive = _derive[table]
        for batch in batches(list(history_keys), KEYS):
            emit_all(derive(_read(table, batch)), to=to)


def _read(table: type[models.Model], history_keys: Sequence[int]) -> list[Change]:
    """What changed between the newest of these history rows of each row and the one before all of them."""
    history: Any = get_history_model_for_model(table)
    first, last = dict[Any, Any](), dict[Any, Any]()
    for row in history.objects.filter(history_id__in=history_keys).order_by("history_id"):
        first.setdefault(row.id, row)
        last[row.id] = row
    changed = [key for key, row in first.items() if row.history_type != "+"]
    before = {}
    if changed:
        earlier = history.objects.filter(id__in=changed, history_id__lt=min(history_keys)).order_by()
        newest = earlier.values("id").annotate(newest=Max("history_id")).values("newest")
        before = {row.id: row for row in history.objects.filter(history_id__in=newest)}
    changes = [Change(before.get(key), row) for key, row in last.items()]
    # What was created and deleted by one change was never there; a change of unknown effect is none.
    return [
        change
        for change in changes
        if change.before is not None or (first[change.after.id].history_type == "+" and not change.is_deletion)
    ]


def slugs_of(table: type[Vendor | TokenGroup], keys: Collection[int]) -> dict[int, str]:
    """Key -> slug of these rows, also of those that were deleted, perhaps by the same change."""
    slugs = dict(table.objects.filter(pk__in=keys).values_list("pk", "slug"))
    if gone := set(keys) - slugs.keys():
        slugs |= dict(table.history.filter(id__in=gone, history_type="-").values_list("id", "slug"))
    return slugs


def plain_value(value: Any) -> Any:
    """A value of a column in the form of JSON."""
    match value:
        case dt.datetime():
            return format_timestamp(value)
        case dt.date():
            return value.isoformat()
        case Decimal():
            return digits(value)
        case _:
            return value
