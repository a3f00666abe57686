"""The catalog in the memory of this process, for lists: the models that some group reaches, in the order of every list.

A state of the catalog never changes. It belongs to one value of the counter `models`, which the reader has read in its
snapshot, and the two latest states are stored. A new state reads only the models that catalog/db/changes.py names, and
shares all others with the state before it. Which scopes see a model, and its text in each dialect, stay with the model
from state to state.
"""

import datetime as dt
import threading
from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from catalog import caches
from catalog.db import changes, revision
from catalog.db.changes import Version
from catalog.db.revision import Counters, version_of
from catalog.db.snapshot import in_snapshot, may_store, snapshot
from tokens.access.listed_models import ListedModel, read_models, sort_key
from tokens.access.starts import STARTS, Starts
from tokens.models import TokenGroup
from tokens.scope import Scope

STATES = 2
# More changed models are not read one by one: everything is read again.
MAX_CHANGED = 1000
# Bytes: one for each scope and model.
MASK_MEMORY = 16 * 1024 * 1024
# Places in stored sequences, 8 bytes each.
SEQUENCE_PLACES = 1024 * 1024


class Masks:
    """Which models scopes can see, day and dialect aside: a byte of 0 or 1 for each model that was ever read.

    Each model has its own slot, which its aliases share. A model that changes becomes another object with another slot,
    so that a mask is valid for all states, and only grows.
    """

    def __init__(self) -> None:
        self.models: list[ListedModel] = []
        self._masks: dict[object, bytes] = {}
        self._used = 0

    def add(self, models: Iterable[ListedModel]) -> None:
        for model in models:
            model.slot = len(self.models)
            self.models.append(model)
            for entry in model.alias_entries:
                entry.slot = model.slot

    def of(self, scope: Scope, channels: frozenset[int]) -> bytes:
        """The mask of a scope that reaches these channels, for all models that have a slot now."""
        key = (channels, scope.allow, scope.deny)
        mask, count = self._masks.get(key, b""), len(self.models)
        if len(mask) < count:
            mask += self._compute(scope, channels, self.models[len(mask) : count])
            if self._used + count > MASK_MEMORY:
                self._masks.clear()
                self._used = 0
            self._used += count - len(self._masks.get(key, b""))
            self._masks[key] = mask
        return mask

    @staticmethod
    def _compute(scope: Scope, channels: frozenset[int], models: Sequence[ListedModel]) -> bytes:
        reached: dict[tuple[int, ...], bool] = {}
        mask = bytearray(len(models))
        for place, model in enumerate(models):
            is_reached = reached.get(model.channels)
            if is_reached is None:
                is_reached = reached[model.channels] = not channels.isdisjoint(model.channels)
            mask[place] = is_reached and scope.permits(model, model.aliases)
        return bytes(mask)


