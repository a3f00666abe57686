"""GET /models/<id>: the prices of a model in words, announced prices and code examples."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.test import Client

from pricing.models import DiscountRule
from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 6, 15, 12, tzinfo=dt.UTC)


def page_of(client: Client, name: str) -> str:
    return shop.text_of(shop.get(client, f"/models/{name}"))


def test_tiers_are_shown_in_words(client: Client) -> None:
    shop.tiered("tiered-pro")

    text = page_of(client, "tiered-pro")

    assert "Conditions Input Output Standard $1.25 $10.00" in text
    assert "Prompt above 200,000 tokens $2.50 $15.00" in text
    assert "Service tier batch $0.625 $5.00" in text
    assert "Cached input $0.125 per million tokens" in text
    assert "Web search $14.00 per 1,000 requests" in text


@pytest.mark.parametrize("meter", ["input", "output"])
def test_the_unit_of_prices_that_all_have_conditions_is_stated_once(client: Client, meter: str) -> None:
    sheet = world.price(world.model("tiers-only"))
    for amount, conditions in (("5", shop.BATCH), ("7", shop.ABOVE_200K)):
        world.line(sheet, meter, amount, conditions=conditions)

    price = page_of(client, "tiers-only").partition("Skip to content")[2].partition("What would it cost?")[0]
    assert price.count("per million tokens") == 1
    assert "$7.00" in price
    chinese = shop.text_of(shop.get(client, "/models/tiers-only?lang=zh"))
    chinese = chinese.partition("跳到主要内容")[2]
    assert chinese[: chinese.index("$7.00")].count("百万") == 1


def test_only_a_column_of_another_unit_names_its_unit(client: Client) -> None:
    sheet = world.price(world.model("searching"), input="1.25", output="10", input__cache_read="0.125")
    for meter, amount in (("input.cache_read", "0.06"), ("output", "5"), ("input", "0.6")):
        world.line(sheet, meter, amount, conditions=shop.BATCH)
    for amount, conditions in (("14", []), ("7", shop.BATCH)):
        world.line(sheet, "web_search", amount, per=1000, unit="request", conditions=conditions)

    text = page_of(client, "searching")

    assert "per million tokens Conditions Input Output Cached input Web search (per 1,000 requests) Standard" in text
    assert "Service tier batch $0.60 $5.00 $0.06 $7.00" in text


def test_a_table_of_rules_has_a_column_for_each_dimension(client: Client) -> None:
    shop.image_rules("picture-one")

    text = page_of(client, "picture-one")

    assert "e.g. $0.04 per image" in text
    assert "Task Resolution Price text to image 4K $0.16 text to image 1K $0.04" in text


def test_prices_by_the_hour_show_hours_and_time_zone(client: Client) -> None:
    sheet = world.price(world.model("night"), input="0.56")
    window = {"tz": "Asia/Shanghai", "windows": [{"weekdays": [1, 2, 3, 4, 5], "hours": ["00:30-08:30"]}]}
    world.line(sheet, "input", "0.28", conditions=[{"dim": "time", "op": "eq", "value": window}])

    assert "Mon-Fri 00:30-08:30 (Asia/Shanghai) $0.28" in page_of(client, "night")


def test_a_discount_on_the_list_price_is_multiplied_in(client: Client) -> None:
    model = world.model("cheaper")
    world.price(model, role="list", input="10", output="20")
    DiscountRule.objects.create(model=model, multiplier=Decimal("0.9"), starts_at=world.LONG_AGO)

    text = page_of(client, "cheaper")

    assert "Input $9.00 Output $18.00 per million tokens" in text
    assert "times" not in text


def test_past_and_announced_prices_are_shown(client: Client) -> None:
    month = dt.timedelta(days=30)
    shop.changed(steps=((NOON - 3 * month, "3", "12"), (NOON - month, "2.5", "12"), (NOON + month, "2", "8")))

    with time_machine.travel(NOON, tick=False):
        html = shop.get(client, "/models/changing")

    text = shop.text_of(html)
    assert (
        "New prices from 2026-07-15 12:00 UTC: Input: $2.50 → $2.00 per million tokens Output: $12.00 → $8.00 per"
        in text
    )
    assert "2026-05-16 Input: $3.00 → $2.50 per million tokens 2026-03-17 Input: $3.00 per million tokens" in text
    assert html.count('class="curve input') == 2
    assert '<path class="curve input future"' in html


def test_a_retiring_model_shows_its_last_day_and_successor(client: Client) -> None:
    heir = world.model("heir", display_name="The Heir")
    world.model("leaving", retires_on=dt.date(2099, 1, 1), successor=heir)
    world.model("orphan", deprecated_on=dt.date(2026, 1, 1), successor=world.model("secret-heir", status="draft"))

    text = page_of(client, "leaving")
    assert "This model retires on 2099-01-01. Its successor is The Heir" in text
    assert "This model is deprecated." in page_of(client, "orphan")
    assert "secret-heir" not in page_of(client, "orphan")


def test_unknown_facts_are_not_shown(client: Client) -> None:
    world.model("known", context_length=131_072, max_output_tokens=200_000, capabilities=["tools", "odd_thing"])
    world.model("unknown")
    world.model("open", knowledge_cutoff="2025-06", open_weights=True)
    world.model("closed", open_weights=False)
    world.model("zero", context_length=0, max_output_tokens=0)

    text = page_of(client, "known")
    assert "Context 128K tokens Maximum output 200K tokens Capabilities tools" in text
    assert "Knowledge cut-off 2025-06 Open weights yes" in page_of(client, "open")
    assert "Open weights no" in page_of(client, "closed")
    assert "Context" not in page_of(client, "unknown")
    assert "Open weights" not in page_of(client, "unknown")
    assert "0 tokens" not in page_of(client, "zero")


def test_an_input_limit_below_the_context_window_is_shown(client: Client) -> None:
    world.model("gpt-5", context_length=400_000, max_input_tokens=272_000, max_output_tokens=128_000)
    world.model("same", context_length=400_000, max_input_tokens=400_000)

    assert "Context 400K tokens Maximum input 272K tokens Maximum output 128K tokens" in page_of(client, "gpt-5")
    assert "Maximum input" not in page_of(client, "same")
