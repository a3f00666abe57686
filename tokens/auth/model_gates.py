"""The gates between a valid key and an existing model: publication, offers, start, retirement and patterns.

The rules are in tokens/scope.py and tokens/access/visibility.py; here they are applied one by one. A test compares the
results.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.models import AIModel, Offer
from tokens.access.starts import NO_START, ModelStarts, Starts, is_reached, read_starts
from tokens.access.visibility import aliases_for
from tokens.models import ModelRelease, TokenGroup
from tokens.patterns.kinds import Described, first_match, id_of, names_id, read_pattern
from tokens.scope import Requested, Scope

NOT_CALLED = "model_not_allowed"
PUBLISHED = "the model is published"
OFFERED = "a channel of the token's groups offers the model"
STARTED = "the model has started for a group of the token"
NOT_RETIRED = "the model is not retired"
NOT_DENIED = "no deny pattern matches the model"
ALLOWED = "an allow pattern matches the model"


@dataclass(frozen=True)
class Gate:
    """One condition, and the row that decides it.

    `passed` is None if it was not checked: something that it depends on is not given or does not exist. `of_calls`: it
    applies to calls and not to lists; `of_lists`: to lists and not to calls. `code` is that of the refusal.
    """

    asks: str
    passed: bool | None
    because: str
    of_calls: bool = False
    code: str = NOT_CALLED
    of_lists: bool = False


def unchecked_model_gates(because: str) -> Iterator[Gate]:
    """The same gates for a model that is not given or does not exist."""
    for asks in (PUBLISHED, OFFERED, STARTED, NOT_RETIRED, NOT_DENIED, ALLOWED):
        yield Gate(asks, None, because)


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


def model_gates(
    model: AIModel,
    offers: Sequence[Offer],
    reach: Reach,
    *,
    at: dt.datetime,
    dated: bool = False,
    called: str = "",
    forwards: bool = False,
) -> Iterator[Gate]:
    """The gates between a valid key and an existing model; `dated` adds since when a row has its value, and by whom.

    `called` is the id in a request for which a wildcard model stands, see Scope.permits_as. `forwards`: the model is
    retired, and the gates of its successor follow.
    """
    is_published = model.status == AIModel.Status.PUBLISHED
    draft = "it is a draft" + (since(model, "status") if dated and not is_published else "")
    yield Gate(PUBLISHED, is_published, "it is published" if is_published else draft)
    offered = _offer_gate(offers, reach, dated=dated)
    yield offered
    if offered.passed:
        yield _start_gate(model, offers, reach, at=at, dated=dated)
    else:
        yield Gate(STARTED, None, "no group of the token reaches the model")
    is_retired = model.retires_on is not None and model.retires_on <= at.date()
    end = f"it retires on {model.retires_on}" if model.retires_on else "no retirement date is set"
    end = f"it has been retired since {model.retires_on}" if is_retired else end
    if forwards:
        yield Gate(NOT_RETIRED, True, f"{end}, and its calls go to its successor", code="model_retired")
    else:
        yield Gate(NOT_RETIRED, not is_retired, end, code="model_retired")
    scope, aliases = reach.scope, reach.aliases.get(model.pk, ())
    names = [*aliases, called] if called else aliases
    denying = scope.denying_pattern(model, names)
    allowing = scope.allowing_pattern(Requested(called, model), ()) if called else scope.allowing_pattern(model, names)
    denial = "none matches"
    if denying is not None:
        denial = f"deny pattern {_with_alias(denying, model, aliases)}{_figures([denying], model, scope)}"
    yield Gate(NOT_DENIED, denying is None, denial)
    allowance = _allowance(scope, allowing and _with_alias(allowing, model, aliases))
    allowance += _figures(scope.allow or () if allowing is None else [allowing], model, scope)
    if model.is_wildcard and not called and allowing is None:
        names = [pattern for pattern in scope.allow or () if (id_of(pattern) or pattern).startswith(model.prefix)]
        allowance += f"; calls of {', '.join(names)} are allowed" if names else ""
    yield Gate(ALLOWED, scope.allow is None or allowing is not None, allowance)


def since(row: Any, field: str) -> str:
    """`, since 2026-11-20 by alice`, from the history of the field; empty without history."""
    newest = None
    for record in row.history.order_by("-history_id")[:50]:
        if getattr(record, field) != getattr(row, field):
            break
        newest = record
    if newest is None:
        return ""
    who = f" by {newest.actor}" if newest.actor else ""
    return f", since {newest.history_date:%Y-%m-%d}{who}"


def _offer_gate(offers: Sequence[Offer], reach: Reach, *, dated: bool) -> Gate:
    asks = OFFERED
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
    groups = [group for group, slug in reach.groups.items() if slug in slugs]
    # The first one of several groups that get it at the same time.
    first = min(groups, key=lambda group: starts.of(group) or NO_START)
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
    return Gate(STARTED, has_started, because)


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