class CatalogState:
    """The models that some group reaches, at one value of the counter `models`."""

    def __init__(
        self,
        version: Version,
        models: Sequence[ListedModel],
        entries: Sequence[ListedModel],
        channels_of_groups: Mapping[int, frozenset[int]],
        starts: Starts,
        masks: Masks | None,
    ) -> None:
        # The latest version for which the state is known to be valid.
        self.version = version
        # In the order of every list, and what lists of models have of them.
        self.models = models
        self.entries = entries
        self.channels_of_groups = channels_of_groups
        self.starts = starts
        # None: the state is not stored, and neither is what is computed from it.
        self.masks = masks
        self._sequences: dict[object, Sequence[ListedModel]] = {}
        self._places = 0

    @cached_property
    def by_name(self) -> Mapping[str, Sequence[ListedModel]]:
        """Id or alias -> the models with it."""
        models: dict[str, list[ListedModel]] = {}
        for model in self.models:
            for name in (model.name, *model.aliases):
                models.setdefault(name, []).append(model)
        return models

    def channels_of(self, scope: Scope) -> frozenset[int]:
        """The channels that the scope's groups reach."""
        return frozenset[int]().union(*(self.channels_of_groups.get(group, ()) for group in scope.groups))

    def visible(self, scope: Scope, *, at: dt.datetime) -> Sequence[ListedModel]:
        """The models that the scope can see at a moment, whatever their lifecycle, in the order of every list."""
        return self._visible(scope, self.models, at=at)

    def visible_entries(self, scope: Scope, *, at: dt.datetime) -> Sequence[ListedModel]:
        """What lists have of the visible models, in the order of every list."""
        return self._visible(scope, self.entries, at=at)

    def _visible(self, scope: Scope, models: Sequence[ListedModel], *, at: dt.datetime) -> Sequence[ListedModel]:
        names = scope.exact_names
        if names is not None:
            named = self.named(names)
            if models is not self.models:
                named = entries_of([*named])
            return self.select(scope, sorted(named, key=sort_key), at=at)
        if scope.asks_for_prices:
            # A mask would be valid for one moment only.
            return self.select(scope, models, at=at)
        masks = self.masks
        if masks is None:
            masks = Masks()
            masks.add(self.models)
        mask = masks.of(scope, self.channels_of(scope))
        ahead = self._ahead(scope, at=at)
        if ahead:
            return [model for model in models if mask[model.slot] and model.pk not in ahead]
        return [model for model in models if mask[model.slot]]

    def named(self, names: Iterable[str]) -> Collection[ListedModel]:
        """The models with these ids or aliases."""
        return {model.pk: model for name in names for model in self.by_name.get(name, ())}.values()

    def select(self, scope: Scope, models: Iterable[ListedModel], *, at: dt.datetime) -> list[ListedModel]:
        """Those of a few models that the scope can see at a moment."""
        channels, ahead = self.channels_of(scope), self._ahead(scope, at=at)
        return [
            model
            for model in models
            if not channels.isdisjoint(model.channels) and model.pk not in ahead and scope.permits(model, model.aliases)
        ]

    def _ahead(self, scope: Scope, *, at: dt.datetime) -> Collection[int]:
        """The keys of the models that start later for all groups of the scope that reach them."""
        if self.starts.next(at) is None:
            return ()
        return {key for key in self.starts.by_model if not self._has_started(key, scope, at=at)}

    def _has_started(self, key: int, scope: Scope, *, at: dt.datetime) -> bool:
        groups = [group for group in scope.groups if self.starts.has_started(key, group, at=at)]
        if len(groups) in (0, len(scope.groups)):
            return bool(groups)
        model = self._by_key.get(key)
        return model is not None and not self.channels_of(Scope(groups=tuple(groups))).isdisjoint(model.channels)

    @cached_property
    def _by_key(self) -> Mapping[int, ListedModel]:
        return {model.pk: model for model in self.models}

    def sequence(
        self,
        kind: object,
        scope: Scope,
        choose: Callable[[Sequence[ListedModel]], Sequence[ListedModel]],
        *,
        at: dt.datetime,
        of_entries: bool,
    ) -> Sequence[ListedModel]:
        """What `choose` makes of the visible models or entries; stored under its kind, the scope and the last start."""
        last = self.starts.last(at)
        # Without starts, what the groups reach decides, whichever they are.
        groups = self.channels_of(scope) if last is None and self.starts.next(at) is None else scope.groups
        key = (kind, of_entries, last, groups, scope.selection)
        chosen = self._sequences.get(key)
        if chosen is None:
            visible = self.visible_entries if of_entries else self.visible
            chosen = tuple(choose(visible(scope, at=at)))
            if self.masks is not None:
                if self._places + len(chosen) > SEQUENCE_PLACES:
                    self._sequences.clear()
                    self._places = 0
                self._sequences[key] = chosen
                self._places += len(chosen)
        return chosen


