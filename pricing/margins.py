"""What stays of the published price, and where it is lower than what we pay ourselves."""

import datetime as dt
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from django.db.models import Max, Q

from catalog import revision
from catalog.exact import digits, multiply
from catalog.models import AIModel, Offer
from pricing.book import Line, Sheet
from pricing.models import CurrencyRate, DiscountRule, GroupRate, PriceSheet
from pricing.publishing import published_sheets, sheets_in_force
from pricing.quoting import chain


@dataclass(frozen=True)
class Margin:
    """What a figure is sold for and what it costs, both per `per` of its unit, to the group that pays least."""

    model: AIModel
    meter: str
    unit: str
    per: int
    cost: Decimal
    sell: Decimal
    currency: str
    group: str
    is_loss: bool

    def __str__(self) -> str:
        position = "below" if self.is_loss else "against"
        return f"{self.model}: {self.meter} sold at {digits(self.sell)} {position} {digits(self.cost)} {self.currency}"

    @property
    def share(self) -> Decimal | None:
        """The part of the price that stays, in percent; None of what is sold for nothing."""
        return (self.sell - self.cost) * 100 / self.sell if self.sell else None


def losses(*, at: dt.datetime, models: Iterable[AIModel] | None = None) -> list[Margin]:
    """Every figure sold below its cost at a moment; what is in two currencies without rates is not compared."""
    if models is None:
        costs = PriceSheet.objects.in_force(at=at).filter(role=PriceSheet.Role.COST)
        models = AIModel.objects.published().filter(pk__in=costs.values("model"))
    listed = list(models)
    found = margins(listed, published_sheets(listed, at=at, groups=None), at=at)
    return sorted((margin for margin in found if margin.is_loss), key=lambda loss: (loss.model.name, loss.meter))


def models_at_a_loss(*, at: dt.datetime) -> frozenset[int]:
    """The keys of the published models with a figure sold below its cost."""
    return _at_a_loss(revision.current(), _last_change(at=at))


@lru_cache(maxsize=4)
def _at_a_loss(_revision: int, at: dt.datetime) -> frozenset[int]:
    """Kept for as long as the revision stands: to compare thousands of prices takes seconds."""
    return frozenset(loss.model.pk for loss in losses(at=at))


def _last_change(*, at: dt.datetime) -> dt.datetime:
    """The last moment up to `at` from which on all prices and rates are those of `at`."""
    found = [dt.datetime.combine(at.astimezone(dt.UTC).date(), dt.time(), tzinfo=dt.UTC)]
    for rows in (PriceSheet.objects, DiscountRule.objects):
        begun = Max("starts_at", filter=Q(starts_at__lte=at))
        ended = Max("ends_at", filter=Q(ends_at__lte=at))
        found += [moment for moment in rows.aggregate(begun=begun, ended=ended).values() if moment is not None]
    return max(found)


def margins(models: Iterable[AIModel], published: Mapping[int, Sheet], *, at: dt.datetime) -> Iterator[Margin]:
    """Every figure of these published sheets, by the model's key, that has a cost at a moment."""
    listed = {model.pk: model for model in models}
    costs = sheets_in_force(listed, roles=[PriceSheet.Role.COST], at=at)
    if not costs:
        return
    rates = CurrencyRate.objects.on_file(on=at.date())
    lowest = _lowest_rates(costs)
    for key, of_model in costs.items():
        if key in published:
            group, rate = lowest.get(key, ("", Decimal(1)))
            cost = of_model[PriceSheet.Role.COST]
            yield from _margins(listed[key], published[key], cost, group=group, rate=rate, rates=rates)


def _margins(
    model: AIModel, sell: Sheet, cost: Sheet, *, group: str, rate: Decimal, rates: Mapping[str, CurrencyRate]
) -> Iterator[Margin]:
    if sell.currency != cost.currency:
        dollars = _in_dollars(sell, rates), _in_dollars(cost, rates)
        if dollars[0] is None or dollars[1] is None:
            return
        sell, cost = dollars[0], dollars[1]
    for paid in cost.lines:
        earned = _counterpart(sell.lines, paid) if paid.kind == "absolute" else None
        if earned is None or earned.amount is None or paid.amount is None:
            continue
        price = multiply(earned.amount, sell.discount, rate)
        expense = multiply(paid.amount, cost.discount)
        is_loss = multiply(price, Decimal(paid.per)) < multiply(expense, Decimal(earned.per))
        per_unit = multiply(price, Decimal(paid.per)) / earned.per
        yield Margin(model, paid.meter, paid.unit, paid.per, expense, per_unit, cost.currency, group, is_loss)


def _counterpart(lines: Iterable[Line], paid: Line) -> Line | None:
    """What customers pay for the same: under the same conditions, else without any; its meter or its fallback."""
    for meter in chain(paid.meter):
        same = [line for line in lines if line.kind == "absolute" and (line.meter, line.unit) == (meter, paid.unit)]
        under = [line for line in same if list(line.conditions) == list(paid.conditions)]
        found = under or [line for line in same if not line.conditions]
        if found:
            return found[-1]
    return None


def _in_dollars(sheet: Sheet, rates: Mapping[str, CurrencyRate]) -> Sheet | None:
    rate = rates.get(sheet.currency)
    return Sheet(sheet.currency, sheet.lines, sheet.facts, rate.per_usd if rate else None).in_dollars()


def _lowest_rates(wanted: Container[int]) -> dict[int, tuple[str, Decimal]]:
    """Model key -> the group that pays least among those that reach it, and its rate."""
    rates = dict(GroupRate.objects.values_list("group__slug", "ratio"))
    pairs = (
        Offer.objects.filter(enabled=True, channel__enabled=True)
        .exclude(channel__groups=None)
        .values_list("model", "channel__groups__slug")
        .distinct()
    )
    found: dict[int, tuple[str, Decimal]] = {}
    for model, group in pairs.iterator():
        if model not in wanted:
            continue
        rate = rates.get(group, Decimal(1))
        if model not in found or (rate, group) < (found[model][1], found[model][0]):
            found[model] = group, rate
    return found
