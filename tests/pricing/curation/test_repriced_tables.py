"""A repriced table of rules has no outdated prices of its source beside the rules."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json
from pricing.curation.rate_card import with_amounts
from pricing.curation.repricing import Rule, apply_repricing, plan_repricing
from pricing.models import DiscountRule, PriceLine, PriceSheet
from pricing.published.prices import sheets_in_force
from tests import world

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
BESIDE = {
    "profile": {"display_unit": "/s"},
    "sell_skus": [{"sell_sku": "pro", "price": Decimal("0.7"), "enabled": True}],
    "group_prices": [{"sell_sku": "pro", "group_name": "default", "price": Decimal("0.7")}],
}


@pytest.fixture(autouse=True)
def _today(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


def kling(role: str = "sell") -> PriceSheet:
    """$0.7 and $1.4 per second, as a source publishes them."""
    facts = {"billing_mode": "per_second", "video_pricing": BESIDE}
    sheet = PriceSheet.objects.create(model=world.model("kling"), role=role, starts_at=world.LONG_AGO, facts=facts)
    for mode, amount in (("pro", "1.4"), ("std", "0.7")):
        conditions = [{"dim": "mode", "op": "eq", "value": mode}]
        world.line(sheet, "output.video", amount, per=1, unit="second", conditions=conditions)
    return sheet


def table(client: Client, query: str = "") -> Any:
    return read_json(client.get(f"/api/pricing{query}").content)["data"][0]["video_pricing"]


def headline(client: Client, name: str) -> Any:
    rows = read_json(client.get("/api/pricing").content)["data"]
    return next((row["model_price"], row["price_from"]) for row in rows if row["model_name"] == name)


def has_one_price(table: Any) -> bool:
    return table["profile"] == BESIDE["profile"] and (table.get("group_prices"), table["sell_skus"]) == (
        None,
        [{"sell_sku": "pro", "enabled": True}],
    )


def test_an_unchanged_table_is_published_as_it_was_imported(client: Client) -> None:
    kling()
    assert {name: value for name, value in table(client).items() if name != "rules"} == BESIDE


def test_repricing_leaves_one_price(client: Client) -> None:
    sheet = kling()
    apply_repricing(plan_repricing([sheet.model], Rule("sell", Decimal(2)), at=NOW))
    assert [rule["platform_base_price"] for rule in table(client)["rules"]] == [Decimal("2.8"), Decimal("1.4")]
    assert has_one_price(table(client))


def test_a_discount_leaves_one_price_folded_or_not(client: Client) -> None:
    sheet = kling("list")
    assert "group_prices" in table(client, "?discount=folded")
    DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.5"), starts_at=world.LONG_AGO)
    assert has_one_price(table(client))
    assert has_one_price(table(client, "?discount=folded"))
    DiscountRule.objects.all().delete()
    world.line(sheet, "", "0.9", kind="multiplier", per=1, unit="")
    assert "group_prices" in table(client)
    assert has_one_price(table(client, "?discount=folded"))


def test_a_price_set_by_hand_leaves_one_price() -> None:
    sheet = kling()
    of_model = sheets_in_force([sheet.model_id], roles=["sell"], at=NOW)[sheet.model_id]["sell"]
    same = with_amounts(of_model, {}, currency="USD", keep_others=True)
    assert same.facts["video_pricing"] == BESIDE
    other = with_amounts(of_model, {"request:request": Decimal(1)}, currency="USD", keep_others=True)
    assert has_one_price(other.facts["video_pricing"])


def test_price_from_is_the_lowest_price(client: Client) -> None:
    kling()
    assert headline(client, "kling") == (Decimal("1.4"), False)
    PriceSheet.objects.all().delete()
    sheet = PriceSheet.objects.create(model=world.model("veo"), starts_at=world.LONG_AGO)
    for resolution, amount in (("720p", "0.1"), ("4k", "0.4"), ("8k", "0")):
        conditions = [{"dim": "resolution", "op": "eq", "value": resolution}]
        world.line(sheet, "output.video", amount, per=1, unit="second", conditions=conditions)
    assert headline(client, "veo") == (Decimal("0.1"), False)
    PriceLine.objects.filter(sheet=sheet, amount="0").delete()
    assert headline(client, "veo") == (Decimal("0.1"), True)
