"""Pruning removes old events with their deliveries, and not those that a webhook still waits for."""

import datetime as dt

import pytest
from django.utils import timezone

from pricing.retention import pruning
from pricing.retention.pruning import prune
from tests import world
from tokens.models import Delivery, Event

pytestmark = pytest.mark.django_db


def test_old_events_are_removed_with_their_deliveries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "PAUSE", 0)
    now = timezone.now()
    webhook = world.webhook()
    rows = {
        name: world.delivery(webhook, state=state, next_attempt_at=now if state == "pending" else None)
        for name, state in (
            ("waiting", "pending"), ("delivered", "delivered"), ("dead", "dead"), ("cancelled", "cancelled"),
            ("a notice", "delivered"), ("new", "delivered"),
        )
    }  # fmt: skip
    Event.objects.exclude(pk=rows["new"].event.pk).update(at=now - dt.timedelta(days=100))
    # It would be sent again if it were removed.
    Event.objects.filter(pk=rows["a notice"].event.pk).update(at=now - dt.timedelta(days=59))

    removed = {part.kind: part.rows for part in prune(at=now, keep=dt.timedelta(days=7), actor="me")}

    assert removed["events"] == 3
    left = {rows[name].pk for name in ("waiting", "a notice", "new")}
    assert set(Delivery.objects.values_list("pk", flat=True)) == left
    assert Event.objects.count() == 3
