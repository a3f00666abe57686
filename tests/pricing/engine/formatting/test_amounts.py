"""Money and what it is paid for: every digit for operators and feeds, twelve that count for customers."""

from decimal import Decimal

import pytest
from django.utils import translation

from catalog.prices import Line
from pricing.engine.formatting import amounts


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("2.5", "USD", "$2.50"), ("0", "USD", "$0.00"), ("0.000000083", "USD", "$0.000000083"),
        ("1234.5", "USD", "$1,234.50"), ("46", "CNY", "¥46.00"), ("12", "SEK", "12.00 SEK"),
        ("0.18000000000000002", "USD", "$0.18"), ("0.8219178082191781", "USD", "$0.821917808219"),
    ],
)  # fmt: skip
def test_customers_see_every_digit_that_means_something(amount: str, currency: str, text: str) -> None:
    assert amounts.short_money(Decimal(amount), currency) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [("2.50", "$2.50"), ("0.18000000000000002", "$0.18000000000000002"), ("1E+3", "$1,000.00"), ("1.230", "$1.23")],
)
def test_money_keeps_every_digit_and_no_zero_at_its_end(amount: str, text: str) -> None:
    assert amounts.money(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("line", "text", "chinese"),
    [
        (Line("input", Decimal("0.0000025"), 1, "token"), "$2.50 per million tokens", "$2.50 / 百万 tokens"),
        (Line("input", Decimal("2.5"), 1_000_000, "token"), "$2.50 per million tokens", "$2.50 / 百万 tokens"),
        (Line("web_search", Decimal(14), 1000, "request"), "$14.00 per 1,000 requests", "$14.00 / 1,000 次请求"),
        (Line("output.image", Decimal("0.04"), 1, "image"), "$0.04 per image", "$0.04 / 张"),
        (Line("request", Decimal("0.7"), 1, "request"), "$0.70 per request", "$0.70 / 次"),
        (Line("input", Decimal(16), 1_000_000, "character"), "$16.00 per million characters", "$16.00 / 百万字符"),
        (Line("input", Decimal("0.000016"), 1, "character"), "$16.00 per million characters", "$16.00 / 百万字符"),
        (
            Line("cache_storage", Decimal("0.0000045"), 1, "token_hour"),
            "$4.50 per million token-hours",
            "$4.50 / 百万token·小时",
        ),
        (
            Line("input.image", Decimal("0.0000000020751953125"), 1, "pixel"),
            "$0.0020751953125 per million pixels",
            "$0.0020751953125 / 百万像素",
        ),
        (Line("storage", Decimal("0.1"), 1, "gb_day"), "$0.10 per GB-day", "$0.10 / GB·天"),
        (Line("x.a.b", Decimal("0.1"), 1, "parsec"), "$0.10 per parsec", "$0.10 / parsec"),
    ],
)
def test_a_price_says_what_it_is_paid_for(line: Line, text: str, chinese: str) -> None:
    assert amounts.price_per(line, "USD") == text
    assert f"{amounts.price(line, 'USD')} {amounts.per(line)}" == text
    with translation.override("zh-hans"):
        assert amounts.price_per(line, "USD") == chinese


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (Line("", Decimal("0.65"), kind="multiplier"), "times 0.65"),
        (Line("web_search", Decimal(1500), 1, "query", "allowance", facts={"period": "day"}),
         "1,500 queries free per day"),
        (Line("web_search", Decimal(10), 1, "query", "allowance"), "10 queries free per request"),
        (Line("input.audio", Decimal(60), 1, "second", "minimum"), "at least 60 seconds"),
        (Line("", None, kind="dynamic"), "depends on the request"),
        (Line("output", None, kind="included"), "included in a plan"),
    ],
)  # fmt: skip
def test_lines_that_are_not_prices_have_words_of_their_own(line: Line, text: str) -> None:
    assert amounts.line_amount(line, "USD") == text
