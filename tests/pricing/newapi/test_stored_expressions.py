"""An imported expression is unchanged; readers without discounts get it multiplied by the discount."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json
from catalog.prices import Sheet
from pricing.models import PriceSheet
from tests import world
from tests.pricing.newapi.expression_language import charge

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
STORED = 'len <= 1000 ? tier("low", p * 2 + c * 8) : tier("high", p * 4 + c * 16)'


@pytest.fixture
def stored() -> PriceSheet:
    sheet = world.price(world.model("stored"))
    PriceSheet.objects.filter(pk=sheet.pk).update(facts={"billing_mode": "tiered_expr", "billing_expr": STORED})
    world.line(sheet, "input", None, kind="dynamic", unit="")
    world.line(sheet, "", "0.5", kind="multiplier", per=1, unit="")
    return sheet


def row(client: Client, query: str = "") -> Any:
    return read_json(client.get(f"/api/pricing?unpriced=rows{query}").content)["data"][0]


def test_it_is_unchanged_beside_its_discount(client: Client, stored: PriceSheet) -> None:
    exported = row(client)
    assert (exported["billing_expr"], exported["discount"]) == (STORED, Decimal("0.5"))


@pytest.mark.parametrize("tokens", [{"p": 1000, "c": 10}, {"p": 1001, "c": 10}])
def test_readers_without_discounts_are_charged_the_discounted_price(
    client: Client, stored: PriceSheet, tokens: dict[str, int]
) -> None:
    folded = row(client, "&discount=folded")
    config = read_json(client.get("/api/ratio_config").content)["data"]["billing_expr"]["stored"]
    assert folded.get("discount", 1) == 1
    expected = charge(STORED, tokens, facts={}, at=NOON) / 2
    assert [charge(text, tokens, facts={}, at=NOON) for text in (folded["billing_expr"], config)] == [expected] * 2


def test_its_version_and_request_factors_remain_outside() -> None:
    sheet = Sheet("USD", (), facts={"billing_expr": 'v1:tier("a", p * 2)|||when(param("fast") == true) * 2'})
    folded = sheet.times(Decimal("0.65"), rule="discount").folded()
    assert folded.facts["billing_expr"] == 'v1:(tier("a", p * 2)) * 0.65|||when(param("fast") == true) * 2'
