"""What changes for a reader: prices, and models that are new, retire, or get a successor.

Prices are decided by their sheets and discounts, see history.py. Dates and successors are known since the history of
the model has them. A reader learns of nothing before it could see the models concerned: their publication, the first
offer on a channel of its groups, and the start for one of them. Everything else is a decision of today, see
tokens/access/visibility.py.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Literal, NotRequired, TypedDict

from catalog.db.bulk import KEYS, batches
from catalog.models import AIModel, Offer
from pricing.published.changes.announcements import Announcements, read_announcements
from pricing.published.changes.cursors import PRICE, Place, place_of, write_cursor
from pricing.published.group_rates import slugs_of
from pricing.published.history import UNPRICED, Period, Price, periods
from tokens.access.charging import first_starts, groups_by_model
from tokens.access.index import read_channels_of_groups
from tokens.access.starts import NO_START
from tokens.scope import Scope
from tokens.timestamps import format_timestamp

# An answer with more changes than this is cut after the newest ones, and has a cursor for the next part.
MOST_CHANGES = 1000
KINDS = (PRICE, "new", "retiring", "retired", "successor")


class PriceChange(TypedDict):
    """A change."""

    model_name: str
    kind: Annotated[
        str,
        "new: the model became visible; retiring: its date was announced; retired: it ended; successor: one was named.",
        {"enum": list(KINDS)},
    ]
    at: Annotated[str, "When it takes effect.", {"format": "date-time"}]
    told_at: Annotated[
        str,
        "What `since` is compared with: when the change took effect or was recorded, whichever is later; for an "
        "announced change, when it was recorded.",
        {"format": "date-time"},
    ]
    announced: Annotated[bool, "It lies ahead."]
    before: Annotated[Price, "The price as in a history."]
    after: Annotated[Price, "The price as in a history; for a successor, its own price."]
    successor: NotRequired[Annotated[str, "The model that replaces it, of kind successor."]]


class PriceChanges(TypedDict):
    """What changed and what will."""

    success: Literal[True]
    since: Annotated[str, {"format": "date-time"}]
    complete: Annotated[bool, "false: there are more; `next` gets them."]
    next: Annotated[str | None, "The `cursor` of the next request; null: there are no more."]
    data: Annotated[list[PriceChange], "The most recently recorded first."]


@dataclass(frozen=True)
class Change:
    """A change of one model at a moment, past or announced."""

    model: str
    at: dt.datetime
    reported_at: dt.datetime
    before: Price
    after: Price
    kind: str = PRICE
    successor: str = ""

    @property
    def place(self) -> Place:
        """Its position in a list of changes, the most recently reported first."""
        return place_of(self.reported_at, self.model, self.at, self.kind)


def changes(
    models: Collection[AIModel],
    *,
    since: dt.datetime,
    at: dt.datetime,
    scope: Scope,
    kinds: Collection[str] = KINDS,
) -> list[Change]:
    """What a reader can know only since that moment, the most recently reported first.

    `models` are those that the reader can see, with those that have retired since, or whose retirement was recorded
    since.
    """
    starts = first_starts([model.pk for model in models], scope)
    prices = periods(models, groups=slugs_of(scope), starts=starts)
    listed = [*_price_changes(prices, at=at)]
    has_price = {change.model for change in listed if change.kind == "retired"}
    # The end of a model with a price is in its prices.
    listed += [
        Change(model.name, model.retires_at, model.retires_at, UNPRICED, UNPRICED, "retired")
        for model in models
        if model.retires_at is not None and model.retires_at <= at and model.name not in has_price
    ]
    may_be_late = "retired" in kinds and any(change.kind == "retired" for change in listed)
    if may_be_late or set(kinds) - {PRICE, "retired"}:
        lifecycles = _Lifecycles.read(models, prices, since=since, at=at, scope=scope)
        listed = [*map(lifecycles.as_recorded, listed), *lifecycles.changes()]
    # A model that had retired before can only have the change that this was recorded later.
    gone = {model.name for model in models if model.retires_at is not None and model.retires_at <= since}
    chosen = (
        change
        for change in listed
        if change.reported_at > since
        and change.kind in kinds
        and (change.kind == "retired" or change.model not in gone)
    )
    return sorted(chosen, key=lambda change: change.place)


def _price_changes(prices: Mapping[str, Sequence[Period]], *, at: dt.datetime) -> Iterator[Change]:
    for name, of_model in prices.items():
        before = UNPRICED
        for period in of_model:
            reported_at = period.reported_at(at=at)
            if reported_at is not None:
                kind = "retired" if period.is_retirement else PRICE
                yield Change(name, period.starts_at, reported_at, before, period.price, kind)
            before = period.price


@dataclass(frozen=True)
class _Lifecycles:
    """The models whose lifecycle may have changed for the reader since a moment."""

    models: Mapping[int, AIModel]
    # Those of them whose changes are asked for; the others are successors.
    chosen: Collection[int]
    announcements: Mapping[int, Announcements]
    # Model key -> since when its groups have reached it.
    reached_at: Mapping[int, dt.datetime]
    prices: Mapping[str, Sequence[Period]]
    at: dt.datetime

    @classmethod
    def read(
        cls,
        models: Collection[AIModel],
        prices: Mapping[str, Sequence[Period]],
        *,
        since: dt.datetime,
        at: dt.datetime,
        scope: Scope,
    ) -> "_Lifecycles":
        by_key = {model.pk: model for model in models}
        starts = first_starts(by_key.keys(), scope)
        changed = {key for key, start in starts.items() if start is not None and start > since}
        changed |= {model.pk for model in models if model.created_at > since}
        for table, column in ((AIModel, "id"), (Offer, "model_id")):
            recent = table.history.filter(history_date__gt=since).order_by()
            changed |= set(recent.values_list(column, flat=True).distinct())
        successors = {model.pk: model.successor_id for model in models if model.successor_id in by_key}
        # A model is concerned too if its successor became visible.
        chosen = {key for key in by_key if key in changed or successors.get(key) in changed}
        concerned = {*chosen, *(to for key in chosen if (to := successors.get(key)) is not None)}
        rows = {key: by_key[key] for key in concerned}
        return cls(rows, chosen, read_announcements(rows.values()), _reached_at(concerned, scope), prices, at)

    def as_recorded(self, change: Change) -> Change:
        """The change; if it is a retirement that was recorded after its day, reported then."""
        told_at = self._late_ends.get(change.model) if change.kind == "retired" else None
        return change if told_at is None else replace(change, reported_at=told_at)

    @cached_property
    def _late_ends(self) -> Mapping[str, dt.datetime]:
        """Id of a model that the reader could see -> when its retirement was recorded, if that was later."""
        recorded = {key: self.announcements[key].known_at["retires_on"] for key in self.chosen}
        return {
            self.models[key].name: told_at
            for key, told_at in recorded.items()
            if (end := self.models[key].retires_at) is not None and self._seen_at(key) < end < told_at
        }

    def changes(self) -> Iterator[Change]:
        for key in self.chosen:
            model, known_at = self.models[key], self.announcements[key].known_at
            seen_at = self._seen_at(key)
            if model.retires_at is not None and seen_at >= model.retires_at:
                continue
            yield Change(model.name, seen_at, seen_at, UNPRICED, self._price(model, seen_at), "new")
            if (
                model.retires_at is not None
                and (told_at := max(known_at["retires_on"], self._seen_since(key))) < model.retires_at
            ):
                price = self._price(model, told_at)
                yield Change(model.name, model.retires_at, told_at, price, UNPRICED, "retiring")
            successor = self.models.get(model.successor_id or 0)
            if successor is not None and successor.lifecycle(on=self.at.date()) != AIModel.Lifecycle.RETIRED:
                told_at = max(known_at["successor_id"], *map(self._seen_since, (key, successor.pk)))
                before, after = self._price(model, told_at), self._price(successor, told_at)
                yield Change(model.name, told_at, told_at, before, after, "successor", successor.name)

    def _seen_at(self, key: int) -> dt.datetime:
        """Since when the reader could see the model."""
        published_at = self.announcements[key].published_at or self.models[key].created_at
        return max(published_at, self.reached_at.get(key, NO_START))

    def _seen_since(self, key: int) -> dt.datetime:
        """Since when the reader has been able to see the model without a break by a draft."""
        return max(self.announcements[key].published_since or NO_START, self._seen_at(key))

    def _price(self, model: AIModel, moment: dt.datetime) -> Price:
        """The price at a moment."""
        past = [period for period in self.prices.get(model.name, ()) if period.starts_at <= moment]
        return max(past, key=lambda period: period.starts_at).price if past else UNPRICED


def _reached_at(models: Collection[int], scope: Scope) -> Mapping[int, dt.datetime]:
    """Model key -> since when one of the groups has had an offer of it, and it has started for this group."""
    channels = read_channels_of_groups()
    offered: defaultdict[int, dict[int, dt.datetime]] = defaultdict(dict)
    for batch in batches(list(models), KEYS):
        rows = Offer.history.filter(model_id__in=batch, enabled=True, history_type__in="+~").order_by("history_id")
        for model, channel, moment in rows.values_list("model_id", "channel_id", "history_date"):
            offered[model].setdefault(channel, moment)
    reached = {}
    for model, groups in groups_by_model(models, groups=scope.groups).items():
        moments = []
        for group, reaching in groups.items():
            first = [moment for channel, moment in offered[model].items() if channel in channels.get(group, ())]
            moments.append(max(min(first, default=NO_START), reaching.starts_at or NO_START))
        reached[model] = min(moments)
    return reached


def change_list(
    models: Collection[AIModel],
    *,
    since: dt.datetime,
    at: dt.datetime,
    scope: Scope,
    kinds: Collection[str] = KINDS,
    after: Place | None = None,
) -> PriceChanges:
    """The body of the list of changes, or of its part after a place."""
    every = changes(models, since=since, at=at, scope=scope, kinds=kinds)
    listed = [change for change in every if after is None or change.place > after]
    is_complete = len(listed) <= MOST_CHANGES
    return {
        "success": True,
        "since": format_timestamp(since),
        "complete": is_complete,
        "next": None if is_complete else write_cursor(since, kinds, listed[MOST_CHANGES - 1].place),
        "data": [_row(change, at=at) for change in listed[:MOST_CHANGES]],
    }


def _row(change: Change, *, at: dt.datetime) -> PriceChange:
    row: PriceChange = {
        "model_name": change.model,
        "kind": change.kind,
        "at": format_timestamp(change.at),
        "told_at": format_timestamp(change.reported_at),
        "announced": change.at > at,
        "before": change.before,
        "after": change.after,
    }
    if change.successor:
        row["successor"] = change.successor
    return row
