"""Why a key sees a model, or why not: the gates of the resolver, in its order, each with the row responsible.

The rules themselves stand in tokens/scope.py and tokens/access/visibility.py; here they are asked
one by one. A test holds the two to the same answer.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from catalog.models import AIModel, Channel, Offer
from tokens.access.visibility import aliases_for, is_storable, sort_key
from tokens.auth.authentication import row_of, scope_of
from tokens.dialects import DIALECTS
from tokens.models import Token, TokenGroup
from tokens.scope import Scope, first_match, names_id

# The gates of the key: what is asked, the code of a refusal, the part of the scope that is responsible.
OF_THE_KEY = (
    ("the token is enabled", "key_disabled", "is_enabled"),
    ("the token has not expired", "key_expired", "expires_at"),
    ("the token is valid already", "key_not_yet_valid", "starts_at"),
    ("the address is allowed", "ip_not_allowed", "networks"),
)


@dataclass(frozen=True)
class Gate:
    """One condition: what is asked, whether it holds, and the row that decides; `of_calls`: listing does not ask it."""

    asks: str
    passed: bool
    because: str
    of_calls: bool = False


@dataclass(frozen=True)
class Explanation:
    """Every gate that could be asked, in order; after a model that does not exist there is nothing more to ask."""

    name: str
    gates: tuple[Gate, ...]
    # The dialects whose clients it is kept from where NARROW_DIALECTS is on, whoever asks.
    narrowed_from: tuple[str, ...] = ()

    @property
    def visible(self) -> bool:
        return self.obstacle is None

    @property
    def obstacle(self) -> Gate | None:
        """The first gate that keeps the model out of the key's lists."""
        return next((gate for gate in self.gates if not gate.passed and not gate.of_calls), None)

    @property
    def callable(self) -> bool:
        """Whether the key may call it, as /api/authorize says; it may see what it may not call."""
        return all(gate.passed for gate in self.gates)


@dataclass(frozen=True)
class Reach:
    """What the groups of a scope lead to, and what its patterns ask for, read once for any number of models."""

    scope: Scope
    groups: Mapping[int, str]
    # Channel -> the groups that reach it.
    channels: Mapping[int, tuple[str, ...]]
    # Model -> its aliases, where the patterns ask for them.
    aliases: Mapping[int, Collection[str]]

    @classmethod
    def of(cls, scope: Scope) -> "Reach":
        groups = dict(TokenGroup.objects.filter(pk__in=scope.groups).values_list("pk", "slug"))
        pairs = TokenGroup.channels.through.objects.filter(tokengroup__in=scope.groups)
        reached: defaultdict[int, list[str]] = defaultdict(list)
        for channel, group in pairs.order_by("pk").values_list("channel", "tokengroup"):
            reached[channel].append(groups[group])
        channels = {channel: tuple(sorted(slugs)) for channel, slugs in reached.items()}
        return cls(scope, groups, channels, aliases_for(scope))


def explain(token: Token, name: str, *, at: dt.datetime, address: str = "", key_id: str = "") -> Explanation:
    """Whether this token's key sees the model of that id or alias at a moment, from an address if one is given.

    Gemini's clients call a model `models/<id>`, and so may whoever asks why.
    `key_id` names one of its keys, which a rotation may have replaced; the current one unless told otherwise.
    """
    scope = scope_of(row_of(token))
    of_key = [*_replacement(token, key_id, at=at), *key_gates(scope, at=at, address=address)]
    reach = Reach.of(scope)
    told = []
    for model in _called(name) or _called(name.removeprefix("models/")):
        offers = Offer.objects.filter(model=model).select_related("channel").order_by("channel__slug")
        of_model = model_gates(model, list(offers), reach, on=at.date(), dated=True)
        gates = (*of_key, _existence(name, model), *of_model)
        told.append(Explanation(name, gates, tuple(each.name for each in DIALECTS if not each.lists(model))))
    missing = Explanation(name, (*of_key, Gate("the model exists", False, f"no model and no alias is called {name}")))
    return next((explanation for explanation in told if explanation.visible), told[0] if told else missing)


def survey(scope: Scope, *, at: dt.datetime, search: str = "") -> list[Explanation]:
    """The same gates for every model (or those whose id holds `search`), in the order of every list; few queries."""
    of_key, reach = key_gates(scope, at=at), Reach.of(scope)
    models = AIModel.objects.select_related("vendor").filter(name__icontains=search.replace("\x00", ""))
    channels = Channel.objects.in_bulk()
    offers: defaultdict[int, list[Offer]] = defaultdict(list)
    for offer in Offer.objects.order_by("channel__slug"):
        # One channel object for all its offers: a join would make one for each.
        offer.channel = channels[offer.channel_id]
        offers[offer.model_id].append(offer)
    return [
        Explanation(model.name, (*of_key, *model_gates(model, offers[model.pk], reach, on=at.date())))
        for model in sorted(models, key=sort_key)
    ]


def key_gates(scope: Scope, *, at: dt.datetime, address: str = "") -> list[Gate]:
    """The gates that every request passes before any model is looked at.

    Without an address the networks are told, and count as passed.
    """
    shut = set(scope.refusals(at=at, address=address or None))
    gates = [Gate(asks, code not in shut, _because(scope, part, address)) for asks, code, part in OF_THE_KEY]
    because = "it is used up; listing costs nothing" if scope.is_over_budget else "it is not"
    return [*gates, Gate("for calls: the budget is not used up", not scope.is_over_budget, because, of_calls=True)]


