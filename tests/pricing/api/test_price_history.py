"""/api/pricing/history, /changes and the feed: past, current and scheduled prices."""

import datetime as dt
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET  # noqa: ICN001, N817, RUF100

import pytest
from django.test import Client

from catalog.exact import read_json
from pricing.models import DiscountRule, PriceSheet
from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
ATOM = "{http://www.w3.org/2005/Atom}"


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
    found = get(client, "/api/pricing/history/openai/gpt-4o")["data"]
    assert found["model_name"] == "openai/gpt-4o"
    prices = [
        (each["starts_at"], each["ends_at"], each["announced"], each["prices"][0]["amount"])
        for each in found["history"]
    ]
    assert prices == [
        ("2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z", False, 5),
        ("2026-03-01T00:00:00Z", "2026-12-01T00:00:00Z", False, Decimal("2.5")),
        ("2026-12-01T00:00:00Z", None, True, 2),
    ]


def test_a_promotion_begins_and_ends_by_itself(client: Client) -> None:
    model = world.model("gpt-4o")
    world.price(model, role="list", input="5", starts_at=at("2026-01-01"))
    DiscountRule.objects.create(multiplier=Decimal("0.5"), starts_at=at("2026-06-01"), ends_at=at("2026-07-01"))
    found = get(client, "/api/pricing/history/gpt-4o")["data"]["history"]
    assert [each["discount"] for each in found] == [1, Decimal("0.5"), 1]


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
    found = get(client, "/api/pricing/changes")["data"]
    states = [(each["before"]["pricing_status"], each["after"]["pricing_status"]) for each in found]
    assert states == [("priced", "unpriced"), ("unpriced", "priced")]


def test_an_invalid_time_is_refused(client: Client) -> None:
    assert client.get("/api/pricing/changes?since=lately").json()["error"]["param"] == "since"


def test_the_feed_is_atom_with_an_entry_a_change(client: Client) -> None:
    model = world.model("gpt-4o")
    first = world.price(model, input="5", starts_at=at("2026-01-01"))
    later = world.price(model, input="3", starts_at=at("2026-11-20"))
    for sheet in (first, later):
        PriceSheet.objects.filter(pk=sheet.pk).update(created_at=sheet.starts_at)
    answer = client.get("/api/pricing/changes.atom")
    assert answer["content-type"] == "application/atom+xml; charset=utf-8"
    (entry,) = ET.fromstring(answer.content).iter(f"{ATOM}entry")  # noqa: S314
    assert entry.findtext(f"{ATOM}summary") == "Input: $5.00 → $3.00 per million tokens"
    assert entry.findtext(f"{ATOM}updated") == "2026-11-20T00:00:00+00:00"
    assert client.get("/api/pricing/changes.atom", headers={"if-none-match": answer["etag"]}).status_code == 304


def test_an_announced_entry_has_the_date_on_which_it_became_known(client: Client) -> None:
    world.price(world.model(), input="5", starts_at=at("2026-12-24"))
    (entry,) = ET.fromstring(client.get("/api/pricing/changes.atom").content).iter(f"{ATOM}entry")  # noqa: S314
    assert entry.findtext(f"{ATOM}updated") == NOW.isoformat()
    assert "from 2026-12-24" in str(entry.findtext(f"{ATOM}title"))


def test_an_entry_of_the_feed_links_to_its_model(client: Client) -> None:
    world.price(world.model("openai/gpt-4o"), input="1", starts_at=at("2026-11-20"))
    (entry,) = ET.fromstring(client.get("/api/pricing/changes.atom").content).iter(f"{ATOM}entry")  # noqa: S314
    link = entry.find(f"{ATOM}link")
    assert link is not None
    assert link.get("href") == "http://testserver/models/openai/gpt-4o"


@pytest.mark.parametrize("address", ["changes", "changes.atom", "history/gpt-4o"])
def test_every_address_is_there_with_a_slash_at_the_end_too(client: Client, address: str) -> None:
    world.price(world.model(), input="1")
    answers = [client.get(f"/api/pricing/{address}{end}") for end in ("", "/")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
