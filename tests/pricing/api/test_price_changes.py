"""/api/pricing/changes for programs that poll it: no change is missed, and nothing else is listed."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json
from catalog.models import AIModel
from pricing.models import DiscountRule, PriceSheet
from pricing.published.changes import listing
from tests import world
from tests.pricing.imports.running import run
from tests.samples import sample

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
ADDRESS = "/api/pricing/changes"
YESTERDAY = "2026-11-22T12:00:00Z"


@pytest.fixture(autouse=True)
def _now(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{text}T00:00:00+00:00")


def price(model: AIModel, amount: str, starts: str, *, known: str = "", **fields: Any) -> PriceSheet:
    """A sheet that was recorded on the day on which it begins, or on another one."""
    sheet = world.price(model, role="list", input=amount, starts_at=at(starts))
    PriceSheet.objects.filter(pk=sheet.pk).update(created_at=at(known or starts), **fields)
    return sheet


def get(client: Client, **query: str) -> Any:
    """Prices alone; test_lifecycle_changes.py is about the other kinds."""
    answer = client.get(ADDRESS, {"kind": "price,retired"} | query)
    assert answer.status_code == 200, answer.content
    return read_json(answer.content)


def news(body: Any) -> list[tuple[str, str, str]]:
    return [(change["model_name"], change["at"][:10], change["told_at"][:10]) for change in body["data"]]


def test_the_latest_news_is_first(client: Client) -> None:
    for name in ("a", "b"):
        model = world.model(name)
        price(model, "5", "2026-01-01")
        price(model, "3", "2026-11-20")
    price(model, "1", "2026-12-24", known="2026-11-21")
    document = get(client, since="2026-11-01")
    assert news(document) == [
        ("b", "2026-12-24", "2026-11-21"),
        ("a", "2026-11-20", "2026-11-20"),
        ("b", "2026-11-20", "2026-11-20"),
    ]
    assert [change["announced"] for change in document["data"]] == [True, False, False]
    assert [change["before"]["prices"][0]["amount"] for change in document["data"]] == [3, 5, 5]
    assert (document["complete"], document["next"]) == (True, None)
    assert get(client)["data"] == document["data"]


def test_a_price_recorded_later_for_earlier_is_not_missed(client: Client) -> None:
    model = world.model()
    price(model, "5", "2026-01-01")
    price(model, "3", "2026-11-01", known="2026-11-23")
    assert news(get(client, since=YESTERDAY)) == [("gpt-4o", "2026-11-01", "2026-11-23")]


def test_a_scheduled_price_is_news_when_recorded_and_when_effective(client: Client, time_machine: Any) -> None:
    price(world.model(), "5", "2026-12-24", known="2026-11-20")
    assert news(get(client, since="2026-11-19")) == [("gpt-4o", "2026-12-24", "2026-11-20")]
    assert get(client, since="2026-11-21")["data"] == []
    time_machine.move_to(at("2026-12-25"), tick=False)
    assert news(get(client, since="2026-12-20")) == [("gpt-4o", "2026-12-24", "2026-12-24")]


def test_an_end_that_is_set_later_is_news_when_it_is_set(client: Client) -> None:
    model = world.model()
    price(model, "5", "2026-01-01")
    PriceSheet.objects.all().end(at=at("2026-12-24"), now=NOW)
    assert news(get(client, since=YESTERDAY)) == [("gpt-4o", "2026-12-24", "2026-11-23")]


def test_an_end_of_a_discount_that_is_set_later_is_news_when_it_is_set(client: Client) -> None:
    price(world.model(), "5", "2026-01-01")
    rule = DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.5"), starts_at=at("2026-06-01"))
    DiscountRule.objects.update(created_at=at("2026-06-01"))
    rule.refresh_from_db()
    rule.ends_at = at("2026-12-24")
    rule.save()
    assert news(get(client, since=YESTERDAY)) == [("gpt-4o", "2026-12-24", "2026-11-23")]


def test_a_price_that_was_past_when_recorded_is_not_news(client: Client) -> None:
    model = world.model()
    price(model, "9", "2026-05-01", known="2026-11-23", ends_at=at("2026-06-01"))
    price(model, "5", "2026-06-01")
    assert get(client, since=YESTERDAY)["data"] == []
    assert news(get(client, since="2026-01-01")) == [
        ("gpt-4o", "2026-06-01", "2026-06-01"),
        ("gpt-4o", "2026-05-01", "2026-05-01"),
    ]


def test_only_the_current_price_of_an_import_with_past_prices_is_news(client: Client, tmp_path: Any) -> None:
    world.model("gpt-dated", released_on=dt.date(2026, 6, 10))
    assert run("genai_prices", sample("genai_prices.json"), tmp_path, "--apply", "--only", "gpt-dated").code == 0
    assert news(get(client, since=YESTERDAY)) == [
        ("gpt-dated", "2027-01-01", "2026-11-23"),
        ("gpt-dated", "2026-07-30", "2026-11-23"),
    ]


def test_pages_have_no_gaps_and_no_repeats(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a/1", "b", "c"):
        model = world.model(name)
        price(model, "5", "2026-11-20")
        price(model, "3", "2026-12-24", known="2026-11-20")
        price(model, "2", "2026-12-25", known="2026-11-20")
    whole = get(client, since="2026-11-01")["data"]
    monkeypatch.setattr(listing, "MOST_CHANGES", 2)
    listed, body = [], get(client, since="2026-11-01")
    # As a client that sends no other parameter; meanwhile there is news, which is for the next time.
    price(world.model("news"), "1", "2026-11-22")
    while True:
        listed += body["data"]
        assert (body["complete"], body["since"]) == (body["next"] is None, "2026-11-01T00:00:00Z")
        if body["next"] is None:
            break
        body = get(client, cursor=body["next"])
    assert listed == whole
    assert len(listed) == 9


@pytest.mark.parametrize("cursor", ["x", "====", "é", "W10", "WyIyMDI2LTExLTAxIiwxXQ", "A" * 5000])
def test_an_invalid_cursor_is_refused(client: Client, cursor: str) -> None:
    answer = client.get(ADDRESS, {"cursor": cursor})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "cursor")


def test_it_costs_the_same_queries_however_many_models_changed(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        price(world.model(f"model-{number}"), "1", "2026-11-20")
    with django_assert_max_num_queries(24):
        assert len(get(client)["data"]) == 20
