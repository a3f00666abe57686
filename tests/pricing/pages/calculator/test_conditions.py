"""The choices of the calculator: every condition of a price has a field, and each answer changes the cost."""

import datetime as dt

import pytest
import time_machine
from django.test import Client

from tests import world
from tests.pricing.pages import shop
from tests.pricing.pages.calculator.test_form import result

pytestmark = pytest.mark.django_db

NIGHT = {"tz": "Asia/Shanghai", "windows": [{"weekdays": [1, 2, 3, 4, 5], "hours": ["00:30-08:30"]}]}
FAST = {"body": {"speed": "fast"}, "headers": {"anthropic-beta": "fast-mode-2026-02-01"}}


def priced(name: str, *cases: tuple[str, object], op: str = "eq", meter: str = "input") -> None:
    """$2, and $1 where one condition holds, $0.50 where the next one does."""
    sheet = world.price(world.model(name), input="2", output="8")
    for (dim, value), amount in zip(cases, ("1", "0.5"), strict=False):
        world.line(sheet, meter, amount, conditions=[{"dim": dim, "op": op, "value": value}])


@pytest.mark.parametrize("now", ["2026-06-15T12:00", "2026-06-15T20:00"])
def test_hours_are_chosen_and_do_not_depend_on_the_clock(client: Client, now: str) -> None:
    priced("night", ("time", NIGHT))

    with time_machine.travel(dt.datetime.fromisoformat(f"{now}+00:00"), tick=False):
        page = shop.text_of(shop.get(client, "/models/night").split('id="calculator"')[1])
        assert "Hours Other hours Mon-Fri 00:30-08:30 (Asia/Shanghai)" in page
        assert result(client, "night", u__input="1000000").startswith("$2.00 ")
        # Monday, 00:30 in Shanghai, is Sunday, 16:30 UTC.
        assert result(client, "night", u__input="1000000", f__time="7-16:30").startswith("$1.00 ")


def test_any_moment_of_the_week_stands_for_its_hours(client: Client) -> None:
    priced("night", ("time", NIGHT))

    page = shop.get(client, "/models/night?u.input=1000000&f.time=2-23:15")

    assert '<option value="1-00:00" selected>' in page
    assert "$1.00" in page.split('id="result"')[1]


def test_fields_of_a_request_are_a_choice(client: Client) -> None:
    priced("fast", ("request_match", FAST))
    name = "f__request_match:speed,anthropic-beta"

    page = shop.text_of(shop.get(client, "/models/fast").split('id="calculator"')[1])
    assert "Fast mode (speed = fast) no yes Number of requests" in page
    assert result(client, "fast", u__input="1000000").startswith("$2.00 ")
    assert result(client, "fast", u__input="1000000", **{name: "fast,fast-mode-2026-02-01"}).startswith("$1.00 ")


def test_the_lifetime_of_a_cache_is_a_field_of_its_own(client: Client) -> None:
    sheet = world.price(world.model("cached"), input="3", input__cache_write="3.75")
    hour = [{"dim": "cache_ttl", "op": "eq", "value": "1h"}]
    world.line(sheet, "input.cache_write", "6", conditions=hour)

    assert result(client, "cached", **{"u__input.cache_write[1h]": "1000000"}).startswith("$6.00 ")
    assert "Cache write 1h (tokens)" in shop.text_of(shop.get(client, "/models/cached"))


def test_a_factor_for_a_lifetime_has_a_field(client: Client) -> None:
    sheet = world.price(world.model("cached"), input="3")
    hour = [{"dim": "cache_ttl", "op": "eq", "value": "1h"}]
    world.line(sheet, "input.cache_write", "2", kind="multiplier", unit="", conditions=hour)

    assert result(client, "cached", **{"u__input.cache_write[1h]": "1000000"}).startswith("$6.00 ")


def test_the_length_of_a_prompt_without_a_price_is_asked(client: Client) -> None:
    sheet = world.price(world.model("writer"), output="8")
    world.line(sheet, "output", "9", conditions=shop.ABOVE_200K)
    world.line(sheet, "input", "0", per=1, unit="request")

    assert result(client, "writer", u__output="1000000", f__prompt_tokens="200001").startswith("$9.00 ")


def test_a_duration_has_its_unit(client: Client) -> None:
    priced("clip", ("duration", 8), op="gt")

    assert "Duration (seconds)" in shop.text_of(shop.get(client, "/models/clip"))
    assert result(client, "clip", u__input="1000000", f__duration="9").startswith("$1.00 ")


def test_the_standard_tier_is_named(client: Client) -> None:
    priced("flexible", ("service_tier", "flex"), ("service_tier", "default"))

    page = shop.text_of(shop.get(client, "/models/flexible").split('id="calculator"')[1])

    assert "Service tier Standard Flex Number" in page


def test_a_value_that_is_not_offered_is_named(client: Client) -> None:
    priced("flexible", ("service_tier", "flex"))
    priced("night", ("time", NIGHT))

    answer = result(client, "flexible", u__input="1", f__service_tier="turbo")
    assert answer == "Service tier: 'turbo' is not one of the choices."
    answer = result(client, "night", u__input="1", f__time="8-25:00")
    assert answer == "Hours: '8-25:00' is not one of the choices."
