"""The catalog in the memory of this process, for lists: the models that some group reaches, in the order of every list.

A state of the catalog never changes. It belongs to one value of the counter `models`, which the reader has read in its
snapshot, and the two latest states are stored. A new state reads only the models that catalog/db/changes.py names, and
shares all others with the state before it. Which scopes see a model, and its text in each dialect, stay with the model
from state to state.
"""

import datetime as dt
import sys
import threading
from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any

from django.db import connection
from django.db.models import ExpressionWrapper, F, QuerySet, TextField

from catalog import caches
from catalog.db import changes, revision
from catalog.db.changes import Version
from catalog.db.revision import Counters, version_of
from catalog.db.snapshot import in_snapshot, snapshot
from catalog.exact import read_json, write_json
from catalog.models import AIModel, CodexProfile, ModelAlias, Offer, Vendor
from catalog.models.facts import ModelFacts, created_on, unix_time
from tokens.models import TokenGroup
from tokens.scope import Scope

# The order of every list: by what clients see as created, the newest first, then by id.
SortKey = tuple[int, str]
STATES = 2
# More changed models are not read one by one: everything is read again.
MAX_CHANGED = 1000
# Bytes: one for each scope and model.
MASK_MEMORY = 16 * 1024 * 1024
# Places in stored sequences, 8 bytes each.
SEQUENCE_PLACES = 1024 * 1024
NAMES = (
    "tags", "capabilities", "reasoning_levels", "input_modalities", "output_modalities", "supported_endpoint_types",
)  # fmt: skip
LISTS_AS_TEXT = (*NAMES, "public_endpoint_types", "default_parameters")
PLAIN = (
    "pk", "name", "display_name", "vendor_id", "series", "description", "version", "context_length",
    "max_input_tokens", "max_output_tokens", "released_on", "created_at", "deprecated_on", "retires_on",
    "in_price_list", "codex_profile",
)  # fmt: skip
OF_CODEX = (
    "instructions", "reasoning_levels", "default_reasoning_level", "patch_tool", "default_verbosity",
    "parallel_tool_calls",
)  # fmt: skip


class ListedModel(ModelFacts):
    """The facts of one model that lists show or patterns match; see AIModel for their meaning.

    It never changes, apart from what is computed from it.
    """

    __slots__ = (
        "aliases", "capabilities", "channels", "codex_profile", "context_length", "created", "created_on",
        "default_parameters", "deprecated_on", "description", "display_name", "in_price_list", "input_modalities",
        "max_input_tokens", "max_output_tokens", "name", "output_modalities", "pk", "public_endpoint_types",
        "reasoning_levels", "released_on", "rendered", "retires_on", "series", "slot", "supported_endpoint_types",
        "tags", "vendor", "version",
    )  # fmt: skip

    pk: int
    created: int
    created_on: dt.date
    aliases: tuple[str, ...]
    # The enabled channels on which it has an enabled offer.
    channels: tuple[int, ...]
    description: str
    version: str
    max_output_tokens: int | None
    capabilities: tuple[str, ...]
    reasoning_levels: tuple[str, ...]
    # The fields OF_CODEX; None if it has no profile.
    codex_profile: Mapping[str, Any] | None
    default_parameters: Mapping[str, Any]
    in_price_list: bool
    # Its place in the masks of scopes; see Masks.
    slot: int
    # Kind of text -> the text, e.g. of one dialect.
    rendered: dict[str, bytes]

    def facts(self) -> tuple[object, ...]:
        """Everything that is stored about it, as values that are equal only if they look equal."""
        # Not the objects themselves: vendors with the same key are equal, and so are the numbers 1 and 1.0.
        special = (self.vendor.slug, self.vendor.name, write_json(self.default_parameters))
        return (*special, *FACTS(self))


FACTS = attrgetter(*sorted({*ListedModel.__slots__} - {"vendor", "default_parameters", "slot", "rendered"}))


def sort_key(model: ModelFacts) -> SortKey:
    return (-model.created, model.name)


def open_offers() -> QuerySet[Offer]:
    """Enabled offers on enabled channels: groups reach models only by these."""
    return Offer.objects.filter(enabled=True, channel__enabled=True)


class Masks:
    """Which models scopes can see, day and dialect aside: a byte of 0 or 1 for each model that was ever read.

    Each model has its own slot. A model that changes becomes another object with another slot, so that a mask is valid
    for all states, and only grows.
    """

    def __init__(self) -> None:
        self.models: list[ListedModel] = []
        self._masks: dict[object, bytes] = {}
        self._used = 0

    def add(self, models: Iterable[ListedModel]) -> None:
        for model in models:
            model.slot = len(self.models)
            self.models.append(model)

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
        channels_of_groups: Mapping[int, frozenset[int]],
        masks: Masks | None,
    ) -> None:
        # The latest version for which the state is known to be valid.
        self.version = version
        # In the order of every list.
        self.models = models
        self.channels_of_groups = channels_of_groups
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

    def visible(self, scope: Scope) -> Sequence[ListedModel]:
        """The models that the scope can see, whatever their lifecycle, in the order of every list."""
        if scope.exact_names is not None:
            return self.select(scope, sorted(self.named(scope.exact_names), key=sort_key))
        if scope.asks_for_prices:
            # A mask would be valid for one moment only.
            return self.select(scope, self.models)
        masks = self.masks
        if masks is None:
            masks = Masks()
            masks.add(self.models)
        mask = masks.of(scope, self.channels_of(scope))
        return [model for model in self.models if mask[model.slot]]

    def named(self, names: Iterable[str]) -> Collection[ListedModel]:
        """The models with these ids or aliases."""
        return {model.pk: model for name in names for model in self.by_name.get(name, ())}.values()

    def select(self, scope: Scope, models: Iterable[ListedModel]) -> list[ListedModel]:
        """Those of a few models that the scope can see."""
        channels = self.channels_of(scope)
        return [
            model for model in models if not channels.isdisjoint(model.channels) and scope.permits(model, model.aliases)
        ]

    def sequence(
        self, kind: object, scope: Scope, choose: Callable[[Sequence[ListedModel]], Sequence[ListedModel]]
    ) -> Sequence[ListedModel]:
        """What `choose` makes of the visible models; stored under its kind and the scope."""
        key = (kind, self.channels_of(scope), scope.selection)
        chosen = self._sequences.get(key)
        if chosen is None:
            chosen = tuple(choose(self.visible(scope)))
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
            return read_part(None)
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
        models = [model for model in base.models if model.pk not in changed]
        fresh = read_models(changed)
        masks.add(fresh)
        for model in fresh:
            insort(models, model, key=sort_key)
        return CatalogState(version_of(counters), models, base.channels_of_groups, masks)


