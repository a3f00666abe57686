"""Events of prices that a change announces, starts or ends."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import AIModel
from catalog.prices import Line, Sheet
from pricing.impact.observing import observe
from pricing.models import PriceSheet
from tests import world
from tests.events import subscribe, take_events
from tokens.timestamps import format_timestamp

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

CONTEXT = {"model": "gpt-4o", "vendor": "openai", "groups": ["default"]}


@pytest.fixture
def model() -> AIModel:
    return world.model(vendor=world.vendor())


@pytest.fixture(autouse=True)
def _webhook(model: AIModel) -> None:
    subscribe("price.announced", "price.in_force", "price.ended")


def write(model: AIModel, amount: str, *, starts_at: dt.datetime, role: str = "sell", **sheet: Any) -> PriceSheet:
    price = Sheet(lines=(Line("input", Decimal(amount), 1_000_000, "token"),), currency="USD", **sheet)
    return PriceSheet.objects.write([(model.pk, price)], role=role, starts_at=starts_at)[0]


def written(sheet: PriceSheet, amount: str) -> dict[str, Any]:
    line = {"meter": "input", "kind": "absolute", "amount": amount, "per": 1_000_000, "unit": "token", "conditions": []}
    starts_at, ends_at = (at and format_timestamp(at) for at in (sheet.starts_at, sheet.ends_at))
    return {"sheet": sheet.pk, "currency": "USD", "starts_at": starts_at, "ends_at": ends_at, "lines": [line]}


def test_a_price_of_now_is_announced_and_in_force_with_the_one_before_it(model: AIModel) -> None:
    first = write(model, "0.1", starts_at=timezone.now() - dt.timedelta(days=1))
    take_events()
    sheet = write(model, "0.300000000000000000000000000001", starts_at=timezone.now())

    before, after = written(first, "0.1"), written(sheet, "0.300000000000000000000000000001")
    context = {**CONTEXT, "sheet": sheet.pk, "role": "sell"}
    assert take_events() == [
        ("price.announced", {**context, "action": "set", "at": after["starts_at"], "before": before, "after": after}),
        ("price.in_force", {**context, "before": before, "after": after}),
    ]


def test_a_scheduled_price_is_announced_ended_and_withdrawn(model: AIModel) -> None:
    now = timezone.now()
    sheet = write(model, "1", starts_at=now + dt.timedelta(days=1))
    after = written(sheet, "1")
    context = {**CONTEXT, "sheet": sheet.pk, "role": "sell"}
    assert take_events() == [
        ("price.announced", {**context, "action": "set", "at": after["starts_at"], "before": None, "after": after})
    ]

    sheet.ends_at = now + dt.timedelta(days=2)
    sheet.save()
    ended = written(sheet, "1")
    assert take_events() == [
        ("price.announced", {**context, "action": "ended", "at": ended["ends_at"], "before": ended, "after": None})
    ]

    PriceSheet.objects.all().withdraw(now=now)
    data = {**context, "action": "withdrawn", "at": ended["starts_at"], "before": None, "after": None}
    assert take_events() == [("price.announced", data)]


def test_a_price_that_ends_now_has_ended_and_the_one_before_it_is_current_again(model: AIModel) -> None:
    now = timezone.now()
    first = write(model, "1", starts_at=now - dt.timedelta(days=2))
    sheet = write(model, "2", starts_at=now - dt.timedelta(days=1))
    take_events()

    PriceSheet.objects.filter(pk=sheet.pk).end(at=now, now=now)

    (name, _), ended = take_events()
    sheet.refresh_from_db()
    assert name == "price.announced"
    context = {**CONTEXT, "sheet": sheet.pk, "role": "sell"}
    assert ended == ("price.ended", {**context, "before": written(sheet, "2"), "after": written(first, "1")})


def test_what_you_pay_concerns_no_group(model: AIModel) -> None:
    write(model, "1", starts_at=timezone.now(), role="cost")

    assert [data["groups"] for _, data in take_events()] == [[], []]


def test_prices_of_the_past_and_of_deleted_models_are_no_events(model: AIModel) -> None:
    now = timezone.now()
    write(model, "1", starts_at=now - dt.timedelta(days=2), ends_at=now - dt.timedelta(days=1))
    assert take_events() == []

    write(model, "1", starts_at=now + dt.timedelta(days=2))
    take_events()
    with observe(at=now):
        model.delete()
    assert take_events() == []


def test_a_sheet_that_is_saved_before_its_lines_is_complete(model: AIModel) -> None:
    with observe(at=timezone.now()):
        world.price(model, input="1")

    assert [len(data["after"]["lines"]) for _, data in take_events()] == [1, 1]
