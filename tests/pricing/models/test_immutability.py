"""Past prices do not change: nothing that a person enters starts in the past."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from pricing.models import CurrencyRate, DiscountRule, PriceLine, PriceSheet
from tests import admin_world, world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
DAY = dt.timedelta(days=1)
SHEETS, RULES, RATES = (f"/admin/pricing/{name}/" for name in ("pricesheet", "discountrule", "currencyrate"))


def today() -> dt.date:
    return timezone.now().date()


def test_a_sheet_cannot_start_in_the_past(admin_client: Client) -> None:
    line = {"lines-0-meter": "input", "lines-0-amount": "1"}
    past = {"model": world.model().pk, "starts_at_0": "2026-01-01", "starts_at_1": "00:00:00", **line}
    answer = admin_client.post(f"{SHEETS}add/", admin_world.filled_in(admin_client, f"{SHEETS}add/", **past))
    assert "past prices cannot change" in answer.content.decode()
    assert not PriceSheet.objects.exists()


def test_a_sheet_without_a_start_takes_effect_when_it_is_saved(admin_client: Client) -> None:
    line = {"lines-0-meter": "input", "lines-0-amount": "1"}
    posted = admin_world.filled_in(admin_client, f"{SHEETS}add/", model=world.model().pk, **line)
    before = timezone.now()
    admin_world.post(admin_client, f"{SHEETS}add/", posted)
    assert before <= PriceSheet.objects.get().starts_at <= timezone.now()


@pytest.mark.parametrize("change", [{"currency": "CNY"}, {"facts": {"tier_mode": "graduated"}}, {"role": "list"}])
def test_a_sheet_that_has_taken_effect_can_only_be_ended(change: dict[str, Any]) -> None:
    sheet = world.price(world.model(), input="1")
    for name, value in change.items():
        setattr(sheet, name, value)
    with pytest.raises(ValidationError, match="has taken effect"):
        sheet.full_clean()


def test_the_end_of_a_sheet_cannot_move_into_or_out_of_the_past() -> None:
    sheet = world.price(world.model(), input="1")
    sheet.ends_at = timezone.now() - DAY
    with pytest.raises(ValidationError, match="past prices cannot change"):
        sheet.full_clean()
    sheet.save()
    sheet.ends_at = None
    with pytest.raises(ValidationError, match="has already expired"):
        sheet.full_clean()


def test_a_line_of_a_sheet_that_has_taken_effect_cannot_change() -> None:
    line = world.price(world.model(), input="1").lines.get()
    line.amount = Decimal(2)
    for write in (line.full_clean, line.save, line.delete):
        with pytest.raises(ValidationError, match="has taken effect"):
            write()
    announced = world.price(world.model("later"), input="1", starts_at=timezone.now() + DAY)
    line.sheet = announced
    with pytest.raises(ValidationError, match="has taken effect"):
        line.save()
    assert PriceLine.objects.get(pk=line.pk).amount == 1


def test_a_line_of_an_announced_sheet_can_change() -> None:
    line = world.price(world.model(), input="1", starts_at=timezone.now() + DAY).lines.get()
    line.amount = Decimal(2)
    line.full_clean()
    line.save()
    assert PriceLine.objects.get().amount == 2


def test_a_discount_cannot_start_in_the_past(admin_client: Client) -> None:
    past = {"multiplier": "0.5", "starts_at_0": "2026-01-01", "starts_at_1": "00:00:00"}
    answer = admin_client.post(f"{RULES}add/", admin_world.filled_in(admin_client, f"{RULES}add/", **past))
    assert "past prices cannot change" in answer.content.decode()
    assert not DiscountRule.objects.exists()


def test_an_announced_discount_cannot_move_into_the_past() -> None:
    rule = DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.5"), starts_at=timezone.now() + DAY)
    rule.starts_at = timezone.now() - DAY
    with pytest.raises(ValidationError, match="past prices cannot change"):
        rule.full_clean()


def test_a_currency_rate_of_a_past_day_cannot_change(admin_client: Client) -> None:
    past = CurrencyRate.objects.create(currency="CNY", per_usd=Decimal(7), as_of=today() - DAY)
    for page, change in ((f"{RATES}{past.pk}/change/", {"per_usd": "9"}), (f"{RATES}add/", {"as_of": "2026-01-01"})):
        posted = {"currency": "CNY", "per_usd": "8", "as_of": str(past.as_of)} | change
        answer = admin_client.post(page, admin_world.filled_in(admin_client, page, **posted))
        assert "past" in answer.content.decode()
    admin_client.post(f"{RATES}{past.pk}/delete/", {"post": "yes"})
    assert list(CurrencyRate.objects.values_list("per_usd", flat=True)) == [7]


def test_a_currency_rate_of_today_can_be_corrected() -> None:
    rate = CurrencyRate.objects.create(currency="CNY", per_usd=Decimal(7), as_of=today())
    rate.per_usd = Decimal(8)
    rate.full_clean()
