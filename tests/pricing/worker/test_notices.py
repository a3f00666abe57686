"""Events that time causes: once each, also if the worker did not run for days."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import AIModel
from pricing.models import PriceSheet
from pricing.worker.notices import emit_due, emit_findings
from tests import world
from tests.events import stored_events, subscribe, take_events
from tokens.models import Event
from tokens.timestamps import format_timestamp

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

CONTEXT = {"model": "gpt-4o", "vendor": "openai", "groups": ["default"]}
NOON = dt.datetime(2030, 6, 15, 12, tzinfo=dt.UTC)


def days(number: float) -> dt.timedelta:
    return dt.timedelta(days=number)


def due(at: dt.datetime) -> list[tuple[str, Any]]:
    """The events that are new at this moment."""
    last = Event.objects.order_by("pk").last()
    emit_due(at=at)
    emit_due(at=at)
    return stored_events()[Event.objects.filter(pk__lte=last.pk).count() if last else 0 :]


@pytest.fixture
def model() -> AIModel:
    return world.model(vendor=world.vendor(), retires_on=NOON.date() + days(40), successor=world.model("gpt-5"))


def test_a_retirement_is_announced_30_7_and_0_days_ahead_and_reported(model: AIModel) -> None:
    subscribe()
    retirement = NOON + days(40)
    data = {**CONTEXT, "retires_on": str(model.retires_on), "successor": "gpt-5"}

    assert due(retirement - days(31)) == []
    assert due(retirement - days(30)) == [("model.retiring", {**data, "days": 30, "notice": 30})]
    assert due(retirement - days(29)) == []
    assert due(retirement - days(7)) == [("model.retiring", {**data, "days": 7, "notice": 7})]
    assert due(retirement) == [("model.retiring", {**data, "days": 0, "notice": 0}), ("model.retired", data)]
    assert due(retirement + days(1)) == []


def test_after_a_pause_only_the_most_urgent_notice_is_sent(model: AIModel) -> None:
    subscribe()
    retirement = NOON + days(40)

    assert [(name, data["days"], data["notice"]) for name, data in due(retirement - days(3))] == [
        ("model.retiring", 3, 7),
    ]  # fmt: skip
    assert [name for name, _ in due(retirement + days(6))] == ["model.retired"]


def test_what_is_long_ago_and_drafts_are_not_reported(model: AIModel) -> None:
    subscribe()
    assert due(NOON + days(47)) == []

    AIModel.objects.all().set_status("draft")
    take_events()
    assert due(NOON + days(33)) == []


def test_a_date_that_moves_is_announced_again(model: AIModel) -> None:
    subscribe("model.retiring")
    assert len(due(NOON + days(10))) == 1

    model.retires_on = NOON.date() + days(42)
    model.save()

    assert [data["days"] for _, data in due(NOON + days(12))] == [30]


def test_a_model_is_deprecated_on_its_day(model: AIModel) -> None:
    model.deprecated_on = NOON.date()
    model.save()
    subscribe("model.deprecated")

    data = {**CONTEXT, "deprecated_on": "2030-06-15", "retires_on": str(model.retires_on), "successor": "gpt-5"}
    assert due(NOON) == [("model.deprecated", data)]


def test_a_token_that_expires_is_announced_30_7_and_1_days_ahead() -> None:
    token = world.token(expires_at=NOON, metadata={"customer": "42"})[0]
    world.token(name="disabled", expires_at=NOON, enabled=False)
    subscribe()

    data = {"key_id": token.key_id, "name": "a customer", "groups": ["default"], "metadata": {"customer": "42"}}
    data["expires_at"] = "2030-06-15T12:00:00Z"
    assert due(NOON - days(30.5)) == []
    assert due(NOON - days(29.5)) == [("token.expiring", {**data, "days": 29, "notice": 30})]
    assert due(NOON - days(7)) == [("token.expiring", {**data, "days": 7, "notice": 7})]
    assert due(NOON - days(0.5)) == [("token.expiring", {**data, "days": 0, "notice": 1})]
    assert due(NOON) == []


def test_a_scheduled_price_takes_effect_and_ends(model: AIModel) -> None:
    world.price(model, input="1")
    starts_at = timezone.now() + days(1)
    sheet = world.price(model, input="0.5", starts_at=starts_at)
    PriceSheet.objects.filter(pk=sheet.pk).update(ends_at=starts_at + days(2))
    subscribe("price.in_force", "price.ended")

    assert due(starts_at - days(0.1)) == []
    ((name, data),) = due(starts_at)
    assert (name, data["sheet"], data["before"]["lines"][0]["amount"]) == ("price.in_force", sheet.pk, "1")
    assert data["after"]["lines"][0]["amount"] == "0.5"
    assert due(starts_at + days(1)) == []

    ((name, data),) = due(starts_at + days(2))
    assert (name, data["before"]["ends_at"]) == ("price.ended", format_timestamp(starts_at + days(2)))
    assert data["after"]["lines"][0]["amount"] == "1"


def test_a_finding_of_the_health_checks_is_reported_once(model: AIModel) -> None:
    world.price(model, role="cost", input="2")
    world.price(model, input="1")
    subscribe("health.found")
    now = timezone.now()

    assert emit_findings(at=now)
    rules = {data["rule"]: data for _, data in stored_events()}
    assert all(data["count"] >= len(data["new"]) > 0 for data in rules.values())
    assert emit_findings(at=now) == 0

    other = world.model("gpt-6", vendor=model.vendor)
    world.price(other, role="cost", input="2")
    world.price(other, input=str(Decimal(1)))
    assert emit_findings(at=now)
    newest = [data for _, data in stored_events()][len(rules) :]
    assert {row["row"] for data in newest for row in data["new"]} == {"gpt-6"}


def test_nothing_is_read_without_a_webhook(model: AIModel, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(5):
        assert emit_due(at=NOON) == emit_findings(at=NOON) == 0
