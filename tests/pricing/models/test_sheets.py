"""Sheets with their lines are written in one way, from plain values."""

import datetime as dt
from decimal import Decimal

import pytest
from django.contrib.auth.models import User

from catalog.prices import Line, Sheet
from pricing.models import PriceSheet
from pricing.published.prices import written_lines
from tests import admin_world, world

pytestmark = pytest.mark.django_db
JUNE, JULY = dt.datetime(2026, 6, 1, tzinfo=dt.UTC), dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
LONG = {"dim": "prompt_tokens", "op": "gt", "value": 200_000}


def test_a_price_is_stored_as_it_is_given() -> None:
    lines = (
        Line("input", Decimal("2.5"), 1_000_000, "token", facts={"note": "a"}),
        Line("input", Decimal(5), 1_000_000, "token", conditions=(LONG,)),
        Line("output", None, kind="dynamic"),
    )
    price = Sheet("CNY", lines, facts={"tier_mode": "graduated"}, starts_at=JUNE, ends_at=JULY)
    run, author = admin_world.import_run(), User.objects.create_user("maria")
    model = world.model()

    (sheet,) = PriceSheet.objects.write(
        [(model.pk, price)], role="list", starts_at=world.LONG_AGO, run=run, reason="New", author=author
    )

    stored = PriceSheet.objects.get()
    assert (stored, stored.model, stored.role, stored.currency) == (sheet, model, "list", "CNY")
    assert (stored.starts_at, stored.ends_at, stored.facts) == (JUNE, JULY, {"tier_mode": "graduated"})
    assert (stored.run, stored.author, stored.reason) == (run, author, "New")
    assert tuple(written_lines([sheet.pk])[sheet.pk]) == lines
    assert stored.history.latest().history_change_reason == "New"


def test_a_price_without_a_start_takes_effect_at_the_given_moment() -> None:
    PriceSheet.objects.write([(world.model().pk, Sheet("USD", ()))], role="sell", starts_at=JUNE)
    stored = PriceSheet.objects.get()
    assert (stored.starts_at, stored.ends_at, stored.run, stored.author) == (JUNE, None, None, None)


def test_no_prices_write_nothing() -> None:
    assert PriceSheet.objects.write([], role="sell", starts_at=JUNE) == []


def test_a_line_can_be_from_another_import_than_its_sheet() -> None:
    earlier, run, model = admin_world.import_run(), admin_world.import_run("models_dev"), world.model()
    price = Sheet("USD", (Line("input", Decimal(2)), Line("output", Decimal(8), run=earlier.pk)))
    (sheet,) = PriceSheet.objects.write([(model.pk, price)], role="list", starts_at=JUNE, run=run)
    assert [line.run for line in written_lines([sheet.pk])[sheet.pk]] == [None, earlier.pk]


def test_a_sheet_that_no_import_wrote_has_no_line_of_an_import() -> None:
    price = Sheet("USD", (Line("output", Decimal(8), run=admin_world.import_run().pk),))
    (sheet,) = PriceSheet.objects.write([(world.model().pk, price)], role="sell", starts_at=JUNE)
    assert [line.run for line in written_lines([sheet.pk])[sheet.pk]] == [None]
