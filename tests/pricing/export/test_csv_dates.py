"""The CSV has the current price, when it ends, and every scheduled price with its dates."""

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from pricing.models import DiscountRule
from tests import world

pytestmark = pytest.mark.django_db

SOON = dt.datetime(2099, 3, 1, tzinfo=dt.UTC)
LATER = dt.datetime(2099, 4, 1, 12, 30, tzinfo=dt.UTC)


def rows() -> list[tuple[str, str, str, str]]:
    text = Client().get("/api/export/prices.csv").content.decode()
    return [
        (row["model"], row["amount"], row["valid_from"], row["valid_to"]) for row in csv.DictReader(io.StringIO(text))
    ]


def test_a_current_price_without_a_known_start_has_no_dates() -> None:
    world.price(world.model("m"), input="2", starts_at=timezone.now())
    assert rows() == [("m", "2", "", "")]


def test_a_scheduled_price_follows_the_current_one() -> None:
    model = world.model("m")
    world.price(model, input="2", starts_at=timezone.now())
    world.price(model, input="3", starts_at=SOON)
    world.price(model, input="4", starts_at=LATER)
    assert rows() == [
        ("m", "2", "", "2099-03-01"),
        ("m", "3", "2099-03-01", "2099-04-01T12:30:00Z"),
        ("m", "4", "2099-04-01T12:30:00Z", ""),
    ]


def test_a_scheduled_discount_is_a_scheduled_price() -> None:
    model = world.model("m")
    world.price(model, role="list", input="2", starts_at=timezone.now())
    DiscountRule.objects.create(model=model, multiplier=Decimal("0.5"), starts_at=SOON, ends_at=LATER)
    assert rows() == [
        ("m", "2", "", "2099-03-01"),
        ("m", "2", "2099-03-01", "2099-04-01T12:30:00Z"),
        ("m", "x0.5", "2099-03-01", "2099-04-01T12:30:00Z"),
        ("m", "2", "2099-04-01T12:30:00Z", ""),
    ]


def test_a_price_that_only_applies_later_and_one_that_ends_are_listed() -> None:
    world.price(world.model("later"), input="3", starts_at=SOON)
    ending = world.price(world.model("ending"), input="2", starts_at=timezone.now())
    type(ending).objects.filter(pk=ending.pk).update(ends_at=SOON)
    assert rows() == [
        ("ending", "2", "", "2099-03-01"),
        ("later", "", "", ""),
        ("later", "3", "2099-03-01", ""),
    ]


def test_a_scheduled_price_is_at_the_rate_of_its_time() -> None:
    model = world.model("m")
    world.price(model, input="2", starts_at=timezone.now())
    world.price(model, input="3", starts_at=SOON)
    world.rate(world.token_group("default"), "0.8", starts_at=SOON)
    assert rows() == [
        ("m", "2", "", "2099-03-01"),
        ("m", "3", "2099-03-01", ""),
        ("m", "x0.8", "2099-03-01", ""),
    ]
