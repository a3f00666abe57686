"""Days and times on pages are in the time zone of the site; what they depend on, and the API, are not."""

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.test import Client

from catalog.models import AIModel
from tests import world
from tests.pricing.pages import shop

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

# Already the next day in China, and still the day before in California.
EVENING = dt.datetime(2026, 11, 30, 17, 30, tzinfo=dt.UTC)
EARLIER = dt.datetime(2026, 11, 1, 20, tzinfo=dt.UTC)
ANNOUNCED = dt.datetime(2026, 12, 31, 16, tzinfo=dt.UTC)
NIGHT_IN_CHINA = {"tz": "Asia/Shanghai", "windows": [{"hours": ["00:00-08:00"]}]}


@pytest.fixture(autouse=True)
def _model() -> None:
    model = world.model("m", retires_on=dt.date(2027, 3, 1))
    world.price(model, starts_at=EARLIER, input="2")
    world.price(model, starts_at=ANNOUNCED, input="3")


def page(client: Client, query: str = "") -> str:
    with time_machine.travel(EVENING, tick=False):
        return shop.text_of(shop.get(client, f"/models/m{query}"))


@pytest.mark.parametrize(
    ("zone", "day", "since", "announced", "retires"),
    [
        ("UTC", "2026-11-30", "2026-11-01", "2026-12-31 16:00 UTC", "2027-03-01"),
        ("Asia/Shanghai", "2026-12-01", "2026-11-02", "2027-01-01 00:00 Asia/Shanghai", "2027-03-01"),
        ("America/Los_Angeles", "2026-11-30", "2026-11-01", "2026-12-31 08:00 America/Los_Angeles", "2027-02-28"),
    ],
)
def test_days_and_times_are_those_of_the_site(
    client: Client, settings: Any, zone: str, day: str, since: str, announced: str, retires: str
) -> None:
    settings.PAGES_TIME_ZONE = zone

    text = page(client)

    assert f"Prices as of {day}" in text
    assert f"Effective from Changes {since} Input" in text
    assert f"New prices from {announced}: Input" in text
    assert f"This model retires on {retires}." in text
    assert f"Retires {retires}" in text


def test_chinese_pages_name_the_zone_in_chinese(client: Client, settings: Any) -> None:
    settings.PAGES_TIME_ZONE = "Asia/Shanghai"
    assert "2027-01-01 00:00（北京时间）起执行新价格：" in page(client, "?lang=zh")

    settings.PAGES_TIME_ZONE = "UTC"
    assert "2026-12-31 16:00（UTC）起执行新价格：" in page(client, "?lang=zh")


def test_a_stored_page_gets_its_new_day_at_midnight(client: Client, settings: Any) -> None:
    settings.PAGES_TIME_ZONE = "Asia/Shanghai"
    midnight = dt.datetime(2026, 11, 30, 16, tzinfo=dt.UTC)
    days = []
    for at in (midnight - dt.timedelta(seconds=1), midnight):
        with time_machine.travel(at, tick=False):
            days.append(shop.get(client, "/").partition('<time datetime="')[2][:10])

    assert days == ["2026-11-30", "2026-12-01"]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/Los_Angeles"])
def test_hours_of_prices_and_days_of_the_catalog_do_not_depend_on_it(client: Client, settings: Any, zone: str) -> None:
    settings.PAGES_TIME_ZONE = zone
    conditions = [{"dim": "time", "op": "in", "value": NIGHT_IN_CHINA}]
    world.line(AIModel.objects.get().sheets.order_by("starts_at")[0], "input", "1", conditions=conditions)

    form = client.get("/models/m", headers=shop.BROWSER).content.decode().partition('name="f.time"')[2]
    totals = {
        label: page(client, f"?u.input=1000000&f.time={value}").partition("Amount Input 1,000,000 ")[2][:5]
        for value, label in re.findall(r'<option value="([^"]+)"[^>]*>([^<]+)<', form.partition("</select>")[0])
    }
    assert totals == {"00:00-08:00 (Asia/Shanghai)": "$1.00", "Other hours": "$2.00"}
    with time_machine.travel(EVENING, tick=False):
        assert b'"2026-11-01T20:00:00Z"' in client.get("/api/pricing/history/m").content
    with time_machine.travel(dt.datetime(2027, 2, 28, 23, 59, tzinfo=dt.UTC), tick=False):
        assert 'href="/models/m' in shop.get(client, "/")
    with time_machine.travel(dt.datetime(2027, 3, 1, tzinfo=dt.UTC), tick=False):
        assert 'href="/models/m' not in shop.get(client, "/")
