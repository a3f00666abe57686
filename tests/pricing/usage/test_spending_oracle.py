"""Whatever happens in whatever order, each budget has the sum of the calls of its period."""

import datetime as dt
import random
from decimal import Decimal
from typing import Any

import pytest

from catalog.db.bulk import update_rows
from pricing.engine.money import convert, total
from pricing.models import CurrencyRate
from pricing.usage.spending import Cost, record
from tests import world
from tokens.budgets import WARNING_SHARE, period_start
from tokens.models import Token, TokenGroup
from tokens.models.budgets import Spent

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

START = dt.datetime(2026, 11, 27, 6, tzinfo=dt.UTC)
STEPS = 60
PERIODS: dict[str, Any] = {
    "day": lambda day, today: day == today,
    "month": lambda day, today: (day.year, day.month) == (today.year, today.month),
    "total": lambda day, today: bool(day and today),
}
AMOUNTS = [None, Decimal(0), Decimal("0.5"), Decimal(3), Decimal(20)]


class World:
    """Tokens and groups that spend, and a list of everything that was spent."""

    def __init__(self, seed: int, clock: Any) -> None:
        self.random, self.clock, self.now = random.Random(seed), clock, START  # noqa: S311
        self.groups = [world.token_group(f"team-{n}", auto_position=n or None) for n in range(2)]
        self.tokens = [world.token(name=str(n))[0] for n in range(3)]
        self.costs: list[Cost] = []
        clock.move_to(START, tick=False)

    def step(self) -> None:
        self.random.choice([self.spend, self.spend, self.spend, self.budget, self.rate, self.wait])()

    def spend(self) -> None:
        costs = []
        for _ in range(self.random.randint(1, 4)):
            at = self.now - dt.timedelta(hours=self.random.choice([0, 0, 0, 30, -1, 24 * 20]))
            currency = self.random.choice(["USD", "USD", "CNY", "EUR"])
            amount = self.random.choice([None, Decimal("0.1"), Decimal("0.03"), Decimal(1) / 3, Decimal(0)])
            group = self.random.choice([*self.groups, None])
            costs.append(
                Cost(
                    self.random.choice(self.tokens).pk, group.pk if group else None, at, amount,
                    "" if amount is None else currency,
                )
            )  # fmt: skip
        self.costs += costs
        record(costs)

    def budget(self) -> None:
        row: Any = self.random.choice([*self.tokens, *self.groups])
        if self.random.random() < 0.5:
            # A copy that was read before later calls.
            row.refresh_from_db()
        row.budget_amount = self.random.choice(AMOUNTS)
        row.budget_currency = self.random.choice(["USD", "CNY", "EUR"])
        row.budget_period = self.random.choice(list(PERIODS))
        terms = ["budget_amount", "budget_currency", "budget_period"]
        self.random.choice(
            [row.save, lambda: row.save(update_fields=terms), lambda: update_rows([row], fields=terms)]
        )()

    def rate(self) -> None:
        rate = Decimal(self.random.choice(["7", "7.3", "0.9"]))
        day = self.now.date()
        stored = CurrencyRate.objects.filter(currency="CNY", as_of=day).first()
        if stored is None:
            CurrencyRate.objects.create(currency="CNY", per_usd=rate, as_of=day)
        else:
            stored.per_usd = rate
            stored.save()

    def wait(self) -> None:
        self.now += dt.timedelta(hours=self.random.choice([1, 9, 24]))
        self.clock.move_to(self.now, tick=False)

    def check(self) -> None:
        for table in (Token, TokenGroup):
            for row in table.objects.all():
                self.check_row(row)

    def check_row(self, row: Any) -> None:
        if row.budget is None:
            assert (row.spent, row.spent_until, row.uncounted) == (0, None, 0)
            return
        # What each row of the day is, in the currency of the budget; each is rounded as a whole.
        sums: dict[Any, list[Cost]] = {}
        for cost in self.costs:
            owner = cost.token if isinstance(row, Token) else cost.group
            if owner == row.pk and PERIODS[row.budget_period](cost.moment.date(), self.now.date()):
                sums.setdefault(cost.key, []).append(cost)
        amounts, unknown = [], 0
        for (*_, day, currency), costs in sums.items():
            amount = total([cost.amount or Decimal(0) for cost in costs])
            converted = self.converted(amount, currency, row.budget_currency, day)
            unknown += len(costs) if converted is None else sum(cost.amount is None for cost in costs)
            amounts.append(converted or Decimal(0))
        spent = total(amounts)
        counted = row.spent_at(at=self.now)
        # In a new period, nothing is counted until the next call.
        is_current = row.spent_since == period_start(row.budget_period, at=self.now)
        assert counted == (Spent(spent, unknown) if is_current else Spent())
        assert row.budget.is_spent(at=self.now) == (counted.amount >= row.budget_amount)
        assert row.budget.is_nearly_spent(at=self.now) == (counted.amount >= row.budget_amount * WARNING_SHARE)

    def converted(self, amount: Decimal, currency: str, into: str, day: dt.date) -> Decimal | None:
        if currency == into or not amount:
            return amount
        rate, other = self.per_usd(currency, day), self.per_usd(into, day)
        return None if rate is None or other is None else convert(amount, rate=rate, into=other)

    def per_usd(self, currency: str, day: dt.date) -> Decimal | None:
        if currency == "USD":
            return Decimal(1)
        newest = CurrencyRate.objects.filter(currency=currency, as_of__lte=day).order_by("-as_of").first()
        return newest.per_usd if newest else None


@pytest.mark.parametrize("seed", range(4))
def test_budgets_have_the_sums_of_their_periods(seed: int, time_machine: Any) -> None:
    played = World(seed, time_machine)

    for _ in range(STEPS):
        played.step()
        played.check()

    assert len(played.costs) > STEPS / 2
