"""Events of models: added, changed, deprecated and retired by a change."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django.utils import timezone

from catalog.models import AIModel, Offer, Vendor
from tokens.access.listed_models import open_offers
from tokens.event_types import shapes
from tokens.events.changes import Change, derive_with, plain_value, slugs_of
from tokens.events.outbox import Draft
from tokens.models import TokenGroup

TYPES = ("model.added", "model.changed", "model.deprecated", "model.retired")


def connect() -> None:
    derive_with(AIModel, TYPES, derive)


def derive(changes: Sequence[Change]) -> Iterator[Draft]:
    rows = [row for change in changes for row in (change.before, change.after) if row is not None]
    names = Names.read(rows, deleted=[change.after.id for change in changes if change.is_deletion])
    today = timezone.now().date()
    for change in changes:
        after = change.after
        context = names.context(after.name, after.vendor_id, after.id)
        if change.is_new:
            added: shapes.ModelAdded = {
                **context,
                "display_name": after.display_name,
                "status": after.status,
                "starts_at": plain_value(after.starts_at),
                "deprecated_on": plain_value(after.deprecated_on),
                "retires_on": plain_value(after.retires_on),
                "successor": names.models.get(after.successor_id),
            }
            yield draft("model.added", added)
            continue
        changed = {
            field.name: shapes.Changed(old=names.value(field, change.before), new=names.value(field, after))
            for field in change.fields()
        }
        if not changed and not change.is_deletion:
            continue
        data: shapes.ModelChanged = {
            **context, "status": None if change.is_deletion else after.status, "changes": changed,
        }  # fmt: skip
        yield draft("model.changed", data)
        if not change.is_deletion and after.status == AIModel.Status.PUBLISHED:
            ended = ended_events(context, after, successor=names.models.get(after.successor_id), on=today)
            earlier = {event.type for event in ended_events(context, change.before, successor=None, on=today)}
            yield from (event for event in ended if event.type not in earlier)


def ended_events(context: shapes.ModelContext, model: Any, *, successor: str | None, on: dt.date) -> Iterator[Draft]:
    """That a model is deprecated or retired on this day, once for each date."""
    if _was(model.deprecated_on, on):
        deprecated: shapes.ModelDeprecated = {
            **context,
            "deprecated_on": model.deprecated_on.isoformat(),
            "retires_on": plain_value(model.retires_on),
            "successor": successor,
        }
        yield draft("model.deprecated", deprecated, key=f"model.deprecated {model.id} {model.deprecated_on}")
    if _was(model.retires_on, on):
        retired: shapes.ModelRetired = {
            **context, "retires_on": model.retires_on.isoformat(), "successor": successor,
        }  # fmt: skip
        yield draft("model.retired", retired, key=f"model.retired {model.id} {model.retires_on}")


def draft(name: str, data: Any, *, key: str = "") -> Draft:
    """An event about a model, with the vendor and the groups that its data names."""
    return Draft(name, data, vendors=[data["vendor"]], groups=data["groups"], key=key)


def _was(date: dt.date | None, on: dt.date) -> bool:
    return date is not None and date <= on


class Names:
    """The names of what models refer to, read once for many."""

    def __init__(
        self, *, vendors: Mapping[int, str], models: Mapping[int | None, str], groups: Mapping[int, list[str]]
    ) -> None:
        self.vendors, self.models, self.groups = vendors, models, groups

    @classmethod
    def read(cls, rows: Collection[Any], *, deleted: Collection[int] = ()) -> "Names":
        """Those of models or their history rows; `deleted` are the keys of models that are deleted."""
        successors = {row.successor_id for row in rows if row.successor_id is not None}
        return cls(
            vendors=slugs_of(Vendor, {row.vendor_id for row in rows}),
            models=dict(AIModel.objects.filter(pk__in=successors).values_list("pk", "name")),
            groups={**groups_reaching({row.id for row in rows}), **groups_that_reached(deleted)},
        )

    def context(self, name: str, vendor: int, key: int) -> shapes.ModelContext:
        """The part of the data that all events of models have."""
        return {"model": name, "vendor": self.vendors.get(vendor, ""), "groups": self.groups.get(key, [])}

    def value(self, field: Any, row: Any) -> Any:
        """The value of a field of a history row, as the management API shows it."""
        value = getattr(row, field.attname)
        if field.name == "vendor":
            return self.vendors.get(value)
        return self.models.get(value) if field.name == "successor" else plain_value(value)


def groups_reaching(models: Collection[int]) -> dict[int, list[str]]:
    """Model -> the names of the groups that reach it by an enabled offer of an enabled channel."""
    return _groups_of_channels(open_offers().filter(model__in=models).values_list("model", "channel"))


def groups_that_reached(models: Collection[int]) -> dict[int, list[str]]:
    """The same for deleted models: by the offers that were deleted with them."""
    deleted = Offer.history.filter(model_id__in=models, history_type="-", enabled=True)
    return _groups_of_channels(deleted.values_list("model_id", "channel_id"))


def _groups_of_channels(pairs: Any) -> dict[int, list[str]]:
    channels: defaultdict[int, set[int]] = defaultdict(set)
    for model, channel in pairs:
        channels[model].add(channel)
    groups: defaultdict[int, set[str]] = defaultdict(set)
    if channels:
        through: Any = TokenGroup.channels.through
        for channel, slug in through.objects.values_list("channel", "tokengroup__slug"):
            groups[channel].add(slug)
    return {model: sorted(set().union(*(groups[channel] for channel in of))) for model, of in channels.items()}
