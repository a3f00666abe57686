"""What aliases change for keys: patterns of ids match the aliases of a model, too.

An alias can show its model to a key, e.g. `claude-default` of gpt-5.5 to a key that is allowed `claude-*`, or hide it
from a key by a deny pattern. The rules are those of Scope.permits: it is asked with the alias and without it.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.models import AIModel, ModelAlias, Offer, Vendor
from catalog.operators.permissions import limit_rows, may_view
from tokens.access.many_scopes import matching_names
from tokens.access.prices import with_prices
from tokens.auth.authentication import scopes_of
from tokens.models import Token, TokenGroup
from tokens.scope import Scope

# The first keys are named in a message.
KEYS_SHOWN = 3


@dataclass(frozen=True)
class AliasEffect:
    """The keys that see a model, or do not see it, because of one alias.

    Each key is the name of its token; an empty one, if the reader may not see it.
    """

    alias: str
    model: str
    shown_to: Sequence[str]
    hidden_from: Sequence[str]

    @property
    def sentences(self) -> Iterator[str]:
        """What the alias does; it is the subject of each sentence."""
        if self.shown_to:
            keys = _keys(self.shown_to, "matches their patterns", "matches its patterns")
            yield f"shows {self.model} to {keys}"
        if self.hidden_from:
            keys = _keys(self.hidden_from, "matches their deny patterns", "matches its deny patterns")
            yield f"hides {self.model} from {keys}"

    @property
    def warnings(self) -> list[str]:
        """The same for the person who creates the alias."""
        return [f"The alias {self.alias} {sentence}." for sentence in self.sentences]


def _keys(names: Sequence[str], why: str, why_one: str) -> str:
    named = [name for name in names if name][:KEYS_SHOWN]
    shown = f" ({', '.join(named)}{', …' if len(names) > len(named) else ''})" if named else ""
    number = "1 key" if len(names) == 1 else f"{len(names)} keys"
    return f"{number}{shown}, because the alias {why_one if len(names) == 1 else why} and the id does not"


def alias_effects(aliases: Mapping[str, str], *, at: dt.datetime, reader: Any = None) -> list[AliasEffect]:
    """The effects of these aliases (alias -> id of its model) on valid keys, whether they are stored or planned.

    Keys whose groups reach no channel that offers the model are left out; a model that nothing offers yet counts for
    all keys. Drafts and models that start later count, because the alias has its effect when they are visible. Each
    alias is compared with none of these, so that two which match the same pattern do not conceal each other. `reader`
    is the operator who reads it: keys that they may not see are counted, and not named.
    """
    scopes, names = _scopes_with_ids(at=at, reader=reader)
    matched = matching_names({pattern for scope in scopes.values() for pattern in _patterns(scope)}, aliases)
    concerned: defaultdict[str, list[str]] = defaultdict(list)
    for fingerprint, scope in scopes.items():
        for alias in {alias for pattern in _patterns(scope) for alias in matched.get(pattern, ())}:
            concerned[alias].append(fingerprint)
    if not concerned:
        return []
    reader = _Models.read({aliases[alias] for alias in concerned})
    effects = []
    for alias in sorted(concerned):
        model = reader.model(aliases[alias])
        others = [name for name in reader.aliases.get(model.name, ()) if name not in aliases]
        together = [*others, *(name for name, target in aliases.items() if target == model.name)]
        shown: list[str] = []
        hidden: list[str] = []
        for fingerprint in concerned[alias]:
            scope = scopes[fingerprint]
            if not reader.is_reached(model, scope):
                continue
            scope = with_prices(scope, at=at, models=[] if model.pk is None else [model.pk])
            before, after = scope.permits(model, others), scope.permits(model, [*others, alias])
            if before != after == scope.permits(model, together):
                (shown if after else hidden).extend(names[fingerprint])
        if shown or hidden:
            effects.append(AliasEffect(alias, model.name, sorted(shown), sorted(hidden)))
    return effects


def alias_warnings(aliases: Mapping[str, str], *, at: dt.datetime, reader: Any) -> list[str]:
    """The effects of these aliases as sentences for the operator who creates them."""
    return [warning for effect in alias_effects(aliases, at=at, reader=reader) for warning in effect.warnings]


def _patterns(scope: Scope) -> Iterable[str]:
    return (*(scope.allow or ()), *scope.deny)


def _scopes_with_ids(*, at: dt.datetime, reader: Any) -> tuple[Mapping[str, Scope], Mapping[str, list[str]]]:
    """The permissions of valid keys with patterns of ids, by fingerprint, and the names of their tokens."""
    valid = Token.objects.filter(enabled=True).exclude(expires_at__lte=at)
    seen = limit_rows(reader, valid) if may_view(reader, Token) else valid.none()
    token_names = dict(seen.values_list("pk", "name"))
    scopes: dict[str, Scope] = {}
    names: defaultdict[str, list[str]] = defaultdict(list)
    for token, scope in scopes_of(valid):
        if scope.asks_for_aliases:
            scopes.setdefault(scope.fingerprint, scope)
            names[scope.fingerprint].append(token_names.get(token, ""))
    return scopes, names


@dataclass(frozen=True)
class _Models:
    """The models with some ids, their aliases, and the groups that any of their offers reaches."""

    models: Mapping[str, AIModel]
    aliases: Mapping[str, Collection[str]]
    groups: Mapping[int, frozenset[int]]

    @classmethod
    def read(cls, names: Collection[str]) -> "_Models":
        models = {model.name: model for model in AIModel.objects.select_related("vendor").filter(name__in=names)}
        aliases: defaultdict[str, list[str]] = defaultdict(list)
        for model, name in ModelAlias.objects.filter(model__name__in=names).values_list("model__name", "name"):
            aliases[model].append(name)
        channels: defaultdict[int, set[int]] = defaultdict(set)
        for group, channel in TokenGroup.channels.through.objects.values_list("tokengroup", "channel"):
            channels[channel].add(group)
        groups: defaultdict[int, set[int]] = defaultdict(set)
        for key, channel in Offer.objects.filter(model__name__in=names).values_list("model", "channel"):
            groups[key] |= channels.get(channel, set())
        return cls(models, aliases, {key: frozenset(reached) for key, reached in groups.items()})

    def model(self, name: str) -> AIModel:
        """The model, or for one that is planned its id alone."""
        return self.models.get(name) or AIModel(name=name, vendor=Vendor())

    def is_reached(self, model: AIModel, scope: Scope) -> bool:
        groups = self.groups.get(model.pk) if model.pk is not None else None
        return groups is None or not groups.isdisjoint(scope.groups)
