"""Adds the cost of calls to what their tokens and groups have spent.

All of it happens in the transaction that stores the calls: if a budget is used up, the next check of any worker knows.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from catalog.db import revision
from catalog.db.bulk import KEYS, BulkWriter, batches
from catalog.exact import subtract
from pricing.engine.money import total
from pricing.models import Spending
from pricing.models.budgets import OWNERS, Conversion, Crossing, count_spending, lock_owners, settle
from pricing.models.spending import NO_GROUP
from tokens.budgets import period_end, period_start
from tokens.models.budgets import Budgeted, Spent

# A row of Spending: token, group, day, currency.
Key = tuple[int, int, dt.date, str]


@dataclass(frozen=True)
class Cost:
    """What one call cost; without an amount, the cost is not known."""

    token: int
    # The group whose price applied.
    group: int | None
    moment: dt.datetime
    amount: Decimal | None
    # That of the price; empty if the cost is not known.
    currency: str = ""

    @property
    def key(self) -> Key:
        day = self.moment.astimezone(dt.UTC).date()
        return self.token, self.group or NO_GROUP, day, "" if self.amount is None else self.currency


@dataclass(frozen=True)
class Change:
    """A row of Spending before and after a report."""

    before: Spending
    after: Spending


def record(costs: Iterable[Cost], *, instead_of: Iterable[Cost] = ()) -> list[Crossing]:
    """Adds the costs, and returns the budgets that they cross; `instead_of` are recorded costs that they replace.

    Call it inside the transaction that stores the calls. It blocks other writers until that ends.
    """
    with transaction.atomic():
        revision.hold()
        now = timezone.now()
        changes = _add(costs, instead_of)
        crossings = []
        for table, column in OWNERS.items():
            by_owner: defaultdict[int, list[Change]] = defaultdict(list)
            for change in changes:
                by_owner[getattr(change.after, column)].append(change)
            for batch in batches(sorted(by_owner), KEYS):
                owners = lock_owners(table, Q(pk__in=batch))
                crossings += settle(table, owners, _spent(owners, by_owner, at=now), at=now)
    return crossings


def _add(costs: Iterable[Cost], instead_of: Iterable[Cost]) -> list[Change]:
    amounts: defaultdict[Key, list[Decimal]] = defaultdict(list)
    calls: defaultdict[Key, int] = defaultdict(int)
    unknown: defaultdict[Key, int] = defaultdict(int)
    for sign, cost in (*((1, cost) for cost in costs), *((-1, cost) for cost in instead_of)):
        key = cost.key
        amounts[key].append(sign * (cost.amount or Decimal(0)))
        calls[key] += sign
        unknown[key] += sign * (cost.amount is None)
    stored = {
        row.key: row for row in Spending.objects.of_tokens({key[0] for key in amounts}, {key[2] for key in amounts})
    }
    changes = []
    # In one order, whatever the order of the report.
    for key in sorted(amounts):
        before = stored.get(key) or Spending.of(key)
        after = Spending.of(key)
        after.pk = before.pk
        after.amount = total([before.amount, *amounts[key]])
        after.calls = max(before.calls + calls[key], 0)
        after.uncounted = max(before.uncounted + unknown[key], 0)
        changes.append(Change(before, after))
    _write([change.after for change in changes])
    return changes


def _write(rows: Sequence[Spending]) -> None:
    columns = [field for field in Spending._meta.concrete_fields if not field.primary_key]
    stored, new = [row for row in rows if row.pk is not None], [row for row in rows if row.pk is None]
    if stored:
        sums = [column for column in columns if column.name in Spending.SUMS]
        BulkWriter(Spending, sums).update(stored)
    if new:
        BulkWriter(Spending, columns).insert(new)


def _spent(owners: Sequence[Budgeted], changes: Mapping[int, Sequence[Change]], *, at: dt.datetime) -> dict[int, Spent]:
    """Primary key -> what was spent in the current period, with the changes."""
    outdated = [owner for owner in owners if owner.spent_since != period_start(owner.budget_period, at=at)]
    spent = count_spending(outdated, at) if outdated else {}
    used = {change.after.currency for owner in owners for change in changes[owner.pk]}
    conversion = Conversion.between(used | {owner.budget_currency for owner in owners})
    for owner in owners:
        if owner.pk not in spent:
            first, after = (moment(owner.budget_period, at=at).date() for moment in (period_start, period_end))
            current = [change for change in changes[owner.pk] if first <= change.after.day < after]
            plus = conversion.spent([change.after for change in current], currency=owner.budget_currency)
            minus = conversion.spent([change.before for change in current], currency=owner.budget_currency)
            spent[owner.pk] = Spent(
                subtract(total([owner.spent, plus.amount]), minus.amount),
                owner.uncounted + plus.uncounted - minus.uncounted,
            )
    return spent
