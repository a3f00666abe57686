"""What the history of a price says of each change, in words."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.test import Client

from catalog.models import AIModel
from pricing.models import DiscountRule
from pricing.pages.model_page.history import Step, steps_of
from pricing.pages.visitor import PublicGroups
from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
MONTH = dt.timedelta(days=30)


def last_step(model: AIModel) -> Step:
    return steps_of(model, PublicGroups.choose("default"), at=NOW)[-1]


def words(step: Step) -> list[str]:
    return [f"{move.label}: {move.old} > {move.new}" for move in step.moves]


def stored(model: AIModel, before: dict[str, str], after: dict[str, str]) -> AIModel:
    """Prices of storage by hours, before and now."""
    for at, amounts in ((NOW - 2 * MONTH, before), (NOW - MONTH, after)):
        sheet = world.price(model, starts_at=at, input="1")
        for hours, amount in amounts.items():
            conditions = [{"dim": "hours", "op": "eq", "value": hours}]
            world.line(sheet, "storage", amount, per=1, unit="gb_day", conditions=conditions)
    return model


def test_every_changed_price_is_written_with_its_unit() -> None:
    model = world.model()
    world.price(model, starts_at=NOW - 2 * MONTH, input="2.5", output="10", input__cache_read="0.25")
    after = world.price(model, starts_at=NOW - MONTH, input="3", output="10")
    world.line(after, "web_search", "5", per=1000, unit="request")

    assert words(last_step(model)) == [
        "Input: $2.50 > $3.00 per million tokens",
        "Cached input: $0.25 per million tokens > no separate price",
        "Web search:  > $5.00 per 1,000 requests",
    ]


def test_one_factor_of_all_prices_is_said_first() -> None:
    model = world.model()
    world.price(model, role="list", starts_at=NOW - 3 * MONTH, input="2", output="8", input__cache_read="0.2")
    DiscountRule.objects.create(vendor=model.vendor, multiplier=Decimal("0.9"), starts_at=NOW - MONTH)

    step = last_step(model)

    assert step.summary == "All prices \N{MULTIPLICATION SIGN} 0.9"
    assert words(step)[0] == "Input: $2.00 > $1.80 per million tokens"
    assert len(step.moves) == 3


def test_the_factor_of_many_of_the_prices_names_their_number() -> None:
    before = {str(hours): "1" for hours in range(1, 8)}

    step = last_step(stored(world.model(), before, before | {str(hours): "1.5" for hours in range(1, 7)}))

    assert step.summary == "6 prices \N{MULTIPLICATION SIGN} 1.5"


def test_a_factor_that_no_price_has_exactly_is_not_stated() -> None:
    model = world.model()
    world.price(model, starts_at=NOW - 2 * MONTH, input="3", output="9")
    world.price(model, starts_at=NOW - MONTH, input="1", output="3")

    assert last_step(model).summary == ""


def test_all_of_many_changes_are_on_the_page(client: Client) -> None:
    amounts = {str(hours): str(hours) for hours in range(1, 8)}
    stored(world.model("many"), amounts, {hours: f"{amount}.5" for hours, amount in amounts.items()})

    with time_machine.travel(NOW, tick=False):
        html = shop.get(client, "/models/many")

    row = html.split("Price history")[-1].split("<tr>")[2]
    assert "<summary>5 more prices</summary>" in row
    text = shop.text_of(f"<td>{row}")
    for hours in range(1, 8):
        assert f"hours {hours}: ${hours}.00 → ${hours}.50 per GB-day" in text


def test_a_price_that_ends_says_so_and_lists_what_it_was(client: Client) -> None:
    model = shop.changed("ended", steps=((NOW - 2 * MONTH, "1", "2"),))
    model.sheets.update(ends_at=NOW - MONTH)

    with time_machine.travel(NOW, tick=False):
        text = shop.text_of(shop.get(client, "/models/ended").split("Price history")[-1])

    assert (
        "no price yet 2 prices before Input: $1.00 per million tokens → no separate price"
        " Output: $2.00 per million tokens → no separate price" in text
    )


def test_a_price_that_becomes_free_says_so() -> None:
    step = last_step(shop.changed(steps=((NOW - 2 * MONTH, "1", "2"), (NOW - MONTH, "0", "0"))))

    assert (step.state, words(step)[0]) == ("free", "Input: $1.00 > $0.00 per million tokens")
