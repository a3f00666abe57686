"""Explains why a key can see a model, or why not: every gate in order, each with the row that decides it.

The rules are in tokens/scope.py and tokens/access/visibility.py; here they are applied one by one. A test compares the
results.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.models import AIModel, Channel, Offer
from catalog.models.aimodel import wildcards_of
from tokens.access.charging import charged_groups
from tokens.access.listed_models import sort_key
from tokens.access.prices import with_prices
from tokens.access.starts import ModelStarts, Starts, is_reached, read_starts
from tokens.access.visibility import aliases_for, is_storable, keys_of, listed_names
from tokens.auth.authentication import row_of, scope_of
from tokens.budgets import NEVER, Budget
from tokens.dialects import DIALECTS
from tokens.models import ModelRelease, Token, TokenGroup
from tokens.patterns.kinds import Described, first_match, id_of, names_id, read_pattern
from tokens.scope import Requested, Scope

NO_START = dt.datetime.min.replace(tzinfo=dt.UTC)
# The gates of the key: the condition, the code of the refusal, the field of the scope that decides.
KEY_GATES = (
    ("the token is enabled", "key_disabled", "is_enabled"),
    ("the token has not expired", "key_expired", "expires_at"),
    ("the token is already valid", "key_not_yet_valid", "starts_at"),
    ("the address is allowed", "ip_not_allowed", "networks"),
)


@dataclass(frozen=True)
class Gate:
    """One condition, whether it holds, and the row that decides; `of_calls`: it applies to calls, not to lists."""

    asks: str
    passed: bool
    because: str
    of_calls: bool = False


@dataclass(frozen=True)
class Explanation:
    """All gates that apply, in order; if the model does not exist, the gates end there."""

    name: str
    gates: tuple[Gate, ...]
    # The dialects that hide the model from all their clients if NARROW_DIALECTS is on.
    narrowed_from: tuple[str, ...] = ()
    in_price_list: bool = True
    # The ids under which lists have it if it is visible: its own, and listed aliases.
    list_names: tuple[str, ...] = ()

    @property
    def visible(self) -> bool:
        return self.obstacle is None

    @property
    def is_listed_otherwise(self) -> bool:
        """Whether lists have it, and not only under this name."""
        return bool(self.list_names) and self.list_names != (self.name,)

    @property
    def obstacle(self) -> Gate | None:
        """The first gate that hides the model from the key."""
        return next((gate for gate in self.gates if not gate.passed and not gate.of_calls), None)

    @property
    def callable(self) -> bool:
        """Whether the key may call the model, as /api/authorize answers; it may see models that it may not call."""
        return all(gate.passed for gate in self.gates)


@dataclass(frozen=True)
class Reach:
    """The channels of a scope's groups and the aliases that its patterns need, read once for any number of models."""

    scope: Scope
    # Group -> its slug, in the order of the scope.
    groups: Mapping[int, str]
    # Channel -> slugs of the groups that reach it, in the same order.
    channels: Mapping[int, tuple[str, ...]]
    # Model -> its aliases, if the patterns need them.
    aliases: Mapping[int, Collection[str]]
    # Those of all models.
    starts: Starts

    @classmethod
    def of(cls, scope: Scope) -> "Reach":
        slugs = dict(TokenGroup.objects.filter(pk__in=scope.groups).values_list("pk", "slug"))
        groups = {group: slugs[group] for group in scope.groups if group in slugs}
        pairs = TokenGroup.channels.through.objects.filter(tokengroup__in=groups)
        reaching: defaultdict[int, set[int]] = defaultdict(set)
        for channel, group in pairs.values_list("channel", "tokengroup"):
            reaching[channel].add(group)
        channels = {
            channel: tuple(slug for group, slug in groups.items() if group in members)
            for channel, members in reaching.items()
        }
        return cls(scope, groups, channels, aliases_for(scope), read_starts())


