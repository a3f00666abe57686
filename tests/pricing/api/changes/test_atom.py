"""/api/pricing/changes.atom: the price changes as a feed."""

import datetime as dt
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET  # noqa: ICN001, N817, RUF100

import pytest
from django.test import Client

from pricing.models import DiscountRule, PriceSheet
from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
ADDRESS = "/api/pricing/changes.atom"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(autouse=True)
def _now(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{text}T00:00:00+00:00")


def record_as_of_start(*sheets: PriceSheet) -> None:
    """As if each sheet had been recorded when it took effect."""
    for sheet in sheets:
        PriceSheet.objects.filter(pk=sheet.pk).update(created_at=sheet.starts_at)


def only_entry(client: Client, **query: str) -> ET.Element:
    (entry,) = ET.fromstring(client.get(ADDRESS, {"kind": "price,retired"} | query).content).iter(f"{ATOM}entry")  # noqa: S314
    return entry


def test_the_feed_is_atom_with_an_entry_for_each_change(client: Client) -> None:
    model = world.model("gpt-4o")
    record_as_of_start(
        world.price(model, input="5", starts_at=at("2026-01-01")),
        world.price(model, input="3", starts_at=at("2026-11-20")),
    )
    answer = client.get(ADDRESS, {"kind": "price,retired"})
    assert answer["content-type"] == "application/atom+xml; charset=utf-8"
    entry = only_entry(client)
    assert entry.findtext(f"{ATOM}summary") == "Input: $5.00 → $3.00 per million tokens; Currency: USD"
    assert entry.findtext(f"{ATOM}updated") == "2026-11-20T00:00:00+00:00"
    assert client.get(ADDRESS, {"kind": "price,retired"}, headers={"if-none-match": answer["etag"]}).status_code == 304


def test_prices_that_change_are_those_that_customers_pay(client: Client) -> None:
    model = world.model("gpt-4o")
    record_as_of_start(
        world.price(model, role="list", input="3.125", output="10", starts_at=at("2026-01-01")),
        world.price(model, input="2.5", output="9", starts_at=at("2026-11-20")),
    )
    DiscountRule.objects.create(model=model, multiplier=Decimal("0.8"), starts_at=at("2026-01-01"))
    DiscountRule.objects.update(created_at=at("2026-01-01"))

    assert only_entry(client).findtext(f"{ATOM}summary") == "Output: $8.00 → $9.00 per million tokens; Currency: USD"


def test_a_discount_that_changes_alone_is_the_only_change(client: Client) -> None:
    model = world.model("gpt-4o")
    record_as_of_start(world.price(model, role="list", input="5", output="10", starts_at=at("2026-01-01")))
    DiscountRule.objects.create(model=model, multiplier=Decimal("0.8"), starts_at=at("2026-11-20"))

    assert only_entry(client).findtext(f"{ATOM}summary") == "All prices, factor: none → times 0.8; Currency: USD"


def test_a_factor_that_becomes_part_of_a_price_is_shown(client: Client) -> None:
    model = world.model("gpt-4o")
    before = world.price(model, input="5", starts_at=at("2026-01-01"))
    world.line(before, "input", "0.5", kind="multiplier", per=1, unit="")
    record_as_of_start(before, world.price(model, input="2.5", starts_at=at("2026-11-20")))

    summary = only_entry(client).findtext(f"{ATOM}summary")

    assert summary == "Input: $5.00 → $2.50 per million tokens; Input, factor: times 0.5 → none; Currency: USD"


def test_an_announced_entry_has_the_date_on_which_it_became_known(client: Client) -> None:
    world.price(world.model(), input="5", starts_at=at("2026-12-24"))
    entry = only_entry(client)
    assert entry.findtext(f"{ATOM}updated") == NOW.isoformat()
    assert "from 2026-12-24" in str(entry.findtext(f"{ATOM}title"))


def test_an_entry_recorded_later_has_the_date_on_which_it_became_known(client: Client) -> None:
    model = world.model()
    record_as_of_start(world.price(model, role="list", input="5", starts_at=at("2026-01-01")))
    later = world.price(model, role="list", input="3", starts_at=at("2026-11-01"))
    PriceSheet.objects.filter(pk=later.pk).update(created_at=at("2026-11-23"))
    assert only_entry(client, since="2026-11-22T12:00:00Z").findtext(f"{ATOM}updated") == "2026-11-23T00:00:00+00:00"


def test_an_entry_links_to_its_model(client: Client) -> None:
    world.price(world.model("openai/gpt-4o"), input="1", starts_at=at("2026-11-20"))
    link = only_entry(client).find(f"{ATOM}link")
    assert link is not None
    assert link.get("href") == "http://testserver/models/openai/gpt-4o"
