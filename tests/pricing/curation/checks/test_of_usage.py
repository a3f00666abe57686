"""Health checks of usage: unknown models, and calls whose cost is not known."""

import datetime as dt

import pytest
from django.utils import timezone

from pricing.curation.checks.of_usage import RULES
from pricing.curation.health_checks import run_checks
from pricing.models import UsageEvent
from pricing.usage.events import Event, record_events
from pricing.usage.quantities import read_usage
from tests import world

pytestmark = pytest.mark.django_db


def test_unknown_models_and_unknown_costs_are_found() -> None:
    token, _ = world.token(name="gateway")
    world.price(world.model("known"), input="1", output="1")
    world.model("unpriced")
    now = timezone.now()
    usage = read_usage({"input": 1000})
    events = [
        Event(f"{name} {number}", token.key_id, name, now - dt.timedelta(minutes=number), usage)
        for name in ("absent", "known", "unpriced")
        for number in range(2)
    ]
    record_events(events, reporter=token.pk, reporter_name=token.key_id, at=now)
    found = {
        rule.name: [f"{finding.row}: {finding.problem}" for finding in findings]
        for rule, findings in run_checks(RULES, at=now)
    }
    latest = UsageEvent.objects.filter(name="unpriced").latest("pk")
    assert found == {
        "unknown-model-used": [f"absent on {now:%Y-%m-%d}: 2 calls in the last 30 days"],
        "unpriced-usage": [f"{latest}: the cost of 2 calls in the last 30 days is not known"],
    }
    assert run_checks(RULES, at=now + dt.timedelta(days=32)) == []