def explain(token: Token, name: str, *, at: dt.datetime, address: str = "", key_id: str = "") -> Explanation:
    """Whether this token's key can see the model of that id or alias at a moment, and from an address if one is given.

    The name may be `models/<id>`, as Gemini's clients write it. `key_id` is the key id of a retired key; empty for the
    current key.
    """
    scope = scope_of(row_of(token))
    of_key = [*_retired_key_gates(token, key_id, at=at), *key_gates(scope, at=at, address=address)]
    explanations = []
    plain_name = name.removeprefix("models/")
    models = _models_named(name) or _models_named(plain_name)
    called = "" if models else plain_name
    models = models or _wildcards(plain_name)
    reach = Reach.of(with_prices(scope, at=at, models=[model.pk for model in models]))
    for model in models:
        offers = list(Offer.objects.filter(model=model).select_related("channel").order_by("channel__slug"))
        of_model = model_gates(model, offers, reach, at=at, dated=True, called=called)
        of_group = _group_budget_gates(model, scope, at=at)
        gates = (*of_key, _existence(name, model), *of_model, *of_group)
        narrowed_from = tuple(dialect.name for dialect in DIALECTS if not dialect.lists(model))
        list_names = tuple(listed_names([model])[model.pk])
        explanations.append(Explanation(name, gates, narrowed_from, model.in_price_list, list_names))
    missing = Explanation(name, (*of_key, Gate("the model exists", False, f"no model and no alias is called {name}")))
    return next((explanation for explanation in explanations if explanation.visible), [*explanations, missing][0])


def survey(scope: Scope, *, at: dt.datetime, search: str = "") -> list[Explanation]:
    """The gates for every model (or those whose id contains `search`), in the order of all lists, with few queries."""
    of_key, reach = key_gates(scope, at=at), Reach.of(with_prices(scope, at=at))
    models = AIModel.objects.select_related("vendor").filter(name__icontains=search.replace("\x00", ""))
    list_names = listed_names(models)
    channels = Channel.objects.in_bulk()
    offers: defaultdict[int, list[Offer]] = defaultdict(list)
    for offer in Offer.objects.order_by("channel__slug"):
        # One channel object for all its offers: a join would create one for each.
        offer.channel = channels[offer.channel_id]
        offers[offer.model_id].append(offer)
    return [
        Explanation(
            model.name,
            (*of_key, *model_gates(model, offers[model.pk], reach, at=at)),
            in_price_list=model.in_price_list,
            list_names=tuple(list_names[model.pk]),
        )
        for model in sorted(models, key=sort_key)
    ]


def key_gates(scope: Scope, *, at: dt.datetime, address: str = "") -> list[Gate]:
    """The gates of the key itself. Without an address, the gate of the networks names them and counts as passed."""
    refusals = set(scope.refusals(at=at, address=address or None))
    gates = [Gate(asks, code not in refusals, _because(scope, field, address)) for asks, code, field in KEY_GATES]
    return [*gates, _budget_gate(scope, at=at)]


def _budget_gate(scope: Scope, *, at: dt.datetime) -> Gate:
    asks, budget = "the token is within its budget (calls only)", scope.budget
    if scope.is_over_budget:
        return Gate(asks, False, "it is over budget; it can still list models", of_calls=True)
    if budget is None:
        return Gate(asks, True, "it is not over budget", of_calls=True)
    return Gate(asks, not budget.is_spent(at=at), _state_of(budget, at=at), of_calls=True)


def _group_budget_gates(model: AIModel, scope: Scope, *, at: dt.datetime) -> Iterator[Gate]:
    """The gate of the group in which a call is charged, if that group has a budget."""
    group, slug = charged_groups([model.pk], scope, at=at).get(model.pk, (None, ""))
    for owner, budget in scope.group_budgets:
        if owner == group:
            because = f"group {slug}: {_state_of(budget, at=at)}"
            yield Gate(
                "the group is within its budget (calls only)", not budget.is_spent(at=at), because, of_calls=True
            )


def _state_of(budget: Budget, *, at: dt.datetime) -> str:
    """`5 USD per month is used up until 2026-12-01 00:00 UTC`."""
    if not budget.is_spent(at=at):
        return f"{budget} is {budget.state(at=at) or 'not used up'}"
    resets = budget.spent_until is not None and budget.spent_until < NEVER
    return f"{budget} is used up" + (f" until {budget.spent_until:%Y-%m-%d %H:%M} UTC" if resets else "")


