"""A period is one of the calendar in UTC; a budget is spent when the sum reaches it."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from tokens.budgets import (
    DAY,
    MONTH,
    NEVER,
    TOTAL,
    Budget,
    period_end,
    period_start,
    validate_amount,
    validate_currency,
)

# 00:30 on the first of December in Shanghai.
LATE = dt.datetime(2026, 12, 1, 0, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))
NOON = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)


def test_a_day_and_a_month_are_those_of_utc() -> None:
    assert period_start(DAY, at=LATE) == dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
    assert period_end(DAY, at=LATE) == dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    assert period_start(MONTH, at=LATE) == dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    assert period_end(MONTH, at=LATE) == dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("day", "next_month"), [("2026-01-31", "2026-02-01"), ("2028-02-29", "2028-03-01"), ("2026-12-31", "2027-01-01")]
)
def test_a_month_ends_with_its_last_day(day: str, next_month: str) -> None:
    moment = dt.datetime.fromisoformat(f"{day}T23:59:59+00:00")

    assert period_end(MONTH, at=moment) == dt.datetime.fromisoformat(f"{next_month}T00:00:00+00:00")


@pytest.mark.parametrize(
    ("spent", "is_refused", "is_warned"),
    [("3.999999999999999999999", False, False), ("4", False, True), ("4.999999999999999999999", False, True),
     ("5", True, True), ("5.01", True, True)],
)  # fmt: skip
def test_the_limit_is_reached_to_the_last_digit(spent: str, is_refused: bool, is_warned: bool) -> None:
    budget = Budget(Decimal(5), "USD", MONTH)
    december = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)

    assert budget.end_of_refusal(Decimal(spent), at=NOON) == (december if is_refused else None)
    assert budget.end_of_warning(Decimal(spent), at=NOON) == (december if is_warned else None)


def test_a_budget_of_nothing_refuses_every_period_and_a_total_never_ends() -> None:
    assert Budget(Decimal(0), "USD", DAY).end_of_refusal(Decimal(0), at=NOON) == NEVER
    assert Budget(Decimal(5), "USD", TOTAL).end_of_refusal(Decimal(5), at=NOON) == NEVER
    assert Budget(Decimal(5), "USD", TOTAL).resets_at(at=NOON) is None


def test_a_refusal_ends_with_the_period() -> None:
    budget = Budget(Decimal(5), "USD", DAY, spent_until=dt.datetime(2026, 12, 1, tzinfo=dt.UTC))

    assert budget.is_spent(at=dt.datetime(2026, 11, 30, 23, 59, 59, 999999, tzinfo=dt.UTC))
    assert not budget.is_spent(at=dt.datetime(2026, 12, 1, tzinfo=dt.UTC))


@pytest.mark.parametrize("amount", ["-0.01", "1000000000000000.1"])
def test_an_amount_is_neither_negative_nor_absurd(amount: str) -> None:
    with pytest.raises(ValidationError, match="between 0 and"):
        validate_amount(Decimal(amount))


@pytest.mark.parametrize("text", ["usd", "US", "USDT", "", "U$D"])
def test_a_currency_is_three_capital_letters(text: str) -> None:
    with pytest.raises(ValidationError, match="three capital letters"):
        validate_currency(text)
