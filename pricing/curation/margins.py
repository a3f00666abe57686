"""The margins between published prices and costs, and the prices below cost.

Every kind of request that the prices distinguish is examined. The margin of a cost line is that of its worst scenario.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Max, Q

from catalog import caches
from catalog.db import revision
from catalog.exact import multiply
from catalog.models import AIModel, Offer
from catalog.prices import MILLION, Condition, Line, Sheet
from pricing.engine.conditions import all_hold
from pricing.engine.formatting import labels
from pricing.engine.formatting.amounts import money, with_measure
from pricing.engine.formatting.conditions import conditions as describe_conditions
from pricing.engine.formatting.labels import join_clauses
from pricing.engine.money import SECONDS, per_million
from pricing.engine.quoting import chain, find_line
from pricing.engine.scenarios import Scenario, list_scenarios
from pricing.models import CurrencyRate, GroupRate, PriceSheet
from pricing.published.prices import Factors, publish, sheets_in_force
from pricing.published.rendered import PriceState, RenderedModels

# A message about prices that somebody has set has the first losses only.
LOSSES_SHOWN = 3


@dataclass(frozen=True)
class AppliedPrice:
    """The line that sets a meter's price, its amount with all factors, and the conditions of the line and factors."""

    line: Line
    amount: Decimal
    conditions: Sequence[Condition]


@dataclass(frozen=True)
class Margin:
    """The sell price and the cost of a meter in the scenario with the lowest margin.

    `sell` and `cost` are for `per` units, a million for tokens. `conditions` are those of the scenario, `group` is the
    group that pays the least.
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
    conditions: Sequence[Condition] = ()

    @property
    def label(self) -> str:
        return join_clauses([labels.meter(self.meter), describe_conditions(self.conditions)])

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


def losses(
    *,
    at: dt.datetime,
    models: Iterable[AIModel] | None = None,
    sheets: Mapping[int, Mapping[str, Sheet]] | None = None,
) -> list[Margin]:
    """Every price below its cost at a moment, by model and meter."""
    every = published_margins(at=at, models=models, sheets=sheets)
    return sorted((margin for margin in every if margin.is_loss), key=lambda loss: (loss.model.name, loss.meter))


def loss_warnings(models: Iterable[AIModel], *, at: dt.datetime) -> list[str]:
    """The first losses of these models, for the person who has set their price."""
    return [f"Below cost: {loss}." for loss in losses(at=at, models=models)[:LOSSES_SHOWN]]


def published_margins(
    *,
    at: dt.datetime,
    models: Iterable[AIModel] | None = None,
    sheets: Mapping[int, Mapping[str, Sheet]] | None = None,
) -> Iterator[Margin]:
    """The margins of published models; prices in two currencies are compared only if both have a rate.

    `sheets` are those of the moment by model and role, if the caller has read them.
    """
    if models is None:
        costs = PriceSheet.objects.in_force(at=at).filter(role=PriceSheet.Role.COST)
        models = AIModel.objects.published().filter(pk__in=costs.values("model"))
    listed = {model.pk: model for model in models}
    sheets = sheets_in_force(listed, roles=PriceSheet.Role.values, at=at) if sheets is None else sheets
    of_listed = {key: of_model for key, of_model in sheets.items() if key in listed}
    published = publish(listed, of_listed, groups=None, factors=Factors.read(at=at))
    return margins(listed.values(), published, at=at, sheets=of_listed)


def models_at_a_loss(*, at: dt.datetime) -> frozenset[int]:
    """The keys of the published models with a price below its cost."""
    return frozenset(key for key, lowest in lowest_margins(at=at).items() if lowest.is_loss)


@dataclass(frozen=True)
class LowestMargin:
    """The lowest margin of a model, as texts; `share` is in percent of the price, None if the price is 0."""

    name: str
    label: str
    # What both prices are for: per million tokens.
    measure: str
    sell_price: str
    cost_price: str
    group: str
    share: Decimal | None
    is_loss: bool

    @classmethod
    def of(cls, margin: Margin) -> "LowestMargin":
        cost = money(margin.cost, margin.currency)
        measure = margin.cost_price.removeprefix(cost).strip()
        texts = (margin.model.name, margin.label, measure, margin.sell_price, cost)
        return cls(*texts, margin.group, margin.share, margin.is_loss)


def lowest_margins(*, at: dt.datetime) -> Mapping[int, LowestMargin]:
    """Model key -> its lowest margin, of the published models with a cost and a price."""
    return LOWEST_MARGINS.get(at=at)


class MarginCache:
    """The lowest margin of each model: after a change, only the models that it is about are compared again.

    Comparing thousands of prices takes seconds.
    """

    def __init__(self) -> None:
        self._models = RenderedModels()
        self._costs_since: dt.datetime | None = None

    def get(self, *, at: dt.datetime) -> Mapping[int, LowestMargin]:
        # A state is about published prices alone: costs may change by time at other moments.
        state, costs_since = PriceState.of(revision.version(), at=at), _last_change_of_costs(at=at)
        if costs_since != self._costs_since:
            self.clear()
            self._costs_since = costs_since

        def compare(changed: Collection[int] | None) -> dict[int, LowestMargin]:
            models = None if changed is None else AIModel.objects.published().filter(pk__in=changed)
            lowest: dict[int, Margin] = {}
            for margin in published_margins(at=at, models=models):
                known = lowest.setdefault(margin.model.pk, margin)
                if _worst_first(margin) < _worst_first(known):
                    lowest[margin.model.pk] = margin
            return {key: LowestMargin.of(margin) for key, margin in lowest.items()}

        return self._models.get(costs_since, state, compare)

    def clear(self) -> None:
        self._models.clear()


LOWEST_MARGINS = caches.register(MarginCache())


def _last_change_of_costs(*, at: dt.datetime) -> dt.datetime | None:
    """The last moment up to `at` at which a cost started or ended."""
    costs = PriceSheet.objects.filter(role=PriceSheet.Role.COST)
    started, ended = Max("starts_at", filter=Q(starts_at__lte=at)), Max("ends_at", filter=Q(ends_at__lte=at))
    return max(filter(None, costs.aggregate(started=started, ended=ended).values()), default=None)


def margins(
    models: Iterable[AIModel],
    published: Mapping[int, Sheet],
    *,
    at: dt.datetime,
    sheets: Mapping[int, Mapping[str, Sheet]] | None = None,
) -> Iterator[Margin]:
    """The margin of every price that has a cost at a moment; `published` is model key -> sheet.

    `sheets` are those of the moment by model and role, if the caller has read them.
    """
    listed, role = {model.pk: model for model in models}, PriceSheet.Role.COST
    if sheets is None:
        sheets = sheets_in_force(listed, roles=[role], at=at)
    costs = {key: of_model[role] for key, of_model in sheets.items() if key in listed and role in of_model}
    if not costs:
        return
    rates = CurrencyRate.objects.on_file(on=at.date())
    reach = _rates_of_groups(costs, at=at)
    for key, cost in costs.items():
        if key in published:
            sell = published[key]
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
    return Margin(model, paid.line.meter, paid.line.unit, shown_per, cost, sell, currency, group, is_loss, under)


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
