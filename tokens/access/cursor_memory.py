"""Finds models that a key could see before, from the history, so that a client can page on from a hidden model.

All changes of the model, its aliases, offers and releases, their channels and the token are replayed in order of time,
and its starts. After each moment the conditions of the lists are checked: whether the model was published, had started
for a group that an enabled offer of an enabled channel reached, and the token's patterns permitted it. A model that was
never visible is treated as missing, and so is an alias that was not listed then.

If patterns compare prices, the moments at which the model's price changed are replayed too, with the prices that are
known of them now.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.db.models import F, Q

from catalog.models import AIModel, Channel, ModelAlias, Offer, Vendor
from tokens.access.prices import price_moments, with_prices
from tokens.access.starts import is_reached
from tokens.models import ModelRelease, Token, TokenGroup
from tokens.scope import Scope

# The kind of changes that are in no history: a moment is reached.
TIME = "time"


@dataclass
class PastState:
    """The rows that existed at a moment, by kind and primary key."""

    vendors: Mapping[int, Vendor]
    rows: dict[str, dict[int, Any]] = field(
        default_factory=lambda: {"model": {}, "alias": {}, "offer": {}, "release": {}, "channel": {}, "token": {}}
    )

    def apply(self, kind: str, row: Any) -> None:
        """Applies one change, which is a row of the history; prices are read when they are compared."""
        if kind == TIME:
            return
        if row.history_type == "-":
            self.rows[kind].pop(row.id, None)
        else:
            self.rows[kind][row.id] = row

    def visible_model(
        self, name: str, *, reach: Mapping[int, frozenset[int]], groups: tuple[int, ...], at: dt.datetime
    ) -> AIModel | None:
        """The model of that id or listed alias if the token could see it."""
        for row in self.rows["model"].values():
            own_aliases = [alias for alias in self.rows["alias"].values() if alias.model_id == row.id]
            names = {row.name, *(alias.name for alias in own_aliases if alias.listed)}
            if name in names and row.status == AIModel.Status.PUBLISHED and self._has_started(row, reach, at=at):
                model = _past_model(row, self.vendors)
                aliases = [alias.name for alias in own_aliases]
                for token in self.rows["token"].values():
                    scope = with_prices(_past_scope(token, groups), at=at, models=[model.pk])
                    if scope.permits(model, aliases):
                        return model
        return None

    def _has_started(self, model: Any, reach: Mapping[int, frozenset[int]], *, at: dt.datetime) -> bool:
        """Whether the model had started for a group that reached it."""
        channels = self.rows["channel"]
        offering = {
            offer.channel_id
            for offer in self.rows["offer"].values()
            if offer.enabled and offer.model_id == model.id and offer.channel_id in channels
            if channels[offer.channel_id].enabled
        }
        releases = self.rows["release"].values()
        starts = {release.group_id: release.starts_at for release in releases if release.model_id == model.id}
        reaching = (starts.get(group, model.starts_at) for group in reach if reach[group] & offering)
        return any(is_reached(start, at=at) for start in reaching)


@dataclass(frozen=True)
class ReachedMoment:
    """A start or a change of the model's price, among the rows of the history."""

    history_date: dt.datetime
    history_id: int = 0


def last_seen(name: str, *, token: int, scope: Scope, at: dt.datetime) -> AIModel | None:
    """The model of that id or listed alias as the token last saw it; None if it never did.

    An unknown id costs one query.
    """
    by_id = AIModel.history.filter(name=name).values("id")
    by_alias = ModelAlias.history.filter(name=name, listed=True).values("model_id")
    models = list(AIModel.history.filter(Q(id__in=by_id) | Q(id__in=by_alias)))
    if not models:
        return None
    reach = _reach(scope)
    last_model = None
    prices = price_moments(scope, {row.id for row in models}, until=at)
    for moment, state in _past_states(models, prices, token=token, until=at):
        last_model = state.visible_model(name, reach=reach, groups=scope.groups, at=moment) or last_model
    return last_model


def _past_states(
    models: Sequence[Any], prices: Iterable[dt.datetime], *, token: int, until: dt.datetime
) -> Iterator[tuple[dt.datetime, PastState]]:
    """Each moment at which these models, their starts and prices or the token changed, and the state after it."""
    keys = {row.id for row in models}
    offers = list(Offer.history.filter(model_id__in=keys))
    releases = list(ModelRelease.history.filter(model_id__in=keys))
    starts = {row.starts_at for row in (*models, *releases) if row.starts_at is not None and row.starts_at <= until}
    moments = [ReachedMoment(moment) for moment in {*prices, *starts}]
    # The whole history of each alias, because an alias may have moved to another model.
    aliases = ModelAlias.history.filter(id__in=ModelAlias.history.filter(model_id__in=keys).values("id"))
    channels = Channel.history.filter(id__in={row.channel_id for row in offers})
    tokens = Token.history.filter(id=token)
    rows_by_kind = {
        "model": models, "alias": aliases, "offer": offers, "release": releases, "channel": channels,
        "token": tokens, TIME: moments,
    }  # fmt: skip
    changes = [(kind, row) for kind, rows in rows_by_kind.items() for row in rows]
    changes.sort(key=lambda change: (change[1].history_date, change[1].history_id))
    state = PastState(Vendor.objects.in_bulk({row.vendor_id for row in models}))
    for moment, simultaneous in groupby(changes, key=lambda change: change[1].history_date):
        for kind, row in simultaneous:
            state.apply(kind, row)
        yield moment, state


def _reach(scope: Scope) -> Mapping[int, frozenset[int]]:
    """Group of the scope -> the channels that it reaches or once reached."""
    groups = TokenGroup.history.filter(id__in=scope.groups)
    past = groups.values_list("id", F("historicaltokengroup_channels__channel_id"))
    links = TokenGroup.channels.through.objects.filter(tokengroup__in=scope.groups)
    reach: defaultdict[int, set[int]] = defaultdict(set)
    for group, channel in (*past, *links.values_list("tokengroup", "channel")):
        reach[group].add(channel)
    return {group: frozenset(channels) for group, channels in reach.items()}


def _past_scope(token: Any, groups: tuple[int, ...]) -> Scope:
    """The patterns of a token in a row of its history, and the groups whose prices they compare."""
    return Scope(groups, allow=None if token.allow is None else tuple(token.allow), deny=tuple(token.deny))


def _past_model(row: Any, vendors: Mapping[int, Vendor]) -> AIModel:
    """The model in a row of its history, with its vendor for the selectors."""
    model: AIModel = row.instance
    # A pattern matches no name of a deleted vendor.
    model.vendor = vendors.get(row.vendor_id) or Vendor()
    return model
