"""Undoes changes of rows that apply from a moment on: what took effect is ended or followed, not edited or deleted."""

import datetime as dt

from django.db import models

from catalog.db.bulk import create_rows, delete_rows, update_rows
from catalog.error_messages import InputError
from catalog.imports.context import UndoContext
from pricing.imports.undo.histories import ChangeHistory, is_automatic, rows_of
from pricing.models import CurrencyRate, DiscountRule, GroupRate, PriceSheet

DATED: tuple[type[models.Model], ...] = (PriceSheet, GroupRate, DiscountRule)
# What may change after a row took effect; a rate is followed by another.
CHANGEABLE: dict[type[models.Model], set[str]] = {
    PriceSheet: {"ends_at", "reason"},
    DiscountRule: {"ends_at", "reason"},
    GroupRate: {"ratio"},
    CurrencyRate: {"per_usd", "source"},
}


def refuse_past(history: ChangeHistory, *, at: dt.datetime) -> list[int]:
    """The changed rows that take effect later, so that they may be edited; InputError if past prices would change."""
    table, scheduled = history.table, []
    name_of_start, now = ("as_of", at.date()) if table is CurrencyRate else ("starts_at", at)
    columns = [column.attname for column in table._meta.concrete_fields if not is_automatic(column)]
    rows = {row.pk: row for row in rows_of(table, history.changed)}
    for key, before, after in history.before_and_after():
        moved = {name for name in columns if before[name] != after[name]}
        if key in rows and min(getattr(rows[key], name_of_start), before[name_of_start]) > now:
            scheduled.append(key)
        elif key in rows and moved - CHANGEABLE[table]:
            raise InputError(f"{table._meta.verbose_name} {rows[key]} has taken effect, so it is not edited. End it.")
    return scheduled


def undo_rules(history: ChangeHistory, context: UndoContext) -> None:
    """Ends the discount rules that took effect, removes scheduled ones, and gives ended ones their earlier ends."""
    at = context.at
    created = rows_of(DiscountRule, history.created)
    delete_rows([rule for rule in created if rule.starts_at >= at], **context.audit)
    ended = [rule for rule in created if rule.starts_at < at and (rule.ends_at is None or rule.ends_at > at)]
    for rule in ended:
        rule.ends_at = at
    again = []
    ends = {key: (before, after) for key, before, after in history.ends()}
    for rule in rows_of(DiscountRule, sorted(ends)):
        before, after = ends[rule.pk]
        if after is None or after > at:
            rule.ends_at = before if before is None or before > at else at
            ended.append(rule)
        elif before is None or before > at:
            rule.pk, rule.starts_at, rule.ends_at, rule.created_at = None, at, before, at
            rule._state.adding = True  # noqa: SLF001
            again.append(rule)
    update_rows(ended, fields=["ends_at"], **context.audit)
    create_rows(again, **context.audit)


def undo_currency_rates(history: ChangeHistory, context: UndoContext) -> None:
    """Removes the rates of later days; today's gets its earlier value, and an older one is followed by the one before.

    InputError if a rate has taken effect and there is none before it.
    """
    today = context.at.date()
    created = rows_of(CurrencyRate, history.created)
    delete_rows([rate for rate in created if rate.as_of > today], **context.audit)
    values = {rate.currency: _rate_before(rate) for rate in created if rate.as_of <= today}
    rows = {row.pk: row for row in rows_of(CurrencyRate, history.changed)}
    for key, before, after in history.before_and_after():
        if key in rows and before["per_usd"] != after["per_usd"]:
            values[rows[key].currency] = before["per_usd"]
    stored = {rate.currency: rate for rate in CurrencyRate.objects.filter(as_of=today, currency__in=values)}
    for currency, rate in stored.items():
        rate.per_usd = values[currency]
    update_rows(list(stored.values()), fields=["per_usd"], **context.audit)
    new = [
        CurrencyRate(currency=currency, per_usd=per_usd, as_of=today, source=context.reason)
        for currency, per_usd in values.items()
        if currency not in stored
    ]
    create_rows(new, **context.audit)


def _rate_before(rate: CurrencyRate) -> object:
    earlier = CurrencyRate.objects.filter(currency=rate.currency, as_of__lt=rate.as_of).order_by("-as_of").first()
    if earlier is None:
        raise InputError(f"The rate {rate} has taken effect, and there is none before it. Add another rate.")
    return earlier.per_usd
