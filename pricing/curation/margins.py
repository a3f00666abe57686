"""What stays of the published price, and where it is lower than what we pay ourselves.

Every kind of request that the prices tell apart is looked at, and of a figure's cases the worst one is told.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Max, Q

from catalog.caches import process_cache
from catalog.db import revision
from catalog.exact import multiply
from catalog.models import AIModel, Offer
from catalog.prices import MILLION, Condition, Line, Sheet
from pricing.engine.conditions import all_hold
from pricing.engine.formatting import labels
from pricing.engine.formatting.amounts import money, with_measure
from pricing.engine.formatting.conditions import conditions
from pricing.engine.formatting.labels import join_clauses
from pricing.engine.money import per_million
from pricing.engine.quoting import chain, find_line
from pricing.engine.scenarios import Case, cases
from pricing.models import CurrencyRate, DiscountRule, GroupRate, PriceSheet
from pricing.published.prices import published_sheets, sheets_in_force


@dataclass(frozen=True)
class Counted:
    """The line that counts for a meter, its amount with all factors, and what had to hold for that."""

    line: Line
    amount: Decimal
    conditions: Sequence[Condition]


@dataclass(frozen=True)
class Margin:
    """What a figure is sold for and what it costs, in the case that leaves least of it.

    Both are per `per` of its unit, a million where that is a token.

    `under` says the conditions of that case, and `group` who pays that little.
    """

    model: AIModel
    meter: str
    unit: str
    per: int
    cost: Decimal
    sell: Decimal
    currency: str
    group: str
    is_loss: bool
    under: str = ""

    @property
    def label(self) -> str:
        return join_clauses([labels.meter(self.meter), self.under])

    @property
    def sell_price(self) -> str:
        return money(self.sell, self.currency)

    @property
    def cost_price(self) -> str:
        """The cost, and what both prices are paid for: $3.00 per million tokens."""
        return with_measure(money(self.cost, self.currency), Line(self.meter, self.cost, self.per, self.unit))

    def __str__(self) -> str:
        position = "below" if self.is_loss else "against"
        return f"{self.model}: {self.label} sold at {self.sell_price} {position} {self.cost_price}"

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


@process_cache(maxsize=4)
def _at_a_loss(_revision: int, at: dt.datetime) -> frozenset[int]:
    """Kept for as long as the revision stands: to compare thousands of prices takes seconds."""
    return frozenset(loss.model.pk for loss in losses(at=at))


def _last_change(*, at: dt.datetime) -> dt.datetime:
    """The last moment up to `at` from which on all prices and rates are those of `at`."""
    found = [dt.datetime.combine(at.astimezone(dt.UTC).date(), dt.time(), tzinfo=dt.UTC)]
    begun = Max("starts_at", filter=Q(starts_at__lte=at))
    ended = Max("ends_at", filter=Q(ends_at__lte=at))
    for moments in (
        PriceSheet.objects.aggregate(begun=begun, ended=ended),
        DiscountRule.objects.aggregate(begun=begun, ended=ended),
        GroupRate.objects.aggregate(begun=begun),
    ):
        found += [moment for moment in moments.values() if moment is not None]
    return max(found)


def margins(models: Iterable[AIModel], published: Mapping[int, Sheet], *, at: dt.datetime) -> Iterator[Margin]:
    """Every figure of these published sheets, by the model's key, that has a cost at a moment."""
    listed = {model.pk: model for model in models}
    costs = sheets_in_force(listed, roles=[PriceSheet.Role.COST], at=at)
    if not costs:
        return
    rates = CurrencyRate.objects.on_file(on=at.date())
    reach = _rates_of_groups(costs, at=at)
    for key, of_model in costs.items():
        if key in published:
            groups = reach.get(key) or {"": Decimal(1)}
            cost = of_model[PriceSheet.Role.COST]
            yield from _margins(listed[key], published[key], cost, groups=groups, rates=rates, at=at)


