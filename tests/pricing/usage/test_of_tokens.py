"""What the calls of one token used and cost: exact sums by model, day and currency; an unknown cost is none."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from catalog.models import AIModel
from pricing.models import UsageEvent
from pricing.usage.of_tokens import DayUsage, calls_of_token, spending_of_token
from pricing.usage.spending import Cost, record
from tests import world
from tokens.models import Token

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

DAY = dt.date(2026, 11, 29)
NOON = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)


def call(token: Token, model: AIModel | None, cost: str | None, *, at: dt.datetime = NOON, **fields: Any) -> None:
    number = UsageEvent.objects.count()
    UsageEvent.objects.create(
        event_id=f"call-{number}", token=token, key_id=token.key_id, model=model, name=model.name if model else "x",
        at=at, cost=None if cost is None else Decimal(cost), currency="USD" if cost else "", usage={}, **fields,
    )  # fmt: skip


def test_costs_are_exact_sums_by_model_day_and_currency() -> None:
    (token, _), (other, _), model = world.token(), world.token(), world.model("gpt-4o")
    for cost in ("0.1", "0.2", "0.000000000000000000003"):
        call(token, model, cost)
    call(token, model, None)
    call(token, None, None, at=NOON - dt.timedelta(hours=13))
    call(token, model, "1", at=NOON + dt.timedelta(hours=12))
    call(other, model, "7")

    calls = list(calls_of_token(token, since=DAY - dt.timedelta(days=1), until=DAY))

    assert calls == [
        DayUsage(DAY - dt.timedelta(days=1), "x", 1, None, "", 1),
        DayUsage(DAY, "gpt-4o", 1, None, "", 1),
        DayUsage(DAY, "gpt-4o", 3, Decimal("0.300000000000000000003"), "USD", 0),
    ]


def test_the_sums_of_days_stay_without_the_calls() -> None:
    token, group = world.token()[0], world.token_group()
    costs = [Cost(token.pk, group.pk, NOON, Decimal(amount), "USD") for amount in ("0.1", "0.2")]
    record([*costs, Cost(token.pk, group.pk, NOON, None, "")])

    assert list(spending_of_token(token, since=DAY, until=DAY)) == [
        DayUsage(DAY, "", 1, None, "", 1),
        DayUsage(DAY, "", 2, Decimal("0.3"), "USD", 0),
    ]
    assert list(spending_of_token(token, since=DAY + dt.timedelta(days=1), until=DAY + dt.timedelta(days=2))) == []
