"""Which models many scopes can see, for questions about all tokens.

A query per token would take minutes for thousands of tokens. Here the number of queries is always the same, and each
pattern is compared with the catalog once. The rules are those of tokens/scope.py and tokens/access/visibility.py; a
test compares the results.
"""

import datetime as dt
import functools
import operator
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from catalog.db import revision
from catalog.db.revision import Counters
from catalog.models import AIModel, ModelAlias
from catalog.models.aimodel import wildcards_of
from catalog.models.facts import WILDCARD
from tokens.access.index import read_channels_of_groups
from tokens.access.listed_models import open_offers
from tokens.access.prices import prices_of
from tokens.access.starts import Starts, read_starts
from tokens.patterns.kinds import (
    SELECTORS,
    Free,
    Names,
    OneName,
    Pattern,
    PriceLimit,
    Selection,
    id_of,
    names_id,
    read_pattern,
)
from tokens.patterns.prices import Prices
from tokens.scope import Scope

# A set of models as the bits of a number: unions and differences of thousands of models take microseconds.
Models = int
# Patterns whose models are stored: 19 MB for 15,000 models.
MOST_PATTERNS = 10_000
COLUMNS = (
    "pk", "name", "listed", "in_price_list", "status", "retires_on", "forwards_to_successor", "successor",
)  # fmt: skip


@dataclass(frozen=True)
class Matches:
    """The models that a scope reaches through its groups, and those that each of its patterns matches in the catalog.

    Deny patterns match what they might match, because a figure is unknown. Without an allow list, `allow` is None.
    """

    reached: Models
    allow: Mapping[str, Models] | None
    deny: Mapping[str, Models]

    @property
    def permitted(self) -> Models:
        """What the deny patterns leave of the reached models."""
        return functools.reduce(lambda left, denied: left & ~denied, self.deny.values(), self.reached)

    @property
    def visible(self) -> Models:
        if self.allow is None:
            return self.permitted
        return self.permitted & functools.reduce(operator.or_, self.allow.values(), 0)


