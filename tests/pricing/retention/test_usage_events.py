"""Pruning removes old usage events and leaves their sums; an id that may still be repeated stays."""

import datetime as dt

import pytest
from django.utils import timezone

from pricing.models import Spending, UsageCount, UsageEvent
from pricing.retention import pruning
from pricing.retention.pruning import prune
from pricing.usage.events import OLDEST, Event, record_events
from pricing.usage.quantities import read_usage
from tests import world

pytestmark = pytest.mark.django_db


def test_old_events_are_removed_and_their_sums_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "PAUSE", 0)
    token, _ = world.token()
    world.price(world.model(), input="1", output="1")
    now, usage = timezone.now(), read_usage({"input": 1000})
    for days in (1, 31, 33, 100):
        at = now - dt.timedelta(days=days)
        event = Event(f"{days} days ago", token.key_id, "gpt-4o", at, usage)
        record_events([event], reporter=token.pk, reporter_name=token.key_id, at=at)
    assert OLDEST.days == 31
    sums = [list(table.objects.order_by("day").values()) for table in (Spending, UsageCount)]

    removed = {part.kind: part.rows for part in prune(at=now, keep=dt.timedelta(days=7), actor="me", dry_run=True)}
    assert removed["usage events"] == 2
    prune(at=now, keep=dt.timedelta(days=7), actor="me")

    assert set(UsageEvent.objects.values_list("event_id", flat=True)) == {"1 days ago", "31 days ago"}
    assert [list(table.objects.order_by("day").values()) for table in (Spending, UsageCount)] == sums
