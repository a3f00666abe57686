"""/api/pricing/history and /changes: past, current and scheduled prices."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json
from pricing.models import DiscountRule, PriceSheet
from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _now(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{text}T00:00:00+00:00")


def get(client: Client, address: str) -> Any:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content
    return read_json(answer.content)


def test_a_models_history_lists_past_current_and_scheduled_prices(client: Client) -> None:
    model = world.model("openai/gpt-4o")
    world.price(model, role="list", input="5", starts_at=at("2026-01-01"))
    world.price(model, role="list", input="2.5", starts_at=at("2026-03-01"))
    world.price(model, role="list", input="2.5", starts_at=at("2026-04-01"))
    world.price(model, role="cost", input="1", starts_at=at("2026-05-01"))
    world.price(model, role="sell", input="2", starts_at=at("2026-12-01"))
    history = get(client, "/api/pricing/history/openai/gpt-4o")["data"]
    assert history["model_name"] == "openai/gpt-4o"
    prices = [
        (period["starts_at"], period["ends_at"], period["announced"], period["prices"][0]["amount"])
        for period in history["history"]
    ]
    assert prices == [
        ("2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z", False, 5),
        ("2026-03-01T00:00:00Z", "2026-12-01T00:00:00Z", False, Decimal("2.5")),
        ("2026-12-01T00:00:00Z", None, True, 2),
    ]


def test_a_promotion_begins_and_ends_by_itself(client: Client) -> None:
    model = world.model("gpt-4o")
    world.price(model, role="list", input="5", starts_at=at("2026-01-01"))
    DiscountRule.objects.create(
        all_models=True, multiplier=Decimal("0.5"), starts_at=at("2026-06-01"), ends_at=at("2026-07-01")
    )
    history = get(client, "/api/pricing/history/gpt-4o")["data"]["history"]
    assert [period["discount"] for period in history] == [1, Decimal("0.5"), 1]


def test_a_model_without_a_price_has_an_empty_history_and_a_hidden_one_none(client: Client) -> None:
    world.model("bare")
    world.price(world.model("secret", on=None), input="1")
    assert get(client, "/api/pricing/history/bare")["data"]["history"] == []
    assert client.get("/api/pricing/history/secret").status_code == 404
    error = client.get("/api/pricing/history/none").json()["error"]
    assert (error["code"], error["param"]) == ("model_not_found", "model")


def test_a_first_price_and_a_lost_one_are_changes(client: Client) -> None:
    sheet = world.price(world.model(), input="5", starts_at=at("2026-11-20"))
    PriceSheet.objects.filter(pk=sheet.pk).update(ends_at=at("2026-11-22"))
    changes = get(client, "/api/pricing/changes?kind=price")["data"]
    states = [(change["before"]["pricing_status"], change["after"]["pricing_status"]) for change in changes]
    assert states == [("priced", "unpriced"), ("unpriced", "priced")]


def test_an_invalid_time_is_refused(client: Client) -> None:
    assert client.get("/api/pricing/changes?since=lately").json()["error"]["param"] == "since"


@pytest.mark.parametrize("address", ["changes", "changes.atom", "history/gpt-4o"])
def test_every_address_is_there_with_a_slash_at_the_end_too(client: Client, address: str) -> None:
    world.price(world.model(), input="1")
    answers = [client.get(f"/api/pricing/{address}{end}") for end in ("", "/")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