class Index:
    """The two latest states of the catalog that readers have asked for; safe between threads."""

    def __init__(self) -> None:
        # Value of the counter `models` -> the state.
        self._states: dict[int, CatalogState] = {}
        self._lock = threading.Lock()
        caches.register(self)

    def clear(self) -> None:
        self._states = {}

    def peek(self, counters: Counters | None = None) -> CatalogState | None:
        """The stored state of these counters, or of the current ones; None if it is not stored."""
        if not may_store():
            return None
        counters = counters or revision.read()
        state = self._states.get(counters.models)
        if state is not None:
            state.version = max(state.version, version_of(counters))
        return state

    def state(self, counters: Counters | None = None) -> CatalogState:
        """The state of these counters, which the caller has read in its snapshot, or of the current ones."""
        if not may_store():
            return read_part(None, STARTS.read(counters))
        if not in_snapshot(connection):
            counters = None
        with snapshot():
            counters = counters or revision.read()
            state = self.peek(counters)
            if state is not None:
                return state
            with self._lock:
                return self.peek(counters) or self._build(counters)

    def _build(self, counters: Counters) -> CatalogState:
        newest_first = sorted(self._states.values(), key=attrgetter("version"), reverse=True)
        # After a backup is restored, nothing can be derived from the states that it has undone.
        earlier = (base for base in newest_first if base.version < version_of(counters))
        state = next(filter(None, (self._derive(base, counters) for base in earlier)), None)
        if state is None:
            state = _read_everything(next(iter(newest_first), None), counters)
        # Those that were built last: a restored backup has lower numbers than the states that it has undone.
        self._states = dict([*self._states.items(), (counters.models, state)][-STATES:])
        return state

    @staticmethod
    def _derive(base: CatalogState, counters: Counters) -> CatalogState | None:
        """The state after the changes since the base; None if they are about everything or too many."""
        changed = changes.models_changed(since=base.version, until=version_of(counters), counters={revision.MODELS})
        masks = base.masks
        if changed is None or masks is None or len(changed) > MAX_CHANGED or _is_worn(masks, base.models):
            return None
        fresh = read_models(changed)
        masks.add(fresh)
        models = entries = _replaced(base.models, changed, fresh)
        if base.entries is not base.models or entries_of(fresh) is not fresh:
            entries = _replaced(base.entries, changed, entries_of(fresh))
        return CatalogState(
            version_of(counters), models, entries, base.channels_of_groups, STARTS.read(counters), masks
        )


INDEX = Index()


def _replaced(
    models: Sequence[ListedModel], changed: Collection[int], fresh: Iterable[ListedModel]
) -> Sequence[ListedModel]:
    """The sorted models with fresh ones in place of those that have changed."""
    replaced = [model for model in models if model.pk not in changed]
    for model in fresh:
        insort(replaced, model, key=sort_key)
    return replaced


def entries_of(models: Sequence[ListedModel]) -> Sequence[ListedModel]:
    """What lists have of these models, in no order; the models themselves if that is all."""
    if all(model.listed and not model.alias_entries for model in models):
        return models
    listed = [model for model in models if model.listed]
    return [*listed, *(entry for model in models for entry in model.alias_entries)]


def _is_worn(masks: Masks, models: Sequence[ListedModel]) -> bool:
    """Whether most slots belong to models that have changed since."""
    return len(masks.models) > 2 * len(models) + MAX_CHANGED


def _read_everything(base: CatalogState | None, counters: Counters) -> CatalogState:
    """The state of the database. Models that are equal in the base keep what was computed from them."""
    models = read_models()
    masks = base.masks if base else None
    if base and masks and not _is_worn(masks, base.models):
        known = {model.pk: model for model in base.models}
        models = [_known_or_new(model, known.get(model.pk)) for model in models]
        masks.add(model for model in models if model.slot < 0)
    else:
        masks = Masks()
        masks.add(models)
    starts = STARTS.read(counters)
    return CatalogState(version_of(counters), *_sorted(models), read_channels_of_groups(), starts, masks)


def _sorted(models: list[ListedModel]) -> tuple[Sequence[ListedModel], Sequence[ListedModel]]:
    """The models in the order of every list, and their entries in that order."""
    models.sort(key=sort_key)
    entries = entries_of(models)
    return models, entries if entries is models else sorted(entries, key=sort_key)


def _known_or_new(new: ListedModel, known: ListedModel | None) -> ListedModel:
    return known if known is not None and known.facts() == new.facts() else new


def read_channels_of_groups() -> Mapping[int, frozenset[int]]:
    """Group -> the channels that it reaches."""
    channels: defaultdict[int, set[int]] = defaultdict(set)
    for group, channel in TokenGroup.channels.through.objects.values_list("tokengroup", "channel"):
        channels[group].add(channel)
    return {group: frozenset(reached) for group, reached in channels.items()}


def read_part(keys: Collection[int] | QuerySet[Any, Any] | None, starts: Starts) -> CatalogState:
    """The models with these keys, or all, as a state that is not stored."""
    return CatalogState(Version(0, 0), *_sorted(read_models(keys)), read_channels_of_groups(), starts, None)
