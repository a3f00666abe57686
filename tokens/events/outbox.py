"""Stores events with their deliveries, in the transaction of what they are about.

So an event is never sent of something that was rolled back, and never lost once it is committed. An event that no
enabled webhook takes is not stored.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from catalog.db.bulk import BATCH, BulkWriter, batches
from catalog.exact import write_json
from tokens.models import Delivery, Event, Webhook


@dataclass(frozen=True)
class Draft:
    """An event that is not stored yet; `data` contains texts instead of Decimals and no secret."""

    type: str
    data: Mapping[str, Any]
    # Slugs of the vendors and names of the groups that it concerns.
    vendors: Collection[str] = ()
    groups: Collection[str] = ()
    # A second event with the same key is not stored.
    key: str = ""


@dataclass(frozen=True)
class Subscription:
    """What one enabled webhook takes. None: everything."""

    webhook: int
    types: frozenset[str] | None
    vendors: frozenset[str] | None
    groups: frozenset[str] | None

    def takes(self, draft: Draft) -> bool:
        return (
            self.takes_type(draft.type)
            and (self.vendors is None or not self.vendors.isdisjoint(draft.vendors))
            and (self.groups is None or not self.groups.isdisjoint(draft.groups))
        )

    def takes_type(self, name: str) -> bool:
        return self.types is None or name in self.types


def subscriptions(*types: str) -> list[Subscription]:
    """Those that take events of one of these types."""
    rows = Webhook.objects.filter(enabled=True).order_by("pk")
    found = []
    for row in rows.only("pk", "events", "is_limited_to_vendors", "is_limited_to_groups"):
        subscription = Subscription(
            webhook=row.pk,
            types=frozenset(row.events) or None,
            vendors=frozenset(row.vendors.values_list("slug", flat=True)) if row.is_limited_to_vendors else None,
            groups=frozenset(row.groups.values_list("slug", flat=True)) if row.is_limited_to_groups else None,
        )
        if any(map(subscription.takes_type, types)):
            found.append(subscription)
    return found


def emit(
    type: str,  # noqa: A002
    data: Mapping[str, Any],
    *,
    vendors: Collection[str] = (),
    groups: Collection[str] = (),
    key: str = "",
    at: dt.datetime | None = None,
) -> Event | None:
    """Stores one event for the webhooks that take it; None if none does, or if there is one with this key."""
    events = emit_all([Draft(type, data, vendors, groups, key)], at=at)
    return events[0] if events else None


def emit_all(
    drafts: Iterable[Draft],
    *,
    at: dt.datetime | None = None,
    to: Sequence[Subscription] | None = None,
) -> list[Event]:
    """Stores events that happened at one moment, by default now; `to` are the subscriptions, if they are known."""
    drafts = list(drafts)
    if to is None:
        to = subscriptions(*{draft.type for draft in drafts})
    taken = [(draft, takers) for draft in drafts if (takers := [each.webhook for each in to if each.takes(draft)])]
    return _store(taken, at=at or timezone.now())


def send_to(webhook: Webhook, type: str, data: Mapping[str, Any], *, at: dt.datetime) -> Event:  # noqa: A002
    """Stores an event for one webhook alone, whatever it takes: a test."""
    return _store([(Draft(type, data), [webhook.pk])], at=at)[0]


def _store(taken: Sequence[tuple[Draft, Sequence[int]]], *, at: dt.datetime) -> list[Event]:
    if not taken:
        return []
    rows = [
        Event(
            type=draft.type,
            at=at,
            data=write_json(draft.data).decode(),
            vendors=sorted(draft.vendors),
            groups=sorted(draft.groups),
            key=draft.key or None,
        )
        for draft, _ in taken
    ]
    with transaction.atomic():
        new = _insert(rows)
        takers = {event.event_id: webhooks for event, (_, webhooks) in zip(rows, taken, strict=True)}
        deliveries = [
            Delivery(event=event, webhook_id=webhook, next_attempt_at=at)
            for event in new
            for webhook in takers[event.event_id]
        ]
        _writer(Delivery).insert(deliveries)
    return new


def _insert(rows: Sequence[Event]) -> list[Event]:
    """Inserts events, without those whose key another one has; returns the inserted ones with their primary keys."""
    keyed = [row for row in rows if row.key is not None]
    plain = [row for row in rows if row.key is None]
    _writer(Event).insert(plain)
    # Two processes may find the same reason at the same time.
    Event.objects.bulk_create(keyed, ignore_conflicts=True)
    stored: dict[str, int] = {}
    for batch in batches([row.event_id for row in keyed], BATCH):
        stored |= dict(Event.objects.filter(event_id__in=batch).values_list("event_id", "pk"))
    new = [*plain]
    for row in keyed:
        if row.event_id in stored:
            row.pk = stored[row.event_id]
            new.append(row)
    return new


def _writer(table: type[Event | Delivery]) -> BulkWriter:
    return BulkWriter(table, [field for field in table._meta.concrete_fields if not field.primary_key])
