"""The margins between published prices and costs, and the prices below cost.

Every kind of request that the prices distinguish is examined. The margin of a cost line is that of its worst scenario.
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
from pricing.engine.money import SECONDS, per_million
from pricing.engine.quoting import chain, find_line
from pricing.engine.scenarios import Scenario, list_scenarios
from pricing.models import CurrencyRate, DiscountRule, GroupRate, PriceSheet
from pricing.published.prices import published_sheets, sheets_in_force


@dataclass(frozen=True)
class AppliedPrice:
    """The line that sets a meter's price, its amount with all factors, and the conditions of the line and factors."""

    line: Line
    amount: Decimal
    conditions: Sequence[Condition]


@dataclass(frozen=True)
class Margin:
    """The sell price and the cost of a meter in the scenario with the lowest margin.

    `sell` and `cost` are for `per` units, a million for tokens. `under` is the scenario's conditions in words, `group`
    the group that pays the least.
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
        """The cost with the unit of both prices: $3.00 per million tokens."""
        return with_measure(money(self.cost, self.currency), Line(self.meter, self.cost, self.per, self.unit))

    def __str__(self) -> str:
        position = "below" if self.is_loss else "against"
        return f"{self.model}: {self.label} sold at {self.sell_price} {position} {self.cost_price}"

    @property
    def share(self) -> Decimal | None:
        """The margin in percent of the price; None if the price is 0."""
        return (self.sell - self.cost) * 100 / self.sell if self.sell else None


def losses(*, at: dt.datetime, models: Iterable[AIModel] | None = None) -> list[Margin]:
    """Every price below its cost at a moment; prices in two currencies are compared only if both have a rate."""
    if models is None:
        costs = PriceSheet.objects.in_force(at=at).filter(role=PriceSheet.Role.COST)
        models = AIModel.objects.published().filter(pk__in=costs.values("model"))
    listed = list(models)
    every = margins(listed, published_sheets(listed, at=at, groups=None), at=at)
    return sorted((margin for margin in every if margin.is_loss), key=lambda loss: (loss.model.name, loss.meter))


def models_at_a_loss(*, at: dt.datetime) -> frozenset[int]:
    """The keys of the published models with a price below its cost."""
    return _at_a_loss(revision.current(), _last_change(at=at))


@process_cache(maxsize=4)
def _at_a_loss(_revision: int, at: dt.datetime) -> frozenset[int]:
    """Cached until the revision changes, because comparing thousands of prices takes seconds."""
    return frozenset(loss.model.pk for loss in losses(at=at))


def _last_change(*, at: dt.datetime) -> dt.datetime:
    """The last moment up to `at` at which a price or a rate changed."""
    changes = [dt.datetime.combine(at.astimezone(dt.UTC).date(), dt.time(), tzinfo=dt.UTC)]
    started = Max("starts_at", filter=Q(starts_at__lte=at))
    ended = Max("ends_at", filter=Q(ends_at__lte=at))
    for moments in (
        PriceSheet.objects.aggregate(started=started, ended=ended),
        DiscountRule.objects.aggregate(started=started, ended=ended),
        GroupRate.objects.aggregate(started=started),
    ):
        changes += [moment for moment in moments.values() if moment is not None]
    return max(changes)


def margins(models: Iterable[AIModel], published: Mapping[int, Sheet], *, at: dt.datetime) -> Iterator[Margin]:
    """The margin of every price that has a cost at a moment; `published` is model key -> sheet."""
    listed = {model.pk: model for model in models}
    costs = sheets_in_force(listed, roles=[PriceSheet.Role.COST], at=at)
    if not costs:
        return
    rates = CurrencyRate.objects.on_file(on=at.date())
    reach = _rates_of_groups(costs, at=at)
    for key, of_model in costs.items():
        if key in published:
            sell, cost = published[key], of_model[PriceSheet.Role.COST]
            groups = _rates_of_model(sell, reach.get(key) or {"": Decimal(1)})
            yield from _margins(listed[key], sell.without_group_rates(), cost, groups=groups, rates=rates, at=at)


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
        lines = [line for line in (*cost.lines, *sell.lines) if _can_affect(line, meter)]
        by_cost_line: dict[int, list[Margin]] = {}
        for scenario in list_scenarios(lines, meter=meter, groups=groups, at=at):
            paid, earned = _applied(cost, meter, unit, scenario), _applied(sell, meter, unit, scenario)
            if paid is not None and paid.line.meter == meter and earned is not None:
                margin = _margin(model, paid, earned, cost.currency, str(scenario.facts["group"]), groups)
                by_cost_line.setdefault(id(paid.line), []).append(margin)
        yield from (min(of_line, key=_worst_first) for of_line in by_cost_line.values())


def _can_affect(line: Line, meter: str) -> bool:
    """Whether a line can affect the price of a unit of the meter."""
    return line.meter in ("", *chain(meter)) and line.kind not in ("allowance", "minimum")


def _applied(sheet: Sheet, meter: str, unit: str, scenario: Scenario) -> AppliedPrice | None:
    """The price of a meter in a scenario; None if it is not a number."""
    line = find_line(sheet.lines, meter, unit, scenario.facts, at=scenario.at)
    if line is None or line.kind != "absolute" or line.amount is None:
        return None
    factors = [
        candidate
        for candidate in sheet.lines
        if candidate.kind == "multiplier"
        and candidate.meter in ("", meter, line.meter)
        and all_hold(candidate.conditions, scenario.facts, at=scenario.at)
    ]
    amount = multiply(line.amount, *(factor.amount for factor in factors if factor.amount is not None))
    return AppliedPrice(line, amount, [condition for part in (line, *factors) for condition in part.conditions])


def _margin(
    model: AIModel, paid: AppliedPrice, earned: AppliedPrice, currency: str, group: str, groups: Mapping[str, Decimal]
) -> Margin:
    per = paid.line.per
    # In seconds if the unit is one of time: a cost per second is compared with a price per hour.
    second = SECONDS.get(paid.line.unit, 1)
    sold_per = earned.line.per * SECONDS.get(earned.line.unit, 1)
    is_loss = multiply(earned.amount, groups[group], Decimal(per * second)) < multiply(paid.amount, Decimal(sold_per))
    cost, shown_per = paid.amount, per
    if paid.line.unit == "token":
        # The price of one token would be mostly zeros.
        cost, shown_per = per_million(paid.amount, per), MILLION
    under = [condition for condition in (*paid.conditions, *earned.conditions) if condition["dim"] != "group"]
    sell = multiply(earned.amount, groups[group], Decimal(shown_per * second)) / sold_per
    text = conditions(under)
    return Margin(model, paid.line.meter, paid.line.unit, shown_per, cost, sell, currency, group, is_loss, text)


def _worst_first(margin: Margin) -> tuple[bool, Decimal]:
    return not margin.is_loss, margin.sell / margin.cost if margin.cost else margin.sell


def _in_dollars(sheet: Sheet, rates: Mapping[str, CurrencyRate]) -> Sheet | None:
    rate = rates.get(sheet.currency)
    return Sheet(sheet.currency, sheet.lines, facts=sheet.facts, per_usd=rate.per_usd if rate else None).in_dollars()


def _rates_of_model(sell: Sheet, groups: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The rate that each group pays for this model, the lowest first."""
    own = {slug: sell.rate_of(slug) for slug in groups}
    rates = {slug: rate if (rate_here := own[slug]) is None else rate_here for slug, rate in groups.items()}
    return dict(sorted(rates.items(), key=lambda item: (item[1], item[0])))


def _rates_of_groups(models: Container[int], *, at: dt.datetime) -> dict[int, dict[str, Decimal]]:
    """Model key -> slugs and rates of the groups that can reach it, the lowest rate first."""
    rates = dict(GroupRate.objects.in_force(at=at).values_list("group__slug", "ratio"))
    pairs = (
        Offer.objects.filter(enabled=True, channel__enabled=True)
        .exclude(channel__groups=None)
        .values_list("model", "channel__groups__slug")
        .distinct()
    )
    by_model: defaultdict[int, dict[str, Decimal]] = defaultdict(dict)
    for model, group in pairs.iterator():
        if model in models:
            by_model[model][group] = rates.get(group, Decimal(1))
    return {model: dict(sorted(of.items(), key=lambda item: (item[1], item[0]))) for model, of in by_model.items()}
