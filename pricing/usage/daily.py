"""Requests and spending by day and key, as they are reported. A day without a report has no figure: it is not 0."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Aggregate, QuerySet, Sum, TextField
from django.db.models.functions import Cast

from pricing.engine.money import total
from pricing.models import Spending, UsageCount


class ExactSum(Aggregate):
    """The exact sum of a column of exact numbers, which SQLite stores as texts and would add as floats."""

    function = "SUM"
    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        texts = self.copy()
        texts.set_source_expressions(
            [Cast(texts.get_source_expressions()[0], TextField()), *texts.get_source_expressions()[1:]]
        )
        return super(ExactSum, texts).as_sql(compiler, connection, function="GROUP_CONCAT", **context)

    @property
    def convert_value(self) -> Callable[..., Decimal | None]:
        return lambda value, *_: None if value is None else total(map(Decimal, str(value).split(",")))


def requests_by_day(rows: QuerySet[UsageCount], *, since: dt.date) -> dict[dt.date, int]:
    """The reported requests of each day (UTC) that has a report."""
    days = rows.filter(day__gte=since).order_by().values_list("day")
    return dict(days.annotate(requests=Sum("requests")))


@dataclass(frozen=True)
class KeySpending:
    """What one token has spent in one currency."""

    token: int
    amount: Decimal
    calls: int


@dataclass(frozen=True)
class DailySpending:
    """What was spent since a day. Amounts of different currencies are never added."""

    # Currency -> day -> amount.
    by_day: Mapping[str, Mapping[dt.date, Decimal]]
    # Currency -> the tokens that spent the most.
    by_key: Mapping[str, Sequence[KeySpending]]
    # Calls whose cost is not known.
    uncounted: int


def spending_by_day(*, since: dt.date, most: int, tokens: Iterable[int] | None = None) -> DailySpending:
    """The spending since a day, with the `most` tokens of each currency; `tokens` are the only ones to count."""
    rows = Spending.objects.filter(day__gte=since).order_by()
    if tokens is not None:
        rows = rows.filter(token_key__in=tokens)
    known = rows.exclude(currency="")
    by_day: defaultdict[str, dict[dt.date, Decimal]] = defaultdict(dict)
    for currency, day, amount in known.values_list("currency", "day").annotate(amount_sum=ExactSum("amount")):
        by_day[currency][day] = amount
    by_key: defaultdict[str, list[KeySpending]] = defaultdict(list)
    of_keys = known.values_list("currency", "token_key").annotate(amount_sum=ExactSum("amount"), calls_sum=Sum("calls"))
    for currency, token, amount, calls in of_keys:
        by_key[currency].append(KeySpending(token, amount, calls))
    top = {
        currency: sorted(spent, key=lambda one: (-one.amount, one.token))[:most]
        for currency, spent in sorted(by_key.items())
    }
    return DailySpending(by_day, top, rows.aggregate(calls=Sum("uncounted"))["calls"] or 0)
