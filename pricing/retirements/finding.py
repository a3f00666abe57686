"""Which models retire: those with a date within a horizon, those that are deprecated, and those that just retired."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db.models import Q

from catalog.models import AIModel
from catalog.models.facts import ModelFacts
from catalog.prices import Sheet
from pricing.published.audience import apply_group_rate
from pricing.published.group_rates import ratios_in_force
from pricing.published.prices import priced_or_none, published_sheets
from tokens.access.charging import charged_groups
from tokens.access.filters import ALL
from tokens.access.visibility import Listing

# The horizon, if none is given, and how long a retired model is still listed.
WITHIN = dt.timedelta(days=90)
RECENT = dt.timedelta(days=30)


def is_due(model: ModelFacts, *, on: dt.date, within: dt.timedelta) -> bool:
    """Whether the model belongs to the retirements of a day; `due` states the same as a query."""
    until, since = _limits(on, within)
    if model.retires_on is not None and model.retires_on <= since:
        return False
    return any(day is not None and day <= until for day in (model.retires_on, model.deprecated_on))


def due(*, on: dt.date, within: dt.timedelta) -> Q:
    """The models that belong to the retirements of a day."""
    until, since = _limits(on, within)
    is_gone = Q(retires_on__isnull=False, retires_on__lte=since)
    return (Q(retires_on__lte=until) | Q(deprecated_on__lte=until)) & ~is_gone


def _limits(on: dt.date, within: dt.timedelta) -> tuple[dt.date, dt.date]:
    """The last day of the horizon, and the last day whose retirements are no longer listed."""
    return min(on, dt.date.max - within) + within, max(on, dt.date.min + RECENT) - RECENT


def by_date(model: AIModel) -> tuple[dt.date, str]:
    """The order of retirements: the date of the retirement, those without one last."""
    return model.retires_on or dt.date.max, model.name


@dataclass(frozen=True)
class Comparison:
    """What a group pays for a model and for its successor; None where there is no known price."""

    group: str
    before: Sheet | None
    after: Sheet | None


@dataclass(frozen=True)
class Retirement:
    """A model that retires, as one reader may see it: a successor that the reader cannot see is left out."""

    model: AIModel
    successor: AIModel | None
    price: Comparison = Comparison("", None, None)

    @property
    def forwards(self) -> bool:
        """Whether calls go to the successor from the retirement on."""
        return self.model.forwards_to_successor and self.successor is not None and not self.model.is_wildcard


def retirements_of(listing: Listing, *, within: dt.timedelta) -> list[Retirement]:
    """The retirements that a reader may know of, by date, or in the order of the listing's filters."""
    keys = [model.pk for model in listing.visible(retired=True) if is_due(model, on=listing.on, within=within)]
    rows = AIModel.objects.select_related("vendor", "successor__vendor").in_bulk(keys)
    models = [rows[key] for key in keys if key in rows]
    if not listing.filters.sort:
        models.sort(key=by_date)
    successors = visible_successors(models, listing)
    groups = charged_groups(
        {*rows, *(model.pk for model in successors.values())}, listing.scope, at=listing.at, starts=listing.starts
    )
    prices = Prices.read([*models, *successors.values()], at=listing.at)
    return [
        Retirement(model, successor, prices.compare(model, successor, _payer(groups, model), _payer(groups, successor)))
        for model in models
        for successor in [successors.get(model.pk)]
    ]


def visible_successors(models: Sequence[AIModel], listing: Listing) -> dict[int, AIModel]:
    """Key of a model -> its successor, if the reader can see it."""
    named = {model.pk: model.successor for model in models if model.successor is not None}
    if not named:
        return {}
    everything = replace(listing, filters=ALL)
    visible = {model.pk for model in everything.visible()}
    seen = {key: successor for key, successor in named.items() if successor.pk in visible}
    forwarding = (model for model in models if model.successor is not None and model.successor.forwards(on=listing.on))
    return seen | {model.pk: final for model in forwarding if (final := everything.successor(model)) is not None}


def _payer(groups: Mapping[int, tuple[int, str]], model: AIModel | None) -> tuple[int, str] | None:
    return None if model is None else groups.get(model.pk)


@dataclass(frozen=True)
class Prices:
    """The published prices of some models, and what groups pay of them."""

    sheets: Mapping[int, Sheet]
    rates: Mapping[int, Decimal]
    retired: Collection[int]

    @classmethod
    def read(cls, models: Sequence[AIModel], *, at: dt.datetime) -> "Prices":
        retired = {model.pk for model in models if model.lifecycle(on=at.date()) == AIModel.Lifecycle.RETIRED}
        return cls(published_sheets(models, at=at, groups=None), ratios_in_force(at=at), retired)

    def of(self, model: AIModel | None, group: tuple[int, str] | None) -> Sheet | None:
        """What a group (key and slug) pays for the model; None if it is retired or its price is not known."""
        if model is None or group is None or model.pk in self.retired or model.pk not in self.sheets:
            return None
        key, slug = group
        seen = self.sheets[model.pk].seen_by({slug})
        paid = priced_or_none(seen and apply_group_rate(seen, slug, self.rates.get(key, Decimal(1))))
        return paid and paid.folded()

    def compare(
        self,
        model: AIModel,
        successor: AIModel | None,
        group: tuple[int, str] | None,
        group_of_successor: tuple[int, str] | None,
    ) -> Comparison:
        return Comparison(group[1] if group else "", self.of(model, group), self.of(successor, group_of_successor))
