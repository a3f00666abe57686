"""Our own price list, read back, gives the same prices: per second, per page, in tiers and in yuan."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json, write_json
from catalog.sources import new_api
from pricing.models import CurrencyRate, PriceLine, PriceSheet
from tests import world
from tests.pricing.imports.running import run

pytestmark = pytest.mark.django_db
FLEX = [{"dim": "service_tier", "op": "eq", "value": "flex"}]


def only(meter: str, amount: str, per: int, unit: str) -> Callable[[PriceSheet], object]:
    return lambda sheet: world.line(sheet, meter, amount, per=per, unit=unit)


def mixed(sheet: PriceSheet) -> None:
    world.line(sheet, "input", "0.0001", per=1, unit="second")
    world.line(sheet, "output", "5", conditions=FLEX)
    world.line(sheet, "output", "10", per=1, unit="second", kind="minimum")


def graduated(sheet: PriceSheet) -> None:
    world.line(sheet, "input", "3")
    world.line(sheet, "input", "6", conditions=[{"dim": "prompt_tokens", "op": "gt", "value": 1000}])
    PriceSheet.objects.filter(pk=sheet.pk).update(facts={"tier_mode": "graduated"})


def searching(sheet: PriceSheet) -> None:
    world.line(sheet, "web_search", "0.035", per=1, unit="query")
    world.line(sheet, "web_search", "1500", per=1, unit="query", kind="allowance", facts={"period": "day"})


def in_yuan(sheet: PriceSheet) -> None:
    PriceSheet.objects.filter(pk=sheet.pk).update(currency="CNY")
    world.line(sheet, "input", "8")


def in_yuan_at_a_rate(sheet: PriceSheet) -> None:
    CurrencyRate.objects.create(currency="CNY", per_usd=Decimal(7), as_of=world.LONG_AGO.date())
    in_yuan(sheet)


def above(op: str) -> Callable[[PriceSheet], object]:
    """Two prices, the second where the prompt's length compares so."""

    def price(sheet: PriceSheet) -> None:
        for meter, amounts in (("input", ("1.25", "2.5")), ("output", ("10", "15"))):
            world.line(sheet, meter, amounts[0])
            at_length = [{"dim": "prompt_tokens", "op": op, "value": 200_000}]
            world.line(sheet, meter, amounts[1], conditions=at_length)

    return price


def by_conditions(*conditions: Any) -> Callable[[PriceSheet], object]:
    """Two prices, the second where these hold."""

    def price(sheet: PriceSheet) -> None:
        world.line(sheet, "input", "2")
        world.line(sheet, "output", "8")
        world.line(sheet, "input", "0.5", conditions=list(conditions))
        world.line(sheet, "output", "4", conditions=list(conditions))

    return price


def halved(sheet: PriceSheet) -> None:
    world.line(sheet, "input", "2")
    world.line(sheet, "output", "8")
    world.line(sheet, "", "0.5", kind="multiplier", per=1, unit="", conditions=FLEX)
    world.line(sheet, "", "0.9", kind="multiplier", per=1, unit="")


def cached(sheet: PriceSheet) -> None:
    world.line(sheet, "input", "3")
    world.line(sheet, "output", "15")
    world.line(sheet, "input.cache_write", "3.75")
    world.line(sheet, "input.cache_write", "6", conditions=[{"dim": "cache_ttl", "op": "eq", "value": "1h"}])


AT_NIGHT = {"tz": "Asia/Shanghai", "windows": [{"hours": ["22:00-06:00"]}]}
AT_WORK = {"windows": [{"hours": ["09:00-12:00", "14:00-18:30"], "weekdays": [1, 2, 3, 4, 5]}]}

CASES: dict[str, Callable[[PriceSheet], object]] = {
    "listener": only("input.audio", "0.0001", 1, "second"),
    "speaker": only("input", "0.000015", 1, "character"),
    "scanner": only("ocr", "1", 1000, "page"),
    "painter": only("output.image", "0.04", 1, "image"),
    "viewer": only("input.image", "0.01", 1, "image"),
    "mixed": mixed,
    "graduated": graduated,
    "searching": searching,
    "in_yuan": in_yuan,
    "in_yuan_at_a_rate": in_yuan_at_a_rate,
    "embedder": only("input", "0.13", 1_000_000, "token"),
    **{f"prompts_{op}": above(op) for op in ("gt", "gte", "lt", "lte")},
    "flex": by_conditions(*FLEX),
    "halved": halved,
    "cached": cached,
    "at_night": by_conditions({"dim": "time", "op": "in", "value": AT_NIGHT}),
    "at_work": by_conditions({"dim": "time", "op": "in", "value": AT_WORK}),
    "fast": by_conditions({"dim": "request_match", "op": "eq", "value": {"body": {"speed": "fast", "n": 1}}}),
}


def own_row(client: Client) -> Any:
    return read_json(client.get("/api/pricing?unpriced=rows").content)["data"][0]


@pytest.mark.parametrize("name", CASES)
def test_our_own_list_read_back_gives_the_same_prices(name: str, client: Client, tmp_path: Path) -> None:
    sheet = world.price(world.model(name))
    CASES[name](sheet)
    before, content = own_row(client), client.get("/api/pricing?unpriced=rows").content
    again = run("new_api", content, tmp_path)
    # An import never changes a value that a person set, so the report must call it unchanged.
    assert again.report["counts"]["unchanged_prices"] == 1, again.report["prices"]

    PriceSheet.objects.all().delete()
    outcome = run("new_api", content, tmp_path, "--apply")
    assert outcome.code == 0, outcome.err
    assert own_row(client) == before


def test_the_headline_is_marked_if_it_is_the_lowest_of_its_kind(client: Client) -> None:
    sheet = world.price(world.model("clips"))
    for amount, conditions in (("0.2", []), ("0.1", FLEX)):
        world.line(sheet, "output.audio", amount, per=1, unit="second", conditions=conditions)
    assert (own_row(client)["model_price"], own_row(client)["price_from"]) == (Decimal("0.2"), False)
    PriceLine.objects.filter(sheet=sheet, amount="0.1").update(amount="0.5")
    assert own_row(client)["price_from"] is True


@pytest.mark.parametrize(
    "change",
    [{"amount": -1}, {"per": 0}, {"unit": 1}, {"kind": "gift"}, {"currency": "CNY"}, {"conditions": "none"}],
)
def test_a_list_with_an_invalid_figure_has_no_price(change: dict[str, Any]) -> None:
    figure = {"meter": "ocr", "amount": 1, "per": 1, "unit": "page", "currency": "USD"}
    body = {"data": [{"model_name": "m", "prices": [figure, {**figure, **change}]}]}
    record = new_api.read(write_json(body)).records[0]
    assert record.prices is None
    assert any("price in this row was not imported" in finding for finding in record.findings)
