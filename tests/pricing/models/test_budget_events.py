"""Events of budgets: once a period for each amount."""

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone

from pricing.usage.spending import Cost, record
from tests import world
from tests.events import subscribe, take_events
from tokens.models import TokenGroup

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def test_a_budget_is_nearly_spent_and_spent_once_each() -> None:
    token = world.token(budget_amount=Decimal("0.3"), metadata={"customer": "42"})[0]
    subscribe("budget.warning", "budget.spent")
    now = timezone.now()

    def spend(amount: str) -> list[tuple[str, str, str]]:
        record([Cost(token.pk, None, now, Decimal(amount), "USD")])
        return [(name, data["amount"], data["spent"]) for name, data in take_events()]

    assert spend("0.1") == []
    assert spend("0.15") == [("budget.warning", "0.3", "0.25")]
    assert spend("0.01") == []
    assert spend("0.1") == [("budget.spent", "0.3", "0.36")]
    assert spend("0.1") == []


def test_the_data_names_the_token_or_the_group() -> None:
    group = TokenGroup.objects.default()
    group.budget_amount, group.budget_period = Decimal(1), "day"
    group.save()
    token = world.token(budget_amount=Decimal(1), metadata={"customer": "42"})[0]
    subscribe("budget.spent")
    now = timezone.now()

    record([Cost(token.pk, group.pk, now, Decimal(2), "USD")])

    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
    common = {"groups": ["default"], "amount": "1", "currency": "USD", "spent": "2"}
    of_token = {"key_id": token.key_id, "name": "a customer", "metadata": {"customer": "42"}}
    of_group: dict[str, object] = {"key_id": None, "name": None, "metadata": {}}
    assert take_events() == [
        ("budget.spent", {**of_token, **common, "period": "total", "resets_at": None}),
        ("budget.spent", {**of_group, **common, "period": "day", "resets_at": f"{midnight:%Y-%m-%dT%H:%M:%SZ}"}),
    ]
