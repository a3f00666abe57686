"""What groups are charged for calls of models, at any moments: the one rule of quotes and of usage events.

The published sheet of the moment, as the group sees it, times the rate that the group pays then. Calls at thousands of
moments take as many queries as one call.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Q

from catalog.models import AIModel
from catalog.prices import Sheet
from pricing.engine.quoting import Quote, Use, quote
from pricing.models import DiscountRule, GroupRate, PriceSheet
from pricing.published.audience import apply_group_rate
from pricing.published.boundaries import PUBLIC_ROLES
from pricing.published.prices import MAX_KEYS, best_rule, compose, fits, in_force, lines_of

Role = PriceSheet.Role
# Without a sheet every line is unpriced, like a line that a sheet has no price for.
UNPRICED = Sheet("USD", ())


class Call(NamedTuple):
    """A call of a model at a moment, for which a group is charged."""

    model: AIModel
    group: str
    at: dt.datetime


class StoredSheet(NamedTuple):
    """When a stored sheet applies."""

    key: int
    starts_at: dt.datetime
    ends_at: dt.datetime | None


class Sources(NamedTuple):
    """The rows that decide the price of a call; calls with the same ones have the same price."""

    sell: int | None
    listed: int | None
    rule: DiscountRule | None
    rate: Decimal


@dataclass(frozen=True)
class Charges:
    """The prices of some calls, see `read`."""

    _sheets: Mapping[int, Sheet]
    _timelines: Mapping[tuple[int, str], Sequence[StoredSheet]]
    _rules: Sequence[DiscountRule]
    _rates: Mapping[str, Sequence[tuple[dt.datetime, Decimal]]]
    _prices: dict[tuple[int, str, Sources], Sheet] = field(default_factory=dict)
    _rules_of: dict[int, Sequence[DiscountRule]] = field(default_factory=dict)

    @classmethod
    def read(cls, calls: Collection[Call]) -> "Charges":
        """What the prices of these calls need."""
        if not calls:
            return cls({}, {}, (), {})
        moments = [call.at for call in calls]
        first, last = min(moments), max(moments)
        in_period = Q(starts_at__lte=last) & (Q(ends_at=None) | Q(ends_at__gt=first))
        timelines = _timelines({call.model.pk for call in calls}, in_period)
        needed = {
            sheet.key
            for call in {(call.model.pk, call.at) for call in calls}
            for role in PUBLIC_ROLES
            if (sheet := in_force(timelines.get((call[0], role), ()), call[1])) is not None
        }
        rates: defaultdict[str, list[tuple[dt.datetime, Decimal]]] = defaultdict(list)
        stored = GroupRate.objects.filter(group__slug__in={call.group for call in calls}, starts_at__lte=last)
        for slug, starts_at, ratio in stored.order_by("-starts_at").values_list("group__slug", "starts_at", "ratio"):
            rates[slug].append((starts_at, ratio))
        rules = DiscountRule.objects.filter(in_period).select_related("vendor", "model")
        return cls(_read_sheets(needed), timelines, list(rules), rates)

    def sheet(self, call: Call) -> Sheet:
        """What the group pays for the model at that moment; UNPRICED if the model has no sheet then."""
        sources = self._sources(call)
        key = call.model.pk, call.group, sources
        if key not in self._prices:
            self._prices[key] = self._compose(call, sources)
        return self._prices[key]

    def quote(self, call: Call, usage: Mapping[str, Use], facts: Mapping[str, Any]) -> tuple[Sheet, Quote]:
        """What the group pays, and the cost of the call with this usage; `facts` are those of the request."""
        sheet = self.sheet(call)
        return sheet, quote(sheet, usage, {**facts, "group": call.group}, at=call.at)

    def _sources(self, call: Call) -> Sources:
        model, group, at = call
        sell, listed = (in_force(self._timelines.get((model.pk, role), ()), at) for role in (Role.SELL, Role.LIST))
        rule = None
        if sell is None and listed is not None:
            if model.pk not in self._rules_of:
                self._rules_of[model.pk] = [rule for rule in self._rules if fits(rule, model)]
            current = (
                r for r in self._rules_of[model.pk] if r.starts_at <= at and (r.ends_at is None or r.ends_at > at)
            )
            rule = best_rule(current, model)
        rate = next((ratio for starts_at, ratio in self._rates.get(group, ()) if starts_at <= at), Decimal(1))
        return Sources(sell and sell.key, listed and listed.key, rule, rate)

    def _compose(self, call: Call, sources: Sources) -> Sheet:
        sell, listed = (None if key is None else self._sheets[key] for key in (sources.sell, sources.listed))
        sheet = compose(call.model, sell, listed, [sources.rule] if sources.rule else ())
        seen = UNPRICED if sheet is None else sheet.seen_by({call.group})
        return apply_group_rate(seen, call.group, sources.rate)


def _timelines(models: Collection[int], in_period: Q) -> Mapping[tuple[int, str], Sequence[StoredSheet]]:
    """Model key and role -> the sheets that apply at some moment of the period."""
    rows = PriceSheet.objects.filter(in_period, role__in=PUBLIC_ROLES)
    if len(models) <= MAX_KEYS:
        rows = rows.filter(model__in=models)
    timelines: defaultdict[tuple[int, str], list[StoredSheet]] = defaultdict(list)
    for key, model, role, starts_at, ends_at in rows.values_list("pk", "model", "role", "starts_at", "ends_at"):
        if model in models:
            timelines[model, role].append(StoredSheet(key, starts_at, ends_at))
    return timelines


def _read_sheets(keys: Iterable[int]) -> Mapping[int, Sheet]:
    wanted = sorted(keys)
    lines = lines_of(wanted)
    sheets = {}
    for start in range(0, len(wanted), MAX_KEYS):
        rows = PriceSheet.objects.filter(pk__in=wanted[start : start + MAX_KEYS])
        for key, currency, facts in rows.values_list("pk", "currency", "facts"):
            sheets[key] = Sheet(currency, lines.get(key, ()), facts=facts)
    return sheets
