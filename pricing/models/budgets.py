"""How much of each budget is spent: counted from the stored spending, and written to the budget's row.

The columns that checks compare change only if a budget crosses its limit or its warning, so that other calls leave
stored responses valid.
"""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.signals import post_delete, post_save
from django.utils import timezone

from catalog.db import revision
from catalog.db.bulk import KEYS, BulkWriter, batches
from catalog.exact import digits
from pricing.engine.money import convert, total
from pricing.models.budget_events import budget_events
from pricing.models.rates import CurrencyRate
from pricing.models.spending import Spending
from tokens.budgets import period_end, period_start
from tokens.events.outbox import emit_all
from tokens.models import Token, TokenGroup
from tokens.models.budgets import ACCOUNTING, Budgeted, Spent, count_spending_with
from tokens.timestamps import format_timestamp

logger = logging.getLogger("modelbook.budgets")

# The tables with budgets, and the column of Spending that refers to each.
OWNERS: Mapping[type[Token | TokenGroup], str] = {Token: "token_key", TokenGroup: "group_key"}


@dataclass(frozen=True)
class Conversion:
    """Converts amounts into the currencies of budgets, each with the currency rate of its own day."""

    # Currency -> its rates, the newest first.
    rates: Mapping[str, Sequence[CurrencyRate]]

    @classmethod
    def between(cls, currencies: Collection[str]) -> "Conversion":
        """Reads what is needed to convert any of these currencies into any other."""
        rates = defaultdict(list)
        if len(set(currencies)) > 1:
            for rate in CurrencyRate.objects.filter(currency__in=currencies).order_by("-as_of"):
                rates[rate.currency].append(rate)
        return cls(rates)

    def convert(self, amount: Decimal, currency: str, *, into: str, on: dt.date) -> Decimal | None:
        """The amount in the other currency; None if a rate is missing."""
        if currency == into or not amount:
            return amount
        rate, other = self._per_usd(currency, on), self._per_usd(into, on)
        return None if rate is None or other is None else convert(amount, rate=rate, into=other)

    def _per_usd(self, currency: str, on: dt.date) -> Decimal | None:
        if currency == "USD":
            return Decimal(1)
        newest = next((rate for rate in self.rates.get(currency, ()) if rate.as_of <= on), None)
        return newest.per_usd if newest is not None and newest.can_convert else None

    def spent(self, spending: Iterable[Spending], *, currency: str) -> Spent:
        """What these rows are of a budget in that currency; amounts that cannot be converted are not counted."""
        amounts, uncounted = [], 0
        for row in spending:
            amount = self.convert(row.amount, row.currency, into=currency, on=row.day)
            uncounted += row.calls if amount is None else row.uncounted
            amounts.append(amount or Decimal(0))
        return Spent(total(amounts), uncounted)


def count_spending(rows: Sequence[Budgeted], at: dt.datetime) -> dict[int, Spent]:
    """Primary key -> what was spent of the budget of each of these tokens or groups in its current period."""
    column = next(column for table, column in OWNERS.items() if isinstance(rows[0], table))
    spending: defaultdict[int, list[Spending]] = defaultdict(list)
    for period in {row.budget_period for row in rows}:
        keys = [row.pk for row in rows if row.budget_period == period]
        days = {"day__gte": period_start(period, at=at).date(), "day__lt": period_end(period, at=at).date()}
        for batch in batches(keys, KEYS):
            for row in Spending.objects.filter(**{f"{column}__in": batch}, **days):
                spending[getattr(row, column)].append(row)
    used = {row.currency for of_key in spending.values() for row in of_key}
    conversion = Conversion.between(used | {row.budget_currency for row in rows})
    return {row.pk: conversion.spent(spending[row.pk], currency=row.budget_currency) for row in rows}


@dataclass(frozen=True)
class Crossing:
    """A budget that calls have used up, or nearly."""

    # It has the budget.
    owner: Token | TokenGroup
    is_spent: bool
    at: dt.datetime

    def __str__(self) -> str:
        owner, budget = self.owner, self.owner.budget
        reset = budget.resets_at(at=self.at) if budget else None
        return (
            f"The budget of {owner._meta.verbose_name} {owner.key_id if isinstance(owner, Token) else owner} is "
            f"{'used up' if self.is_spent else 'nearly used up'}: {digits(owner.spent)} of {budget} is spent. "
            f"It {f'resets at {format_timestamp(reset)}' if reset else 'does not reset'}."
        )


def lock_owners(table: type[Token | TokenGroup], condition: Q) -> list[Token | TokenGroup]:
    """The rows of one table that have a budget, for `settle`.

    They are locked in the order of their keys, as tokens/auth/last_use.py does, which does not hold the revision.
    """
    rows = table._default_manager.filter(condition, budget_amount__isnull=False)
    return list(rows.order_by("pk").select_for_update())


def settle(
    table: type[Token | TokenGroup],
    owners: Sequence[Token | TokenGroup],
    spent: Mapping[int, Spent],
    *,
    at: dt.datetime,
) -> list[Crossing]:
    """Writes what was spent of the budgets of these rows of one table; returns the budgets that cross a limit.

    Call it in a transaction that holds the revision. Each crossing is reported once in a period.
    """
    crossings, changed = [], []
    for owner in owners:
        before = owner.budget
        owner.account_for(spent[owner.pk], at=at)
        after = owner.budget
        if before is None or after is None or before.state(at=at) == after.state(at=at):
            continue
        changed.append(owner)
        if after.is_spent(at=at) or (after.is_nearly_spent(at=at) and not before.is_spent(at=at)):
            crossings.append(Crossing(owner, is_spent=after.is_spent(at=at), at=at))
    if owners:
        BulkWriter(table, [table._meta.get_field(name) for name in ACCOUNTING]).update(owners)
    if changed:
        # Requests with several keys compare this counter and no rows.
        revision.bump(revision.PERMISSIONS)
    if any(isinstance(owner, TokenGroup) and owner.auto_position for owner in changed):
        # The rows of tokens do not contain their automatic groups. No list changes.
        revision.bump(revision.MODELS, about=())
    if crossings:
        emit_all(budget_events([crossing.owner for crossing in crossings], at=at))
        transaction.on_commit(partial(announce, crossings))
    return crossings


def announce(crossings: Iterable[Crossing]) -> None:
    """Writes each crossing to the log."""
    for crossing in crossings:
        logger.warning("%s", crossing)


def recount(rate: CurrencyRate) -> None:
    """Counts the budgets again for which costs since the day of this rate are converted with it."""
    with transaction.atomic():
        revision.hold()
        now = timezone.now()
        since = Spending.objects.filter(day__gte=rate.as_of).exclude(currency="")
        for table, column in OWNERS.items():
            converted = since.filter(currency=rate.currency)
            owners = lock_owners(
                table,
                Q(pk__in=converted.values(column)) | Q(pk__in=since.values(column), budget_currency=rate.currency),
            )
            if owners:
                settle(table, owners, count_spending(owners, now), at=now)


def _recount(instance: CurrencyRate, **_: Any) -> None:
    recount(instance)


count_spending_with(count_spending)
# Rates are below spending, so they cannot call this themselves.
post_save.connect(_recount, sender=CurrencyRate, dispatch_uid="budgets-save-rate")
post_delete.connect(_recount, sender=CurrencyRate, dispatch_uid="budgets-delete-rate")
