"""Budgets: how much may be spent in a period, and from when until when calls are refused. Imports no models."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError

from catalog.exact import digits, multiply, subtract
from catalog.vocabulary import currency_fault

DAY, MONTH, TOTAL = PERIODS = ("day", "month", "total")
# The period `total` has neither a start nor an end; databases need dates.
BEGINNING = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
NEVER = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
# The part of a budget at which operators and gateways are warned.
WARNING_SHARE = Decimal("0.8")
# More than this, in any currency, is a mistake.
LARGEST_BUDGET = Decimal(10) ** 15


@dataclass(frozen=True)
class Budget:
    """What may be spent per period (UTC), and until when calls are refused (None: they are allowed).

    A budget of 0 allows no call in any period.
    """

    amount: Decimal
    currency: str
    period: str
    spent_until: dt.datetime | None = None
    warned_until: dt.datetime | None = None

    def is_spent(self, *, at: dt.datetime) -> bool:
        return self.spent_until is not None and at < self.spent_until

    def is_nearly_spent(self, *, at: dt.datetime) -> bool:
        """Whether at least WARNING_SHARE of it is spent."""
        return self.warned_until is not None and at < self.warned_until

    def state(self, *, at: dt.datetime) -> str:
        """Its state in words; empty as long as enough is left."""
        if self.is_spent(at=at):
            return "used up"
        return "nearly used up" if self.is_nearly_spent(at=at) else ""

    def resets_at(self, *, at: dt.datetime) -> dt.datetime | None:
        """When the current period ends; None if it never does."""
        return None if self.period == TOTAL else period_end(self.period, at=at)

    def left(self, spent: Decimal) -> Decimal:
        """What may still be spent; 0 if more was spent."""
        return max(subtract(self.amount, spent), Decimal(0))

    def end_of_refusal(self, spent: Decimal, *, at: dt.datetime) -> dt.datetime | None:
        """Until when calls are refused after this much was spent; None: they are allowed."""
        return self._end_if_reached(self.amount, spent, at=at)

    def end_of_warning(self, spent: Decimal, *, at: dt.datetime) -> dt.datetime | None:
        """Until when operators are warned after this much was spent; None: they are not."""
        return self._end_if_reached(multiply(self.amount, WARNING_SHARE), spent, at=at)

    def _end_if_reached(self, limit: Decimal, spent: Decimal, *, at: dt.datetime) -> dt.datetime | None:
        if spent < limit:
            return None
        return period_end(self.period, at=at) if self.amount else NEVER

    def __str__(self) -> str:
        per = "in total" if self.period == TOTAL else f"per {self.period}"
        return f"{digits(self.amount)} {self.currency} {per}"


def period_start(period: str, *, at: dt.datetime) -> dt.datetime:
    """The start of the period that contains a moment, by the calendar in UTC."""
    if period == TOTAL:
        return BEGINNING
    midnight = at.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if period == DAY else midnight.replace(day=1)


def period_end(period: str, *, at: dt.datetime) -> dt.datetime:
    """The start of the next period."""
    if period == TOTAL:
        return NEVER
    start = period_start(period, at=at)
    # 31 days after its first day, every month has ended.
    return start + dt.timedelta(days=1) if period == DAY else (start + dt.timedelta(days=31)).replace(day=1)


def validate_amount(amount: Decimal) -> None:
    """Validator of model fields."""
    if not 0 <= amount <= LARGEST_BUDGET:
        raise ValidationError(f"A budget must be between 0 and {digits(LARGEST_BUDGET)}.")


def validate_currency(text: str) -> None:
    """Validator of model fields."""
    if fault := currency_fault(text):
        raise ValidationError(fault)
