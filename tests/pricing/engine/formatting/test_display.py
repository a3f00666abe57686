"""Prices in the currency and for the number of tokens that a visitor chose: converted only when they are written."""

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import translation

from catalog.prices import MILLION, Line
from pricing.engine.formatting import amounts
from pricing.engine.formatting.display import AS_PUBLISHED, Display, Rate, active, showing

DAY = dt.date(2026, 11, 1)
RATES = (Rate("CNY", Decimal("7.2"), DAY), Rate("SEK", Decimal("10.8"), DAY))
TOKENS = Line("input", Decimal("2.5"), MILLION, "token")


@pytest.mark.parametrize(
    ("amount", "currency", "chosen", "text"),
    [
        ("2.5", "USD", "CNY", "≈\xa0¥18.00"),
        ("46", "CNY", "CNY", "¥46.00"),
        # Never converted there and back.
        ("0.8219178082191", "CNY", "CNY", "¥0.821917808219"),
        ("46", "CNY", "USD", "≈\xa0$6.389"),
        ("0.0005", "CNY", "USD", "≈\xa0$0.00006944"),
        ("1234567.891", "CNY", "USD", "≈\xa0$171,467.76"),
        ("7.2", "CNY", "SEK", "≈\xa010.80 SEK"),
        ("0", "CNY", "USD", "$0.00"),
        # No rate is known for the euro.
        ("5", "EUR", "USD", "€5.00"),
        ("5", "USD", "EUR", "$5.00"),
        ("5", "CNY", "", "¥5.00"),
    ],
)
def test_a_price_in_the_chosen_currency(amount: str, currency: str, chosen: str, text: str) -> None:
    with showing(Display(chosen, rates=RATES)):
        assert amounts.short_money(Decimal(amount), currency) == text


def test_prices_of_tokens_per_thousand() -> None:
    image = Line("output.image", Decimal("0.04"), 1, "image")
    with showing(Display(per=1000)):
        assert amounts.short_price_per(TOKENS, "USD") == "$0.0025 per 1,000 tokens"
        assert amounts.short_price(TOKENS, "USD") == "$0.0025"
        assert (amounts.per(TOKENS), amounts.per_tokens()) == ("per 1,000 tokens", "per 1,000 tokens")
        # Prices of anything else are not affected.
        assert amounts.short_price_per(image, "USD") == "$0.04 per image"
        with translation.override("zh-hans"):
            assert amounts.short_price_per(TOKENS, "USD") == "$0.0025 / 千 tokens"


def test_prices_per_thousand_in_another_currency() -> None:
    with showing(Display("CNY", 1000, RATES)):
        assert amounts.short_price_per(TOKENS, "USD") == "≈\xa0¥0.018 per 1,000 tokens"
        assert amounts.limit(Decimal(10)) == "¥0.072"
    assert amounts.limit(Decimal("0.5")) == "$0.50"


def test_a_display_ends_with_its_block() -> None:
    with pytest.raises(ZeroDivisionError), showing(Display("CNY")):
        raise ZeroDivisionError

    assert active() is AS_PUBLISHED


def test_the_rates_that_were_used() -> None:
    assert Display("USD", rates=RATES).used_rates() == RATES
    assert Display("CNY", rates=RATES).used_rates() == RATES[:1]
    assert Display("", rates=RATES).used_rates() == ()