def _margins(
    model: AIModel,
    sell: Sheet,
    cost: Sheet,
    *,
    groups: Mapping[str, Decimal],
    rates: Mapping[str, CurrencyRate],
    at: dt.datetime,
) -> Iterator[Margin]:
    if sell.currency != cost.currency:
        dollars = _in_dollars(sell, rates), _in_dollars(cost, rates)
        if dollars[0] is None or dollars[1] is None:
            return
        sell, cost = dollars[0], dollars[1]
    meters = dict.fromkeys((line.meter, line.unit) for line in cost.lines if line.kind == "absolute")
    for meter, unit in meters:
        lines = [line for line in (*cost.lines, *sell.lines) if _may_count(line, meter)]
        found: dict[int, list[Margin]] = {}
        for case in cases(lines, meter=meter, groups=groups, at=at):
            paid, earned = _counted(cost, meter, unit, case), _counted(sell, meter, unit, case)
            if paid is not None and paid.line.meter == meter and earned is not None:
                margin = _margin(model, paid, earned, cost.currency, str(case.facts["group"]), groups)
                found.setdefault(id(paid.line), []).append(margin)
        yield from (min(of_line, key=_worst_first) for of_line in found.values())


def _may_count(line: Line, meter: str) -> bool:
    """Whether a line can have a say in what a meter comes to."""
    return line.meter in ("", *chain(meter)) and line.kind not in ("allowance", "minimum")


def _counted(sheet: Sheet, meter: str, unit: str, case: Case) -> Counted | None:
    """What a sheet says of a meter in a case; None where that is no figure."""
    line = find_line(sheet.lines, meter, unit, case.facts, at=case.at)
    if line is None or line.kind != "absolute" or line.amount is None:
        return None
    factors = [
        each
        for each in sheet.lines
        if each.kind == "multiplier"
        and each.meter in ("", meter, line.meter)
        and all_hold(each.conditions, case.facts, at=case.at)
    ]
    amount = multiply(line.amount, *(each.amount for each in factors if each.amount is not None))
    return Counted(line, amount, [condition for each in (line, *factors) for condition in each.conditions])


def _margin(
    model: AIModel, paid: Counted, earned: Counted, currency: str, group: str, groups: Mapping[str, Decimal]
) -> Margin:
    per, sold_per = paid.line.per, earned.line.per
    is_loss = multiply(earned.amount, groups[group], Decimal(per)) < multiply(paid.amount, Decimal(sold_per))
    cost, told_per = paid.amount, per
    if paid.line.unit == "token":
        # For people: one token costs nothing that one could read.
        cost, told_per = per_million(paid.amount, per), MILLION
    under = [condition for condition in (*paid.conditions, *earned.conditions) if condition["dim"] != "group"]
    sell = multiply(earned.amount, groups[group], Decimal(told_per)) / sold_per
    case = conditions(under)
    return Margin(model, paid.line.meter, paid.line.unit, told_per, cost, sell, currency, group, is_loss, case)


def _worst_first(margin: Margin) -> tuple[bool, Decimal]:
    return not margin.is_loss, margin.sell / margin.cost if margin.cost else margin.sell


def _in_dollars(sheet: Sheet, rates: Mapping[str, CurrencyRate]) -> Sheet | None:
    rate = rates.get(sheet.currency)
    return Sheet(sheet.currency, sheet.lines, facts=sheet.facts, per_usd=rate.per_usd if rate else None).in_dollars()


def _rates_of_groups(wanted: Container[int], *, at: dt.datetime) -> dict[int, dict[str, Decimal]]:
    """Model key -> the groups that reach it and their rates, the one that pays least first."""
    rates = dict(GroupRate.objects.in_force(at=at).values_list("group__slug", "ratio"))
    pairs = (
        Offer.objects.filter(enabled=True, channel__enabled=True)
        .exclude(channel__groups=None)
        .values_list("model", "channel__groups__slug")
        .distinct()
    )
    found: defaultdict[int, dict[str, Decimal]] = defaultdict(dict)
    for model, group in pairs.iterator():
        if model in wanted:
            found[model][group] = rates.get(group, Decimal(1))
    return {model: dict(sorted(of.items(), key=lambda each: (each[1], each[0]))) for model, of in found.items()}
