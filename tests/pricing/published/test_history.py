"""History and changes list a moment only where the price itself changes, however the sheets write it."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json
from catalog.models import AIModel
from catalog.prices import GROUP_RATE
from pricing.curation.repricing import Rule, apply_repricing, plan_repricing
from pricing.models import DiscountRule, PriceLine, PriceSheet
from tests import world

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
JUNE, JULY = dt.datetime(2026, 6, 1, tzinfo=dt.UTC), dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
LONG = [{"dim": "prompt_tokens", "op": "gt", "value": 200_000}]


@pytest.fixture(autouse=True)
def _now(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


def sheet(model: AIModel, *lines: tuple[str, str, int], role: str = "list", **fields: Any) -> PriceSheet:
    """A sheet with these meters, amounts and token counts."""
    new_sheet = PriceSheet.objects.create(**{"model": model, "role": role, "starts_at": world.LONG_AGO} | fields)
    for meter, amount, per in lines:
        world.line(new_sheet, meter, amount, per=per)
    return new_sheet


def later(model: AIModel, *lines: tuple[str, str, int], **fields: Any) -> PriceSheet:
    """A sell sheet that takes effect in June."""
    return sheet(model, *lines, role="sell", starts_at=JUNE, **fields)


def times(new_sheet: PriceSheet, factor: str, **fields: Any) -> PriceLine:
    return world.line(new_sheet, "", factor, kind="multiplier", per=1, unit="", **fields)


def group_rate(new_sheet: PriceSheet, factor: str) -> PriceLine:
    """What group default pays of the price of this model, in place of its own rate."""
    conditions = [{"dim": "group", "op": "eq", "value": "default"}]
    return times(new_sheet, factor, conditions=conditions, facts={GROUP_RATE: True})


def other_group_rates(model: AIModel) -> None:
    """The same price before the rates of groups, and another rate of a group for the model."""
    group_rate(sheet(model, ("input", "2.5", 1_000_000)), "0.3")
    group_rate(later(model, ("input", "2.5", 1_000_000)), "0")


def starts(client: Client, name: str = "gpt-4o") -> list[str]:
    """When each period of the model's history starts."""
    body = read_json(client.get(f"/api/pricing/history/{name}").content)
    return [period["starts_at"] for period in body["data"]["history"]]


def changes(client: Client) -> list[Any]:
    body: Any = read_json(client.get("/api/pricing/changes?kind=price&since=2026-01-01").content)
    return [change for change in body["data"] if change["at"] > "2026-01-01"]


def feed_entries(client: Client) -> int:
    return client.get("/api/pricing/changes.atom?kind=price&since=2026-01-01").content.count(b"2026-06-01")


def discounted(model: AIModel) -> None:
    """The list price of 3.125 with a discount of 0.8 for the model, then 2.5 by a sell sheet."""
    sheet(model, ("input", "3.125", 1_000_000))
    DiscountRule.objects.create(model=model, multiplier=Decimal("0.8"), starts_at=world.LONG_AGO)
    later(model, ("input", "2.5", 1_000_000))


def tiered(model: AIModel) -> None:
    """Two prices of two meters, one of them in a tier, in another order of the meters."""
    first = sheet(model, ("input", "2.5", 1_000_000))
    world.line(first, "input", "5", conditions=LONG)
    world.line(first, "output", "10")
    second = later(model, ("output", "10", 1_000_000), ("input", "2.5", 1_000_000))
    world.line(second, "input", "5", conditions=LONG)


EQUAL: dict[str, Callable[[AIModel], object]] = {
    "per token, per million": lambda model: (
        sheet(model, ("input", "0.0000025", 1)),
        later(model, ("input", "2.5", 1_000_000)),
    ),
    "per thousand, per million": lambda model: (
        sheet(model, ("input", "0.0025", 1000)),
        later(model, ("input", "2.50", 1_000_000)),
    ),
    "the same text": lambda model: (sheet(model, ("input", "2.5", 1000)), later(model, ("input", "2.5", 1000))),
    "another order": tiered,
    "a discount of 1": lambda model: (
        sheet(model, ("input", "2.5", 1_000_000)),
        times(later(model, ("input", "2.5", 1_000_000)), "1"),
    ),
    "a condition that multiplies by 1": lambda model: (
        sheet(model, ("input", "2.5", 1_000_000)),
        times(later(model, ("input", "2.5", 1_000_000)), "1", conditions=LONG),
    ),
    "the discount in the price": discounted,
    "another rate of a group": other_group_rates,
    "other facts": lambda model: (
        sheet(model, ("input", "2.5", 1_000_000), facts={"display_unit": "/1M tokens"}),
        later(model, ("input", "2.5", 1_000_000)),
    ),
    "no price in another currency": lambda model: (
        sheet(model, ("input", "2.5", 1_000_000), ends_at=JUNE),
        later(model, currency="CNY"),
    ),
}


@pytest.mark.parametrize("case", [name for name in EQUAL if name != "no price in another currency"])
def test_an_equal_price_is_not_a_change(client: Client, case: str) -> None:
    EQUAL[case](world.model())
    PriceSheet.objects.update(created_at=world.LONG_AGO)
    DiscountRule.objects.update(created_at=world.LONG_AGO)
    assert starts(client) == ["2026-01-01T00:00:00Z"]
    assert changes(client) == []
    assert feed_entries(client) == 0


def test_an_empty_sheet_after_the_last_price_is_one_change(client: Client) -> None:
    EQUAL["no price in another currency"](world.model())
    later(AIModel.objects.get(), currency="USD")
    assert [change["after"]["pricing_status"] for change in changes(client)] == ["unpriced"]


@pytest.mark.parametrize(
    ("first", "fields"),
    [
        (("input", "2.5", 1000), {}),
        (("output", "2.5", 1_000_000), {}),
        (("input", "2.5", 1_000_000), {"currency": "CNY"}),
    ],
)
def test_another_price_is_a_change(client: Client, first: tuple[str, str, int], fields: dict[str, Any]) -> None:
    model = world.model()
    sheet(model, first)
    later(model, ("input", "2.5", 1_000_000), **fields)
    assert len(starts(client)) == 2


def test_charging_each_tier_of_a_prompt_is_a_change_that_the_history_names(client: Client) -> None:
    model = world.model()
    for new_sheet in (
        sheet(model, ("input", "2.5", 1_000_000)),
        later(model, ("input", "2.5", 1_000_000), facts={"tier_mode": "graduated"}),
    ):
        world.line(new_sheet, "input", "5", conditions=LONG)
    change = changes(client)[0]
    assert ("tier_mode" in change["before"], change["after"]["tier_mode"]) == (False, "graduated")


def test_repricing_by_1_leaves_the_published_price(client: Client) -> None:
    model = world.model()
    sheet(model, ("input", "0.0000025", 1))
    PriceSheet.objects.update(created_at=world.LONG_AGO)
    plan = plan_repricing(AIModel.objects.all(), Rule("list", Decimal(1)), at=JUNE)
    assert [(model.name, reason) for model, reason in plan.skipped] == [("gpt-4o", "customers already pay that price")]
    assert apply_repricing(plan) == 0
    assert not PriceSheet.objects.filter(role="sell").exists()
    assert starts(client) == ["2026-01-01T00:00:00Z"]
    assert changes(client) == []