class ManyScopes:
    """The catalog at one moment, prepared for the question of many scopes.

    `places` are those of another state of the same catalog: a model has the same bit in both, so that what scopes see
    in the two states can be compared.
    """

    def __init__(self, *, at: dt.datetime, places: Mapping[int, int] | None = None) -> None:
        self.at = at
        # Model key -> its bit, also of models of the other state.
        self.places: dict[int, int] = dict(places or {})
        # Id -> the key of its model. Alias -> the key of its model.
        self.ids: dict[str, int] = {}
        self.aliases: dict[str, int] = {}
        self._by_name: defaultdict[str, list[int]] = defaultdict(list)
        self._aliases_of: defaultdict[int, list[str]] = defaultdict(list)
        # Key of a model that retires later -> the day (UTC).
        self.retires_on: dict[int, dt.date] = {}
        # Key of a model whose calls go to its successor when it is retired -> the successor.
        self.successors: dict[int, int] = {}
        # Those of them that are retired.
        self._forwarding: set[int] = set()
        listed, in_price_list, offered, published = list[int](), list[int](), list[int](), list[int]()
        for key, name, is_listed, is_priced, status, retires_on, forwards, successor in AIModel.objects.order_by(
            "pk"
        ).values_list(*COLUMNS):
            place = self.places.setdefault(key, len(self.places))
            self.ids[name] = key
            self._by_name[name].append(place)
            listed += [place] * is_listed
            in_price_list += [place] * is_priced
            is_retired = retires_on is not None and retires_on <= at.date()
            if retires_on is not None and not is_retired:
                self.retires_on[key] = retires_on
            is_published = status == AIModel.Status.PUBLISHED
            published += [place] * is_published
            offered += [place] * (is_published and not is_retired)
            if forwards and successor is not None and not name.endswith(WILDCARD):
                self.successors[key] = successor
                if is_retired:
                    self._forwarding.add(key)
        # Alias that is a row of lists -> the bit of its model.
        self.listed_aliases: dict[str, int] = {}
        for key, name, is_listed in ModelAlias.objects.order_by("name").values_list("model", "name", "listed"):
            self._aliases_of[key].append(name)
            self.aliases[name] = key
            if key in self.places:
                self._by_name[name].append(self.places[key])
                if is_listed:
                    self.listed_aliases[name] = self.places[key]
        # The models that are rows of lists by their id, those of the price list, and the published ones not retired.
        self.listed, self.in_price_list = self._collect(listed), self._collect(in_price_list)
        self.offered, self._published_ones = self._collect(offered), self._collect(published)
        # The models with a first listed alias, those with a second one, and so on.
        self.listed_by_aliases = self._collect_each(self.listed_aliases.values())
        self._names = _Names(self._by_name)
        self._reached: dict[int, Models] = {}
        self._matched: dict[Hashable, Models] = {}
        self._prices: dict[tuple[int, ...], Prices] = {}

    def is_empty(self, scope: Scope) -> bool:
        """Whether the scope can see no model, and call no id of a wildcard model."""
        return not self.visible(scope) and not any(True for _ in self.other_names(scope))

    def visible(self, scope: Scope) -> Models:
        """The models that the scope can see."""
        return self.matches(scope).visible

    def matches(self, scope: Scope) -> Matches:
        """The models that the groups of a scope reach, and those that each of its patterns matches."""
        scope = self._with_prices(scope)
        return Matches(
            self.reach_of(scope),
            None if scope.allow is None else {text: self._match(text, scope, if_unknown=False) for text in scope.allow},
            {text: self._match(text, scope, if_unknown=True) for text in scope.deny},
        )

    def other_names(self, scope: Scope) -> Iterator[str]:
        """The ids that the scope can call beside those of visible models and their aliases."""
        yield from self.wildcard_names(scope)
        yield from self.forwarded_names(scope)

    def wildcard_names(self, scope: Scope) -> Iterator[str]:
        """The ids of its allow list for which a wildcard model stands; a pattern matches the id without its stars."""
        if not scope.allow or not self._wildcards:
            return
        names = dict.fromkeys(_without_stars(pattern) for pattern in scope.allow)
        scope, reached = self._with_prices(scope), self.reach_of(scope)
        yield from (name for name in names if self._has_wildcard(name, scope, reached))

    @functools.cached_property
    def forwards(self) -> Mapping[int, int]:
        """Key of a retired model whose calls go to another model -> that model."""
        names = {key: name for name, key in self.ids.items()}
        ends: dict[int, int] = {}
        for key in self._forwarding:
            path = [key]
            while path[-1] in self._forwarding and (following := self.successors[path[-1]]) not in path:
                path.append(following)
            is_open = path[-1] not in self._forwarding and not names.get(path[-1], WILDCARD).endswith(WILDCARD)
            if is_open:
                ends[key] = path[-1]
        return ends

    def forwarded_names(self, scope: Scope) -> Iterator[str]:
        """The ids and aliases of retired models whose calls go to a visible model; the scope permits all on the way."""
        if not self.forwards:
            return
        matches = self.matches(scope)
        visible = replace(matches, reached=self._union(map(self._published_in_reach, scope.groups))).visible
        for name, key in {**self.aliases, **self.ids}.items():
            if key not in self.forwards:
                continue
            current = key
            while current in self._forwarding and self.contains(visible, current):
                current = self.successors[current]
            if current == self.forwards[key] and self.contains(matches.visible, current):
                yield name

    def callable(self, scope: Scope) -> Models:
        """The models that the scope can call, and those that it could call if they were not retired.

        Wildcard models are included if they stand for an id of the allow list.
        """
        reached = self._union(map(self._published_in_reach, scope.groups))
        scope = self._with_prices(scope)
        models = replace(self.matches(scope), reached=reached).visible
        if scope.allow and self._wildcards:
            names = dict.fromkeys(_without_stars(pattern) for pattern in scope.allow)
            models |= self.collect(key for name in names for key in self._standing(name, scope, reached))
        return models

    def payer(self, scope: Scope, model: int) -> int | None:
        """The first group of the scope that reaches a model, retired or not: it pays."""
        return next((group for group in scope.groups if self.contains(self._published_in_reach(group), model)), None)

    def keys_of(self, models: Models) -> Iterator[int]:
        """The keys of the models of a set."""
        keys = self._keys
        while models:
            lowest = models & -models
            yield keys[lowest.bit_length() - 1]
            models ^= lowest

    @functools.cached_property
    def _keys(self) -> Sequence[int]:
        """Bit -> the key of its model."""
        return sorted(self.places, key=self.places.__getitem__)

    def collect(self, keys: Iterable[int]) -> Models:
        """The set of the models with these keys."""
        return self._collect(self.places[key] for key in keys if key in self.places)

    def wildcards_for(self, pattern: str) -> Models:
        """The wildcard models that stand for the id that a pattern is without its stars; none if a model has it."""
        name = _without_stars(pattern)
        if name in self._by_name:
            return 0
        found = (self._wildcards[wildcard] for wildcard in wildcards_of(name) if wildcard in self._wildcards)
        return self._collect(self.places[model.pk] for model in found if model.pk in self.places)

    def _has_wildcard(self, name: str, scope: Scope, reached: Models) -> bool:
        """Whether a wildcard model stands for an id, which no model or alias has, and the scope permits it."""
        return any(True for _ in self._standing(name, scope, reached))

    def _standing(self, name: str, scope: Scope, reached: Models) -> Iterator[int]:
        """The keys of the wildcard models that stand for an id, which no model or alias has, and that are permitted."""
        if name in self._by_name:
            return
        for wildcard in wildcards_of(name):
            model = self._wildcards.get(wildcard)
            if model is None or not self.contains(reached, model.pk):
                continue
            if scope.permits_as(name, model, self._aliases_of.get(model.pk, ())):
                yield model.pk

    def contains(self, models: Models, key: int) -> bool:
        place = self.places.get(key)
        return place is not None and bool(models >> place & 1)

    def reach_of(self, scope: Scope) -> Models:
        """The models that the groups of the scope reach, whatever the patterns say."""
        return self._union(self.reached(group) for group in scope.groups)

    def reached(self, group: int) -> Models:
        """The models that a group reaches."""
        return self._published_in_reach(group) & self.offered

    def _published_in_reach(self, group: int) -> Models:
        """The models that a group reaches, and those that it would reach if they were not retired."""
        if group not in self._reached:
            reached = self._union(self._by_channel[channel] for channel in self._channels.get(group, ()))
            self._reached[group] = reached & self._published_ones & ~self._not_started(group)
        return self._reached[group]

    def _not_started(self, group: int) -> Models:
        """The models that start later for a group."""
        if self._starts.next(self.at) is None:
            return 0
        later = (key for key in self._starts.by_model if not self._starts.has_started(key, group, at=self.at))
        return self._collect(self.places[key] for key in later if key in self.places)

    def _with_prices(self, scope: Scope) -> Scope:
        """The scope with the prices that its patterns compare, which are read once for all scopes with its groups."""
        if not scope.asks_for_prices or scope.prices is not None:
            return scope
        if scope.groups not in self._prices:
            self._prices[scope.groups] = prices_of(scope, at=self.at, counters=self._counters)
        return replace(scope, prices=self._prices[scope.groups])

    def _match(self, text: str, scope: Scope, *, if_unknown: bool) -> Models:
        """The models that a pattern of the scope matches; `if_unknown`: or might match."""
        pattern = read_pattern(text)
        if isinstance(pattern, OneName):
            return self._collect(self._by_name.get(pattern.name, ()))
        # The price of a model is that of the first group of the scope which reaches it.
        groups = scope.groups if isinstance(pattern, Free | PriceLimit) else ()
        key = (text, if_unknown, groups)
        if key not in self._matched:
            if len(self._matched) >= MOST_PATTERNS:
                self._matched.clear()
            self._matched[key] = self._collect(self._find(pattern, text, scope, if_unknown=if_unknown))
        return self._matched[key]

    def _find(self, pattern: Pattern, text: str, scope: Scope, *, if_unknown: bool) -> Iterator[int]:
        if isinstance(pattern, Selection):
            for value, places in self._by_selector[pattern.selector].items():
                if pattern.selects(value):
                    yield from places
        elif isinstance(pattern, Names):
            for name in self._names.matched_by(text):
                yield from self._by_name[name]
        else:
            for model in self._published:
                matches = pattern.matches(model, (), scope.prices)
                if if_unknown if matches is None else matches:
                    yield self.places[model.pk]

    @functools.cached_property
    def _counters(self) -> Counters:
        return revision.read()

    @functools.cached_property
    def _channels(self) -> Mapping[int, Collection[int]]:
        """Group -> its channels."""
        return read_channels_of_groups()

    @functools.cached_property
    def _by_channel(self) -> Mapping[int, Models]:
        """Enabled channel -> the models that have an enabled offer on it."""
        places: defaultdict[int, list[int]] = defaultdict(list)
        for channel, key in open_offers().values_list("channel", "model"):
            if key in self.places:
                places[channel].append(self.places[key])
        return defaultdict(int, {channel: self._collect(of_channel) for channel, of_channel in places.items()})

    @functools.cached_property
    def _starts(self) -> Starts:
        return read_starts()

    @functools.cached_property
    def _published(self) -> Sequence[AIModel]:
        """The published models; read only if a pattern needs them."""
        models = AIModel.objects.published().prefetch_related("vendor").defer("description")
        return [model for model in models if model.pk in self.places]

    @functools.cached_property
    def _by_selector(self) -> Mapping[str, Mapping[str, list[int]]]:
        """Selector -> name -> the models under it."""
        by_selector = {selector: defaultdict[str, list[int]](list) for selector in SELECTORS}
        for model in self._published:
            for selector, names in model.selectors().items():
                for name in names:
                    by_selector[selector][name].append(self.places[model.pk])
        return by_selector

    @functools.cached_property
    def _wildcards(self) -> Mapping[str, AIModel]:
        if not any(name.endswith(WILDCARD) for name in self.ids):
            return {}
        models = AIModel.objects.published().filter(name__endswith=WILDCARD).select_related("vendor")
        return {model.name: model for model in models if model.is_wildcard}

    def _collect(self, places: Iterable[int]) -> Models:
        """The set of the models with these bits."""
        bits = bytearray(len(self.places) // 8 + 1)
        for place in places:
            bits[place >> 3] |= 1 << (place & 7)
        return int.from_bytes(bits, "little")

    def _collect_each(self, places: Iterable[int]) -> Sequence[Models]:
        """Sets of models in which each bit is as often as it is given."""
        sets: list[Models] = []
        for place, number in Counter(places).items():
            sets += [0] * (number - len(sets))
            for index in range(number):
                sets[index] |= 1 << place
        return sets

    @staticmethod
    def _union(sets: Iterable[Models]) -> Models:
        return functools.reduce(operator.or_, sets, 0)


def matching_names(patterns: Collection[str], names: Collection[str]) -> Mapping[str, Collection[str]]:
    """Pattern -> those of the names that it matches, for patterns of ids that match one."""
    known, searched = frozenset(names), _Names(names)
    matched: dict[str, Collection[str]] = {}
    for text in patterns:
        pattern = read_pattern(text)
        if isinstance(pattern, OneName):
            matched[text] = known & {pattern.name}
        elif isinstance(pattern, Names):
            matched[text] = list(searched.matched_by(text))
    return {text: found for text, found in matched.items() if found}


class _Names:
    """Ids and aliases as one text: a search in it finds the few that a pattern can match."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        self.text = "\n".join(self.names)
        self.starts: list[int] = []
        start = 0
        for name in self.names:
            self.starts.append(start)
            start += len(name) + 1

    def matched_by(self, pattern: str) -> Iterator[str]:
        """The names that a pattern of ids matches."""
        return (name for name in self._candidates(max(pattern.split("*"), key=len)) if names_id(pattern, name))

    def _candidates(self, part: str) -> Iterator[str]:
        """The names that contain a part of a pattern."""
        if not part:
            yield from self.names
            return
        found = self.text.find(part)
        while found >= 0:
            place = bisect_right(self.starts, found) - 1
            yield self.names[place]
            if place + 1 == len(self.starts):
                return
            found = self.text.find(part, self.starts[place + 1])


def _without_stars(pattern: str) -> str:
    """The id that a pattern of ids always matches: its own text without stars."""
    return id_of(pattern) or pattern.replace("*", "")
