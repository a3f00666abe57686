"""What the calls of one token used and cost, by model and day. A cost that is not known is None, never 0."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Case, Count, F, Q, Sum, When
from django.db.models.functions import TruncDate

from pricing.models import Spending, UsageEvent
from pricing.usage.daily import ExactSum
from tokens.models import Token


class DayUsage(NamedTuple):
    """The calls of a day (UTC) and what they cost in one currency; without one, no cost is known."""

    day: dt.date
    # The model, or the reported name if the catalog has no such model; empty: the calls of all models.
    model: str
    calls: int
    cost: Decimal | None
    currency: str
    # Calls whose cost is not known; they are not part of the cost.
    uncounted: int


def calls_of_token(token: Token, *, since: dt.date, until: dt.date) -> Iterator[DayUsage]:
    """By day, model and currency, as far as the reported calls are still stored; `until` is the last day."""
    events = UsageEvent.objects.filter(
        token=token,
        at__gte=dt.datetime.combine(since, dt.time(), tzinfo=dt.UTC),
        at__lt=dt.datetime.combine(until, dt.time(), tzinfo=dt.UTC) + dt.timedelta(days=1),
    )
    rows = events.order_by().annotate(
        day=TruncDate("at", tzinfo=dt.UTC), called=Case(When(model=None, then=F("name")), default=F("model__name"))
    )
    totals = rows.values("day", "called", "currency").annotate(
        calls=Count("pk"), total=ExactSum("cost"), unknown=Count("pk", filter=Q(cost=None))
    )
    for row in totals.order_by("day", "called", "currency"):
        yield DayUsage(row["day"], row["called"], row["calls"], row["total"], row["currency"], row["unknown"])


def spending_of_token(token: Token, *, since: dt.date, until: dt.date) -> Iterator[DayUsage]:
    """By day and currency: the sums stay when the calls themselves are removed."""
    rows = Spending.objects.filter(token_key=token.pk, day__gte=since, day__lte=until).order_by()
    totals = rows.values("day", "currency").annotate(
        number=Sum("calls"), total=ExactSum("amount"), unknown=Sum("uncounted")
    )
    for row in totals.order_by("day", "currency"):
        cost = row["total"] if row["currency"] else None
        yield DayUsage(row["day"], "", row["number"], cost, row["currency"], row["unknown"])
