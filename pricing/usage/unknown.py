"""Usage of models that are not in the catalog: it is stored by name, and becomes that of a model when one has the name.

Nothing is lost while a name is unknown: its counts and events wait. When a model or an alias has the name, they are
assigned to it, and events cost what the model cost at their time. If it had no price then, the cost stays unknown.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Min, QuerySet, Sum

from catalog.db import revision
from catalog.db.bulk import BulkWriter
from catalog.imports.resolving import Resolver
from catalog.models import AIModel, ModelAlias, Vendor
from catalog.vendor_matching import vendor_of_model
from pricing.models import UsageCount, UsageEvent
from pricing.usage.charging import Reported, charge
from pricing.usage.events import costs_of
from pricing.usage.names import find_models
from pricing.usage.quantities import read_usage
from pricing.usage.spending import record

# A name that nobody has used for longer is not reported.
SHOWN = dt.timedelta(days=30)
# Events of one transaction, which blocks other writers for a fraction of a second.
BATCH = 1_000


class UnknownName(NamedTuple):
    """A name that gateways have reported and that no model has."""

    name: str
    requests: int
    tokens: int
    first: dt.date
    last: dt.date
    reporters: int


@dataclass(frozen=True)
class Assigned:
    """How many calls and events were assigned to models, and how many of the events have a known cost now."""

    requests: int = 0
    events: int = 0
    priced: int = 0


def unknown_counts(*, on: dt.date) -> QuerySet[UsageCount]:
    """The recent counts under names that no model has."""
    return UsageCount.objects.filter(model=None, day__gt=on - SHOWN)


def count_unknown(*, on: dt.date) -> int:
    """How many names are unknown."""
    return unknown_counts(on=on).values("name").distinct().count()


def unknown_names(*, on: dt.date, most: int) -> list[UnknownName]:
    """The unknown names, those with the most calls first."""
    sums = (
        unknown_counts(on=on)
        .values("name")
        .annotate(
            requests_sum=Sum("requests"),
            tokens_sum=Sum("tokens"),
            first=Min("day"),
            last=Max("day"),
            reporters=Count("reporter", distinct=True),
        )
    )
    columns = ("name", "requests_sum", "tokens_sum", "first", "last", "reporters")
    return [UnknownName(*row) for row in sums.order_by("-requests_sum", "name").values_list(*columns)[:most]]


def suggest_models(names: Collection[str]) -> dict[str, str]:
    """Unknown name -> the id of a model that it is probably another spelling of."""
    aliases = dict(ModelAlias.objects.values_list("name", "model__name"))
    resolver = Resolver(AIModel.objects.values_list("name", flat=True), aliases)
    matches = {name: resolver.suggest(name) for name in names}
    return {name: match.model for name, match in matches.items() if match is not None and match.is_same}


def create_draft(name: str, *, reason: str) -> AIModel:
    """Creates a draft with this id; ValidationError if it is not a valid id."""
    vendor = vendor_of_model(name)
    known = Vendor.objects.filter(slug=vendor.slug).first() if vendor else None
    model = AIModel(name=name, vendor=known or Vendor.objects.other(), status=AIModel.Status.DRAFT)
    model._change_reason = reason  # type: ignore[attr-defined]  # noqa: SLF001
    model.full_clean()
    model.save()
    return model


def create_alias(name: str, model: AIModel, *, reason: str) -> ModelAlias:
    """Creates an alias with this name; ValidationError if it is not a valid one."""
    alias = ModelAlias(name=name, model=model)
    alias._change_reason = reason  # type: ignore[attr-defined]  # noqa: SLF001
    alias.full_clean()
    alias.save()
    return alias


def assign(names: Collection[str]) -> Assigned:
    """Assigns the stored usage under these names to the models that they stand for now; other names stay unknown."""
    events, priced = price_again(UsageEvent.objects.filter(model=None, name__in=find_models(names)))
    # The counts come last: they lead back to the events if this is interrupted.
    with transaction.atomic():
        revision.hold()
        found = find_models(names)
        requests = 0
        for name, key in found.items():
            counts = UsageCount.objects.filter(model=None, name=name)
            requests += counts.aggregate(sum=Sum("requests"))["sum"] or 0
            counts.update(model_id=key)
        if requests and settings.POPULAR_COUNT > 0:
            revision.bump(revision.POPULARITY, about=set(found.values()))
    return Assigned(requests, events, priced)


def assign_known(*, on: dt.date) -> Assigned:
    """Assigns the usage under names that have become those of models since, e.g. by an import."""
    names = unknown_counts(on=on).values_list("name", flat=True).distinct()
    found = find_models(set(names))
    return assign(found) if found else Assigned()


def price_again(rows: QuerySet[UsageEvent]) -> tuple[int, int]:
    """Prices those of the events whose cost is unknown; returns how many there were, and how many have a cost now."""
    events, priced, last = 0, 0, 0
    while True:
        with transaction.atomic():
            revision.hold()
            batch = list(rows.filter(cost=None, pk__gt=last).order_by("pk")[:BATCH])
            if not batch:
                return events, priced
            priced += _price(batch)
        events += len(batch)
        last = batch[-1].pk


def _price(batch: Sequence[UsageEvent]) -> int:
    """Prices these events, and corrects the spending; returns how many have a cost now."""
    calls = [Reported(row.key_id, row.name, row.group, row.at, read_usage(row.usage), row.request) for row in batch]
    charges = charge(calls)
    before = costs_of(batch)
    for row, charged in zip(batch, charges, strict=True):
        row.token_id = row.token_id or charged.token
        row.model_id, row.group = charged.model, charged.group or row.group
        row.cost, row.currency = charged.cost, charged.currency
    columns = [UsageEvent._meta.get_field(name) for name in ("token", "model", "group", "cost", "currency")]
    BulkWriter(UsageEvent, columns).update(batch)
    record(costs_of(batch), instead_of=before)
    return sum(row.cost is not None for row in batch)
