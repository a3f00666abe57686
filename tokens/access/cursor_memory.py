"""What a key once saw, from the history of who changed what: a client may page on from a model that is hidden by now.

Every change of the model, of its aliases and offers, of their channels and of the token is walked through in the order
of time, and after each moment it is asked what the lists ask: was it published, did an enabled offer of an enabled
channel within reach lead to it, and did the token's patterns let it through. What was never so answers as what does not
exist.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.db.models import F

from catalog.models import AIModel, Channel, ModelAlias, Offer, Vendor
from tokens.models import Token, TokenGroup
from tokens.scope import Scope


@dataclass
class World:
    """The rows that stood at a moment, by what they are rows of and by key."""

    vendors: Mapping[int, Vendor]
    rows: dict[str, dict[int, Any]] = field(
        default_factory=lambda: {"model": {}, "alias": {}, "offer": {}, "channel": {}, "token": {}}
    )

    def turn(self, kind: str, row: Any) -> None:
        """Takes one change: a row of history."""
        if row.history_type == "-":
            self.rows[kind].pop(row.id, None)
        else:
            self.rows[kind][row.id] = row

    def seen(self, name: str, *, reach: frozenset[int]) -> AIModel | None:
        """The model of that id if the token saw it."""
        channels = self.rows["channel"]
        offered = {
            offer.model_id
            for offer in self.rows["offer"].values()
            if offer.enabled and offer.channel_id in reach & channels.keys() and channels[offer.channel_id].enabled
        }
        for row in self.rows["model"].values():
            if row.name == name and row.status == AIModel.Status.PUBLISHED and row.id in offered:
                model = _as_it_was(row, self.vendors)
                aliases = [alias.name for alias in self.rows["alias"].values() if alias.model_id == row.id]
                if any(_scope(token).permits(model, aliases) for token in self.rows["token"].values()):
                    return model
        return None


def last_seen(name: str, *, token: int, scope: Scope) -> AIModel | None:
    """The model of that id as the token saw it last; None where it never did. Nothing is asked of unheard-of ids."""
    models = list(AIModel.history.filter(id__in=AIModel.history.filter(name=name).values("id")))
    if not models:
        return None
    reach = _reach(scope)
    seen = None
    for world in _worlds(models, token=token):
        seen = world.seen(name, reach=reach) or seen
    return seen


def _worlds(models: Sequence[Any], *, token: int) -> Iterator[World]:
    """The world after each moment at which something of these models, or the token, was changed."""
    keys = {row.id for row in models}
    offers = list(Offer.history.filter(model_id__in=keys))
    # All of each, for an alias may have gone over to another model.
    aliases = ModelAlias.history.filter(id__in=ModelAlias.history.filter(model_id__in=keys).values("id"))
    channels = Channel.history.filter(id__in={row.channel_id for row in offers})
    of_token = Token.history.filter(id=token)
    of_kind = {"model": models, "alias": aliases, "offer": offers, "channel": channels, "token": of_token}
    changes = [(kind, row) for kind, rows in of_kind.items() for row in rows]
    changes.sort(key=lambda change: (change[1].history_date, change[1].history_id))
    world = World(Vendor.objects.in_bulk({row.vendor_id for row in models}))
    for _, together in groupby(changes, key=lambda change: change[1].history_date):
        for kind, row in together:
            world.turn(kind, row)
        yield world


def _reach(scope: Scope) -> frozenset[int]:
    """The channels that the scope's groups reach or once reached."""
    groups = TokenGroup.history.filter(id__in=scope.groups)
    once = groups.values_list(F("historicaltokengroup_channels__channel_id"), flat=True)
    now = TokenGroup.channels.through.objects.filter(tokengroup__in=scope.groups).values_list("channel", flat=True)
    return frozenset(once) | frozenset(now)


def _scope(token: Any) -> Scope:
    """The patterns of a token as a row of its history has them."""
    return Scope(allow=None if token.allow is None else tuple(token.allow), deny=tuple(token.deny))


def _as_it_was(row: Any, vendors: Mapping[int, Vendor]) -> AIModel:
    model: AIModel = row.instance
    # A vendor that is no more has no name that a pattern could match.
    model.vendor = vendors.get(row.vendor_id) or Vendor()
    return model
