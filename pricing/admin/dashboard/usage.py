"""The usage of the last days on the overview: requests and spending by day, and the keys that spent the most."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.urls import reverse

from catalog.operators.permissions import limit_rows, may, may_view
from pricing.admin.dashboard.charts import BarChart, bar_chart
from pricing.engine.formatting.amounts import money, number
from pricing.engine.money import total
from pricing.models import UsageCount, UsageEvent, UsageReporter
from pricing.usage.daily import KeySpending, requests_by_day, spending_by_day
from tokens.models import Token

DAYS = 14
KEYS_SHOWN = 8


@dataclass(frozen=True)
class KeyRow:
    """A key in the list of those that spent the most."""

    name: str
    link: str
    amount: str
    calls: str


@dataclass(frozen=True)
class Currency:
    """What was spent in one currency."""

    code: str
    chart: BarChart
    keys: Sequence[KeyRow]


@dataclass(frozen=True)
class Usage:
    days: int
    requests: BarChart | None
    # One for each currency: amounts of different currencies are not added.
    spending: Sequence[Currency]
    # Calls whose cost is not known.
    uncounted: int
    # The page where a reporter is added, for operators who may do that.
    add_reporter: str

    @property
    def is_empty(self) -> bool:
        return self.requests is None and not self.spending and not self.uncounted


def recent_usage(operator: Any, *, on: dt.date) -> Usage | None:
    """The usage that this operator may see; None if they may see none."""
    sees_counts, sees_costs = may_view(operator, UsageCount), may_view(operator, UsageEvent, Token)
    if not (sees_counts or sees_costs):
        return None
    days = [on - dt.timedelta(days=number) for number in reversed(range(DAYS))]
    requests = None
    if sees_counts:
        counts = requests_by_day(limit_rows(operator, UsageCount.objects.all()), since=days[0])
        if counts:
            figures = {day: Decimal(count) for day, count in counts.items()}
            requests = bar_chart("Requests", figures, days, show=number, sum_of=total)
    spending, uncounted = _spending(operator, days) if sees_costs else ((), 0)
    add_reporter = reverse("admin:pricing_usagereporter_add") if may(operator, "add", UsageReporter) else ""
    return Usage(DAYS, requests, spending, uncounted, add_reporter)


def _spending(operator: Any, days: Sequence[dt.date]) -> tuple[list[Currency], int]:
    everyone = Token.objects.all()
    limited = limit_rows(operator, everyone)
    tokens = None if limited is everyone else limited.values_list("pk", flat=True)
    spent = spending_by_day(since=days[0], most=KEYS_SHOWN, tokens=tokens)
    shown = {one.token for keys in spent.by_key.values() for one in keys}
    names = dict(Token.objects.filter(pk__in=shown).values_list("pk", "name"))
    spending = []
    for code, keys in spent.by_key.items():
        chart = bar_chart(
            f"Spending in {code}",
            spent.by_day[code],
            days,
            show=lambda amount, code=code: money(amount, code),  # type: ignore[misc]
            sum_of=total,
        )
        spending.append(Currency(code, chart, [_key_row(one, names, code) for one in keys]))
    return spending, spent.uncounted


def _key_row(spent: KeySpending, names: dict[int, str], code: str) -> KeyRow:
    name = names.get(spent.token)
    link = reverse("admin:tokens_token_change", args=[spent.token]) if name is not None else ""
    return KeyRow(name if name is not None else "deleted token", link, money(spent.amount, code), f"{spent.calls:,}")
