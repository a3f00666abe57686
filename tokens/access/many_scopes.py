"""Which of many scopes can see no model, for checks of all tokens.

A query per token would take minutes for thousands of tokens. Here the number of queries depends on the number of groups
alone, and each pattern is compared with the catalog once. The rules are those of tokens/scope.py and
tokens/access/visibility.py; a test compares the results.
"""

import datetime as dt
import functools
import operator
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence

from catalog.db import revision
from catalog.db.revision import Counters
from catalog.models import AIModel, ModelAlias
from catalog.models.aimodel import wildcards_of
from catalog.models.facts import WILDCARD
from tokens.access.prices import with_prices
from tokens.access.starts import Starts, read_starts
from tokens.access.visibility import in_reach
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
from tokens.scope import Scope

# A set of models as the bits of a number: unions and differences of thousands of models take microseconds.
Models = int
# Patterns whose models are stored: 19 MB for 15,000 models.
MOST_PATTERNS = 10_000


class ManyScopes:
    """The catalog at one moment, prepared for the question of many scopes."""

    def __init__(self, *, at: dt.datetime) -> None:
        self.at = at
        # Model key -> its bit.
        self._places: dict[int, int] = {}
        self._by_name: defaultdict[str, list[int]] = defaultdict(list)
        self._aliases: defaultdict[int, list[str]] = defaultdict(list)
        for place, (key, name) in enumerate(AIModel.objects.order_by("pk").values_list("pk", "name")):
            self._places[key] = place
            self._by_name[name].append(place)
        for key, name in ModelAlias.objects.order_by("name").values_list("model", "name"):
            self._aliases[key].append(name)
            if key in self._places:
                self._by_name[name].append(self._places[key])
        self._names = _Names(self._by_name)
        self._reached: dict[int, Models] = {}
        self._matched: dict[Hashable, Models] = {}

    def is_empty(self, scope: Scope) -> bool:
        """Whether the scope can see no model, and call no id of a wildcard model."""
        if scope.asks_for_prices:
            scope = with_prices(scope, at=self.at, counters=self._counters)
        reached = self._union(self._reach(group) for group in scope.groups)
        visible = reached & ~self._union(self._match(pattern, scope, if_unknown=True) for pattern in scope.deny)
        if scope.allow is not None:
            visible &= self._union(self._match(pattern, scope, if_unknown=False) for pattern in scope.allow)
        # Each pattern matches the id that it is without its stars.
        return not visible and not any(
            self._has_wildcard(id_of(pattern) or pattern.replace("*", ""), scope, reached)
            for pattern in scope.allow or ()
        )

    def _has_wildcard(self, name: str, scope: Scope, reached: Models) -> bool:
        """Whether a wildcard model stands for an id, which no model or alias has, and the scope permits it."""
        if not self._wildcards or name in self._by_name:
            return False
        models = (self._wildcards[wildcard] for wildcard in wildcards_of(name) if wildcard in self._wildcards)
        return any(
            self._contains(reached, model.pk) and scope.permits_as(name, model, self._aliases.get(model.pk, ()))
            for model in models
        )

    def _contains(self, models: Models, key: int) -> bool:
        place = self._places.get(key)
        return place is not None and bool(models >> place & 1)

    def _reach(self, group: int) -> Models:
        """The models that a group reaches, whatever the patterns say."""
        if group not in self._reached:
            reached = in_reach(Scope(groups=(group,)), at=self.at, starts=self._starts).not_retired(on=self.at.date())
            keys = reached.values_list("pk", flat=True)
            self._reached[group] = self._collect(self._places[key] for key in keys if key in self._places)
        return self._reached[group]

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
                    yield self._places[model.pk]

    @functools.cached_property
    def _counters(self) -> Counters:
        return revision.read()

    @functools.cached_property
    def _starts(self) -> Starts:
        return read_starts()

    @functools.cached_property
    def _published(self) -> Sequence[AIModel]:
        """The published models; read only if a pattern needs them."""
        models = AIModel.objects.published().prefetch_related("vendor").defer("description")
        return [model for model in models if model.pk in self._places]

    @functools.cached_property
    def _by_selector(self) -> Mapping[str, Mapping[str, list[int]]]:
        """Selector -> name -> the models under it."""
        by_selector = {selector: defaultdict[str, list[int]](list) for selector in SELECTORS}
        for model in self._published:
            for selector, names in model.selectors().items():
                for name in names:
                    by_selector[selector][name].append(self._places[model.pk])
        return by_selector

    @functools.cached_property
    def _wildcards(self) -> Mapping[str, AIModel]:
        models = AIModel.objects.published().filter(name__endswith=WILDCARD).select_related("vendor")
        return {model.name: model for model in models if model.is_wildcard}

    def _collect(self, places: Iterable[int]) -> Models:
        """The set of the models with these bits."""
        bits = bytearray(len(self._places) // 8 + 1)
        for place in places:
            bits[place >> 3] |= 1 << (place & 7)
        return int.from_bytes(bits, "little")

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