INDEX = Index()


def may_store() -> bool:
    """Whether what this connection reads is committed: what a transaction has written may be rolled back."""
    return in_snapshot(connection) or not connection.in_atomic_block


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
    models.sort(key=sort_key)
    return CatalogState(version_of(counters), models, read_channels_of_groups(), masks)


def _known_or_new(new: ListedModel, known: ListedModel | None) -> ListedModel:
    return known if known is not None and known.facts() == new.facts() else new


def read_channels_of_groups() -> Mapping[int, frozenset[int]]:
    """Group -> the channels that it reaches."""
    channels: defaultdict[int, set[int]] = defaultdict(set)
    for group, channel in TokenGroup.channels.through.objects.values_list("tokengroup", "channel"):
        channels[group].add(channel)
    return {group: frozenset(reached) for group, reached in channels.items()}


def read_part(keys: Collection[int] | QuerySet[Any, Any] | None) -> CatalogState:
    """The models with these keys, or all, as a state that is not stored."""
    return CatalogState(Version(0, 0), sorted(read_models(keys), key=sort_key), read_channels_of_groups(), None)


def read_models(keys: Collection[int] | QuerySet[Any, Any] | None = None) -> list[ListedModel]:
    """The published models with an open offer, without a slot: of these keys (or a query that selects them), or all."""
    offers, aliases, models = open_offers(), ModelAlias.objects.all(), AIModel.objects.published()
    if keys is not None:
        offers, aliases = offers.filter(model__in=keys), aliases.filter(model__in=keys)
        models = models.filter(pk__in=keys)
    share = _Shared()
    channels: defaultdict[int, list[int]] = defaultdict(list)
    for key, channel in offers.order_by("channel").values_list("model", "channel"):
        channels[key].append(channel)
    names: defaultdict[int, list[str]] = defaultdict(list)
    for key, name in aliases.order_by("name").values_list("model", "name"):
        names[key].append(name)
    vendors = Vendor.objects.in_bulk()
    texts = {f"{name}_text": ExpressionWrapper(F(name), output_field=TextField()) for name in LISTS_AS_TEXT}
    entries: list[ListedModel] = []
    with_profile: dict[int, ListedModel] = {}
    for row in models.annotate(**texts).values_list(*PLAIN, *texts).iterator(chunk_size=5000):
        key = row[0]
        if key not in channels:
            continue
        model = ListedModel()
        (
            model.pk, model.name, model.display_name, vendor, series, model.description, version, model.context_length,
            model.max_input_tokens, model.max_output_tokens, model.released_on, created_at, model.deprecated_on,
            model.retires_on, model.in_price_list, profile, tags, capabilities, levels, inputs, outputs, supported,
            public, parameters,
        ) = row  # fmt: skip
        # Without a snapshot, it may have been created since.
        model.vendor = vendors.get(vendor) or Vendor.objects.get(pk=vendor)
        model.series, model.version = sys.intern(series), sys.intern(version)
        model.tags, model.capabilities = share.names(tags), share.names(capabilities)
        model.reasoning_levels = share.names(levels)
        model.input_modalities, model.output_modalities = share.names(inputs), share.names(outputs)
        model.supported_endpoint_types = share.names(supported)
        model.public_endpoint_types = None if public is None else share.names(public)
        model.default_parameters = share.value(parameters)
        model.aliases = tuple(names.get(key, ()))
        model.channels = share.same(tuple(channels[key]))
        model.codex_profile = None
        if profile is not None:
            with_profile[key] = model
        model.created_on = share.same(created_on(model.released_on, created_at))
        model.created = share.same(unix_time(model.created_on))
        model.slot, model.rendered = -1, {}
        entries.append(model)
    if with_profile:
        profiles = CodexProfile.objects.all() if keys is None else CodexProfile.objects.filter(model__in=keys)
        for profile in profiles.values("model", *OF_CODEX):
            key = profile.pop("model")
            if key in with_profile:
                with_profile[key].codex_profile = profile
    return entries


def _interned(name: Any) -> Any:
    return sys.intern(name) if isinstance(name, str) else name


class _Shared:
    """One object for equal values: thousands of models have the same few lists."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._same: dict[Any, Any] = {}

    def value(self, text: str) -> Any:
        if text not in self._values:
            self._values[text] = read_json(text)
        return self._values[text]

    def names(self, text: str) -> tuple[str, ...]:
        if text not in self._names:
            names = read_json(text)
            # A value stored by hand stays what it is: it breaks the lists with its model, and no others.
            self._names[text] = tuple(map(_interned, names)) if isinstance(names, list) else names
        return self._names[text]

    def same(self, value: Any) -> Any:
        return self._same.setdefault(value, value)