def _retired_key_gates(token: Token, key_id: str, *, at: dt.datetime) -> Iterator[Gate]:
    """The gate of a retired key; none for the current key."""
    for retired in token.retired_keys.filter(key_id=key_id).exclude(key_id=token.key_id):
        end = f"{retired.valid_until:%Y-%m-%d %H:%M} UTC"
        because = f"key {token.key_id} has replaced it; its grace period ends at {end}"
        yield Gate("the retired key is still valid", retired.valid_until > at, because)


def model_gates(
    model: AIModel, offers: Sequence[Offer], reach: Reach, *, at: dt.datetime, dated: bool = False, called: str = ""
) -> Iterator[Gate]:
    """The gates between a valid key and an existing model; `dated` adds since when a row has its value, and by whom.

    `called` is the id in a request for which a wildcard model stands, see Scope.permits_as.
    """
    is_published = model.status == AIModel.Status.PUBLISHED
    draft = "it is a draft" + (since(model, "status") if dated and not is_published else "")
    yield Gate("the model is published", is_published, "it is published" if is_published else draft)
    yield _offer_gate(offers, reach, dated=dated)
    yield _start_gate(model, offers, reach, at=at, dated=dated)
    is_retired = model.retires_on is not None and model.retires_on <= at.date()
    end = f"it retires on {model.retires_on}" if model.retires_on else "no retirement date is set"
    yield Gate(
        "the model is not retired",
        not is_retired,
        f"it has been retired since {model.retires_on}" if is_retired else end,
    )
    scope, aliases = reach.scope, reach.aliases.get(model.pk, ())
    names = [*aliases, called] if called else aliases
    denying = scope.denying_pattern(model, names)
    allowing = scope.allowing_pattern(Requested(called, model), ()) if called else scope.allowing_pattern(model, names)
    denial = "none matches"
    if denying is not None:
        denial = f"deny pattern {_with_alias(denying, model, aliases)}{_figures([denying], model, scope)}"
    yield Gate("no deny pattern matches the model", denying is None, denial)
    allowance = _allowance(scope, allowing and _with_alias(allowing, model, aliases))
    allowance += _figures(scope.allow or () if allowing is None else [allowing], model, scope)
    if model.is_wildcard and not called and allowing is None:
        names = [pattern for pattern in scope.allow or () if (id_of(pattern) or pattern).startswith(model.prefix)]
        allowance += f"; calls of {', '.join(names)} are allowed" if names else ""
    yield Gate("an allow pattern matches the model", scope.allow is None or allowing is not None, allowance)


def since(row: Any, field: str) -> str:
    """`, since 2026-11-20 by alice`, from the history of the field; empty without history."""
    newest = None
    for record in row.history.select_related("history_user").order_by("-history_id")[:50]:
        if getattr(record, field) != getattr(row, field):
            break
        newest = record
    if newest is None:
        return ""
    who = f" by {newest.history_user}" if newest.history_user else ""
    return f", since {newest.history_date:%Y-%m-%d}{who}"


def _models_named(name: str) -> list[AIModel]:
    """The models with that id or alias, the id first."""
    if not is_storable(name):
        return []
    models = AIModel.objects.select_related("vendor").filter(pk__in=[key for _, key in keys_of([name])])
    return sorted(models, key=lambda model: model.name != name)


def _wildcards(name: str) -> list[AIModel]:
    """The wildcard models that can stand for that id, the longest first."""
    models = AIModel.objects.select_related("vendor").filter(name__in=wildcards_of(name))
    return sorted(models, key=lambda model: -len(model.name))


def _existence(name: str, model: AIModel) -> Gate:
    is_id = model.name in {name, name.removeprefix("models/")}
    because = f"model {model.name}" if is_id else f"alias {name} of {model.name}"
    if not is_id and model.is_wildcard and name.removeprefix("models/").startswith(model.prefix):
        because = f"wildcard model {model.name}"
    return Gate("the model exists", True, because)


