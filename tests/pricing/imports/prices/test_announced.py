"""Announced prices of a source are scheduled sheets, which take effect without another import."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine

from catalog.exact import read_json, write_json
from pricing.models import PriceSheet
from tests.pricing.imports.running import run, state
from tests.samples import sample

pytestmark = pytest.mark.django_db
AUTUMN, NEW_YEAR = dt.datetime(2026, 11, 22, tzinfo=dt.UTC), dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
CONTENT = sample("genai_prices.json")


def document(later: float) -> bytes:
    """The sample with another price from New Year on."""
    body: Any = read_json(CONTENT)
    body[0]["models"][0]["prices"][2]["prices"]["input_mtok"] = Decimal(str(later))
    return write_json(body)


def price_at(moment: dt.datetime) -> Decimal | None:
    sheet = PriceSheet.objects.in_force(at=moment).get(model__name="gpt-dated", role="list")
    amount: Decimal | None = sheet.lines.get(meter="input", conditions=[]).amount
    return amount


@pytest.fixture(autouse=True)
def imported(db: None, tmp_path: Path) -> None:
    with time_machine.travel(AUTUMN, tick=False):
        assert run("genai_prices", CONTENT, tmp_path, "--apply", "--only", "gpt-dated").code == 0


def test_current_and_scheduled_prices_are_stored() -> None:
    assert [price_at(moment) for moment in (AUTUMN, NEW_YEAR - dt.timedelta(seconds=1), NEW_YEAR)] == [
        Decimal("0.2"),
        Decimal("0.2"),
        Decimal("0.1"),
    ]


@pytest.mark.parametrize("day", [AUTUMN + dt.timedelta(hours=1), NEW_YEAR, NEW_YEAR + dt.timedelta(days=9)])
def test_a_second_import_writes_nothing_on_any_day(tmp_path: Path, day: dt.datetime) -> None:
    before = state()
    with time_machine.travel(day, tick=False):
        assert run("genai_prices", CONTENT, tmp_path, "--apply", "--only", "gpt-dated").code == 0
    assert state() == before


def test_a_changed_announcement_is_a_new_sheet(tmp_path: Path) -> None:
    with time_machine.travel(AUTUMN + dt.timedelta(days=1), tick=False):
        outcome = run("genai_prices", document(0.15), tmp_path, "--apply", "--only", "gpt-dated")
    assert outcome.report["counts"]["announced_prices"] == 1
    assert outcome.report["prices"]["announced"]["gpt-dated"]["2027-01-01T00:00:00+00:00"]
    assert price_at(NEW_YEAR) == Decimal("0.15")


def test_an_announced_jump_stops_the_import(tmp_path: Path) -> None:
    before = state()
    with time_machine.travel(AUTUMN + dt.timedelta(days=1), tick=False):
        outcome = run("genai_prices", document(9), tmp_path, "--apply", "--only", "gpt-dated")
    assert (outcome.code, state()) == (3, before)


def test_the_price_in_july_differs(tmp_path: Path) -> None:
    PriceSheet.objects.all().delete()
    july = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
    with time_machine.travel(july, tick=False):
        assert run("genai_prices", CONTENT, tmp_path, "--apply", "--accept-jumps", "--only", "gpt-dated").code == 0
    assert [price_at(moment) for moment in (july, dt.datetime(2026, 7, 30, tzinfo=dt.UTC), NEW_YEAR)] == [
        Decimal(1),
        Decimal("0.2"),
        Decimal("0.1"),
    ]