def _replacement(token: Token, key_id: str, *, at: dt.datetime) -> Iterator[Gate]:
    """The gate of a key that a rotation has replaced."""
    for retired in token.retired_keys.filter(key_id=key_id).exclude(key_id=token.key_id):
        end = f"{retired.valid_until:%Y-%m-%d %H:%M} UTC"
        because = f"key {token.key_id} has replaced it; its grace is until {end}"
        yield Gate("the key is still taken", retired.valid_until > at, because)


def model_gates(
    model: AIModel, offers: Iterable[Offer], reach: Reach, *, on: dt.date, dated: bool = False
) -> Iterator[Gate]:
    """The gates between a valid key and a model that exists; `dated` looks up since when a row is as it is."""
    is_published = model.status == AIModel.Status.PUBLISHED
    draft = "it is a draft" + (since(model, "status") if dated and not is_published else "")
    yield Gate("the model is published", is_published, "it is published" if is_published else draft)
    yield _offer_gate(list(offers), reach, dated=dated)
    is_retired = model.retires_on is not None and model.retires_on <= on
    end = f"it retires on {model.retires_on}" if model.retires_on else "it has no end"
    yield Gate(
        "the model is not retired", not is_retired, f"it is retired since {model.retires_on}" if is_retired else end
    )
    scope, aliases = reach.scope, reach.aliases.get(model.pk, ())
    denying, allowing = scope.denying_pattern(model, aliases), scope.allowing_pattern(model, aliases)
    denial = "none does" if denying is None else f"deny pattern {_with_alias(denying, model, aliases)}"
    yield Gate("no deny pattern names it", denying is None, denial)
    allowance = _allowance(scope, allowing and _with_alias(allowing, model, aliases))
    yield Gate("an allow pattern names it", scope.allow is None or allowing is not None, allowance)


def since(row: Any, field: str) -> str:
    """`, since 2026-11-20 by alice`, from the history of the field; empty where it says nothing."""
    newest = None
    for record in row.history.select_related("history_user").order_by("-history_id")[:50]:
        if getattr(record, field) != getattr(row, field):
            break
        newest = record
    if newest is None:
        return ""
    who = f" by {newest.history_user}" if newest.history_user else ""
    return f", since {newest.history_date:%Y-%m-%d}{who}"


def _called(name: str) -> list[AIModel]:
    """The models of that id or alias, the id first."""
    if not is_storable(name):
        return []
    models = AIModel.objects.select_related("vendor").filter(Q(name=name) | Q(aliases__name=name)).distinct()
    return sorted(models, key=lambda model: model.name != name)


def _existence(name: str, model: AIModel) -> Gate:
    is_id = model.name in {name, name.removeprefix("models/")}
    because = f"model {model.name}" if is_id else f"alias {name} of {model.name}"
    return Gate("the model exists", True, because)


def _because(scope: Scope, part: str, address: str) -> str:
    value = getattr(scope, part)
    match part:
        case "is_enabled":
            return "it is enabled" if value else "it is disabled"
        case "networks":
            return f"{address or 'it'} has to be in {', '.join(value)}" if value else "it may call from anywhere"
    if value is None:
        return {"expires_at": "it never expires", "starts_at": "it has no first day"}[part]
    return f"{part.replace('_', ' ')} {value:%Y-%m-%d %H:%M} UTC"


def _offer_gate(offers: list[Offer], reach: Reach, *, dated: bool) -> Gate:
    asks = "a channel of its groups offers it"
    within = [offer for offer in offers if offer.channel_id in reach.channels]
    for offer in within:
        if offer.enabled and offer.channel.enabled:
            groups = ", ".join(reach.channels[offer.channel_id])
            return Gate(asks, True, f"channel {offer.channel.slug}, reached by group {groups}")
    if within:
        return Gate(asks, False, "; ".join(_shut(offer, dated=dated) for offer in within))
    if not reach.groups:
        return Gate(asks, False, "the token is in no group")
    groups = f"group {', '.join(sorted(reach.groups.values()))}"
    if offers:
        elsewhere = ", ".join(offer.channel.slug for offer in offers)
        return Gate(asks, False, f"{groups} does not reach channel {elsewhere}")
    return Gate(asks, False, "no channel offers it")


def _shut(offer: Offer, *, dated: bool) -> str:
    """Why an offer in reach gives nothing."""
    channel = offer.channel
    if not channel.enabled:
        return f"channel {channel.slug} is disabled" + (since(channel, "enabled") if dated else "")
    return f"the offer on channel {channel.slug} is disabled" + (since(offer, "enabled") if dated else "")


def _with_alias(pattern: str, model: AIModel, aliases: Collection[str]) -> str:
    """The pattern, and the alias by which it names the model where it does not name it otherwise."""
    if first_match((pattern,), model, ()) is not None:
        return pattern
    return f"{pattern}, which names its alias {next(alias for alias in aliases if names_id(pattern, alias))}"


def _allowance(scope: Scope, allowing: str | None) -> str:
    if allowing is not None:
        return f"allow pattern {allowing}"
    return "no allow pattern does" if scope.allow else f"it sees {scope.sees}"