def _because(scope: Scope, field: str, address: str) -> str:
    """The value of the scope's field in words."""
    value = getattr(scope, field)
    match field:
        case "is_enabled":
            return "it is enabled" if value else "it is disabled"
        case "networks":
            return f"{address or 'it'} must be in {', '.join(value)}" if value else "every address is allowed"
    if value is None:
        return {"expires_at": "it never expires", "starts_at": "no start is set"}[field]
    return f"{field.replace('_', ' ')} {value:%Y-%m-%d %H:%M} UTC"


def _offer_gate(offers: Sequence[Offer], reach: Reach, *, dated: bool) -> Gate:
    asks = "a channel of the token's groups offers the model"
    reachable = [offer for offer in offers if offer.channel_id in reach.channels]
    for offer in reachable:
        if offer.enabled and offer.channel.enabled:
            groups = ", ".join(reach.channels[offer.channel_id])
            return Gate(asks, True, f"channel {offer.channel.slug}, reached by group {groups}")
    if reachable:
        return Gate(asks, False, "; ".join(_why_disabled(offer, dated=dated) for offer in reachable))
    if not reach.groups:
        return Gate(asks, False, "the token is in no group")
    groups = f"group {', '.join(sorted(reach.groups.values()))}"
    if offers:
        elsewhere = ", ".join(offer.channel.slug for offer in offers)
        return Gate(asks, False, f"{groups} does not reach channel {elsewhere}")
    return Gate(asks, False, "no channel offers the model")


def _start_gate(model: AIModel, offers: Iterable[Offer], reach: Reach, *, at: dt.datetime, dated: bool) -> Gate:
    """The start for the first of the groups that gets the model, and the row that states it."""
    slugs = {
        slug
        for offer in offers
        if offer.enabled and offer.channel.enabled
        for slug in reach.channels.get(offer.channel_id, ())
    }
    starts = reach.starts.by_model.get(model.pk, ModelStarts())
    # Which group reaches the model is a gate of its own.
    groups = [group for group, slug in reach.groups.items() if slug in slugs] or list(reach.groups)
    # The first one of several groups that get it at the same time.
    first = min(groups, key=lambda group: starts.of(group) or NO_START, default=0)
    start = starts.of(first)
    has_started = is_reached(start, at=at)
    because = "no start is set"
    if start is not None:
        because = f"{'since' if has_started else 'it starts on'} {_to_seconds(start)}"
    if first in starts.by_group:
        because = f"release for group {reach.groups[first]}: {'at once' if start is None else because}"
    if dated and not has_started:
        release = ModelRelease.objects.filter(model=model, group=first).first()
        because += since(release or model, "starts_at")
    return Gate("the model has started for a group of the token", has_started, because)


def _to_seconds(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def _why_disabled(offer: Offer, *, dated: bool) -> str:
    """Why a reachable offer does not apply: its channel or the offer itself is disabled."""
    channel = offer.channel
    if not channel.enabled:
        return f"channel {channel.slug} is disabled" + (since(channel, "enabled") if dated else "")
    return f"the offer on channel {channel.slug} is disabled" + (since(offer, "enabled") if dated else "")


def _with_alias(pattern: str, model: AIModel, aliases: Collection[str]) -> str:
    """The pattern, with the alias that it matches if it does not match the model itself."""
    alias = next((alias for alias in aliases if names_id(pattern, alias)), "")
    if not alias or first_match((pattern,), model, ()) is not None:
        return pattern
    return f"{pattern}, which matches its alias {alias}"


def _figures(patterns: Iterable[str], model: Described, scope: Scope) -> str:
    """The figures of the model that these patterns compare, after a colon; empty if they compare none."""
    figures = dict.fromkeys(read_pattern(pattern).figure(model, scope.prices) for pattern in patterns)
    return f": {', '.join(filter(None, figures))}" if any(figures) else ""


def _allowance(scope: Scope, allowing: str | None) -> str:
    if allowing is not None:
        return f"allow pattern {allowing}"
    return "no allow pattern matches" if scope.allow else f"the key can see {scope.sees}"
