"""The published price is the sell sheet, else the list sheet times the most specific discount, else none."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from catalog.db import revision
from catalog.models import AIModel
from pricing.models import CurrencyRate, DiscountRule, PriceSheet
from pricing.published.boundaries import last_price_boundary
from pricing.published.prices import dated_sheets, published_of, published_sheets
from tests import world
from tests.sizes import size

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def rule(multiplier: str, **fields: Any) -> DiscountRule:
    has_target = not fields.keys().isdisjoint({"model", "series", "vendor"})
    values = {"starts_at": NOW - DAY, "all_models": not has_target} | fields
    return DiscountRule.objects.create(multiplier=Decimal(multiplier), **values)


def discount(model: AIModel, *, at: dt.datetime = NOW) -> Decimal:
    return published_sheets([model], at=at, groups=None)[model.pk].discount


def test_the_most_specific_discount_wins() -> None:
    model = world.model("gpt-4o", series="gpt-4")
    world.price(model, role="list", input="2.5")
    amounts: list[Decimal] = []
    for fields in ({}, {"vendor": model.vendor}, {"series": "gpt-4"}, {"model": model}):
        rule(f"0.{9 - len(amounts)}", **fields)
        amounts.append(discount(model))
    assert amounts == [Decimal("0.9"), Decimal("0.8"), Decimal("0.7"), Decimal("0.6")]


def test_between_equal_discounts_the_most_recent_wins_unless_it_ended() -> None:
    model = world.model()
    world.price(model, role="list", input="2.5")
    rule("0.9", starts_at=NOW - 3 * DAY)
    rule("0.8", starts_at=NOW - 2 * DAY, ends_at=NOW)
    rule("0.7", starts_at=NOW + DAY)
    assert discount(model, at=NOW - DAY) == Decimal("0.8")
    assert discount(model) == Decimal("0.9")
    assert discount(model, at=NOW + DAY) == Decimal("0.7")


def test_a_discount_for_others_changes_no_price_and_none_changes_a_sell_price() -> None:
    model, other = world.model("a"), world.model("b", vendor=world.vendor("acme"))
    for priced in (model, other):
        world.price(priced, role="list", input="2.5")
    world.price(other, role="sell", input="3")
    rule("0.5", vendor=world.vendor("nobody"))
    assert discount(model) == 1
    rule("0.5")
    assert [discount(model), discount(other)] == [Decimal("0.5"), Decimal(1)]


def test_the_earlier_price_applies_again_when_a_promotion_ends() -> None:
    model = world.model()
    world.price(model, input="3")
    PriceSheet.objects.filter(pk=world.price(model, input="1", starts_at=NOW).pk).update(ends_at=NOW + DAY)
    prices = [
        published_sheets([model], at=at, groups=None)[model.pk].lines[0].amount for at in (NOW - DAY, NOW, NOW + DAY)
    ]
    assert prices == [3, 1, 3]


def test_a_cost_is_never_published() -> None:
    model = world.model()
    world.price(model, role="cost", input="1")
    assert published_sheets([model], at=NOW, groups=None) == {}


def test_a_discount_has_one_target_and_a_positive_multiplier() -> None:
    model = world.model()
    with pytest.raises(IntegrityError), transaction.atomic():
        rule("0.5", model=model, series="gpt-4")
    with pytest.raises(ValidationError, match="more than 0"):
        DiscountRule(all_models=True, multiplier=Decimal(0)).full_clean()


def test_a_discount_in_force_can_only_be_ended() -> None:
    discount = rule("0.5", starts_at=world.LONG_AGO)
    discount.multiplier = Decimal("0.4")
    with pytest.raises(ValidationError, match="End it"):
        discount.full_clean()
    discount.multiplier, discount.ends_at = Decimal("0.5"), timezone.now() + DAY
    discount.full_clean()


def test_the_newest_rate_up_to_the_day_applies() -> None:
    model = world.model()
    world.price(model, currency="CNY", input="7")
    for days, per_usd in ((-9, "7.5"), (0, "7"), (1, "6")):
        CurrencyRate.objects.create(currency="CNY", per_usd=Decimal(per_usd), as_of=NOW.date() + days * DAY)
    sheet = published_sheets([model], at=NOW, groups=None)[model.pk].in_dollars()
    assert sheet is not None
    assert sheet.lines[0].amount == 1


def test_between_two_boundaries_nothing_changes_by_itself() -> None:
    model = world.model(retires_on=(NOW + 3 * DAY).date())
    world.price(model, input="1", starts_at=NOW)
    rule("0.5", ends_at=NOW + DAY)
    CurrencyRate.objects.create(currency="CNY", per_usd=Decimal(7), as_of=(NOW + 2 * DAY).date())
    version = revision.version()
    midnight = NOW.replace(hour=0)
    boundaries = [last_price_boundary(version, at=NOW + days * DAY) for days in (-2, -1, 0, 1, 2, 3, 9)]
    assert boundaries == [None, NOW - DAY, NOW, NOW + DAY, midnight + 2 * DAY, midnight + 3 * DAY, midnight + 3 * DAY]


def test_equal_sheets_are_one_object_unless_their_models_differ() -> None:
    """Models with the prices of others cost no time of their own; a discount or a charged side makes a difference."""
    models = [world.model(name) for name in ("a", "b", "discounted", "of-acme", "series", "embedding", "dearer")]
    models[3].vendor = world.vendor("acme")
    models[4].series = "gpt-4"
    models[5].supported_endpoint_types, models[5].output_modalities = ["embeddings"], ["embedding"]
    for model in models:
        model.save()
        world.price(model, role="list", input="3" if model.name == "dearer" else "2")
    rule("0.9", vendor=models[3].vendor)
    rule("0.8", series="gpt-4")
    rule("0.5", model=models[2])

    sheets = published_sheets(models, at=NOW, groups={"default"})

    a, b, *others = (sheets[model.pk] for model in models)
    assert a is b
    assert len({id(sheet) for sheet in (a, *others)}) == 6
    assert [sheet.discount for sheet in (a, *others)] == [
        Decimal(text) for text in ("1", "0.5", "0.9", "0.8", "1", "1")
    ]
    for model in models:
        assert published_sheets([model], at=NOW, groups={"default"})[model.pk] == sheets[model.pk]


MOMENTS = st.integers(0, 6).map(lambda days: NOW + days * DAY)


class TestBothWays(TestCase):
    """The list selects sheets in the database, the history in memory: both agree at every moment."""

    @settings(max_examples=size(10, full=50), deadline=None)
    @given(st.lists(st.tuples(st.sampled_from(["sell", "list", "cost"]), MOMENTS, st.none() | MOMENTS), max_size=6))
    def test_the_list_and_the_history_agree(self, drawn: list[tuple[str, dt.datetime, dt.datetime | None]]) -> None:
        model = world.model()
        for number, (role, starts_at, ends_at) in enumerate(drawn):
            sheet = world.price(model, role=role, input=str(number), starts_at=starts_at)
            if ends_at is not None and ends_at > starts_at:
                PriceSheet.objects.filter(pk=sheet.pk).update(ends_at=ends_at)
        rules = [rule("0.5", starts_at=NOW + DAY, ends_at=NOW + 4 * DAY)]
        sheets = dated_sheets([model.pk]).get(model.pk, [])
        for days in range(8):
            at = NOW + days * DAY
            expected = published_sheets([model], at=at, groups=None).get(model.pk)
            assert published_of(model, sheets, rules, at=at) == expected
