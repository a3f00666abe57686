"""The models that some group reaches, read from the database as small objects that lists are made of."""

import datetime as dt
import sys
from collections import defaultdict
from collections.abc import Collection, Mapping
from operator import attrgetter
from typing import Any

from django.db.models import ExpressionWrapper, F, QuerySet, TextField

from catalog.exact import read_json, write_json
from catalog.models import AIModel, CodexProfile, ModelAlias, Offer, Vendor
from catalog.models.facts import ModelFacts, created_on, unix_time

# The order of every list: by what clients see as created, the newest first, then by id.
SortKey = tuple[int, str]
NAMES = (
    "tags", "capabilities", "reasoning_levels", "input_modalities", "output_modalities", "supported_endpoint_types",
)  # fmt: skip
AS_TEXT = (*NAMES, "public_endpoint_types", "default_parameters", "created_at")
PLAIN = (
    "pk", "name", "display_name", "vendor_id", "series", "description", "version", "context_length",
    "max_input_tokens", "max_output_tokens", "knowledge_cutoff", "open_weights", "released_on",
    "deprecated_on", "retires_on", "in_price_list", "listed", "codex_profile",
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
        "alias_entries", "aliases", "capabilities", "channels", "codex_profile", "context_length", "created",
        "created_on", "default_parameters", "deprecated_on", "description", "display_name", "in_price_list",
        "input_modalities", "knowledge_cutoff", "listed", "max_input_tokens", "max_output_tokens", "name",
        "open_weights", "output_modalities", "pk", "public_endpoint_types", "reasoning_levels",
        "released_on", "rendered", "retires_on", "series", "slot", "supported_endpoint_types", "tags", "vendor",
        "version",
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
    knowledge_cutoff: str
    open_weights: bool | None
    # The fields OF_CODEX; None if it has no profile.
    codex_profile: Mapping[str, Any] | None
    default_parameters: Mapping[str, Any]
    in_price_list: bool
    listed: bool
    # Its listed aliases, as entries of lists.
    alias_entries: "tuple[ListedAlias, ...]"
    # Its place in the masks of scopes; see Masks.
    slot: int
    # Kind of text -> the text, e.g. of one dialect.
    rendered: dict[str, bytes]

    @property
    def vendor_id(self) -> int:
        key: int = self.vendor.pk
        return key

    @property
    def list_names(self) -> tuple[str, ...]:
        """The names under which a list can have it, or could before it was left out."""
        return (self.name, *(entry.name for entry in self.alias_entries))

    def facts(self) -> tuple[object, ...]:
        """Everything that is stored about it, as values that are equal only if they look equal."""
        # Not the objects themselves: vendors with the same key are equal, and so are the numbers 1 and 1.0.
        vendor = self.vendor
        of_vendor = (vendor.slug, vendor.name, vendor.chinese_name, vendor.icon, *vendor.aliases)
        special = (of_vendor, write_json(self.default_parameters))
        return (*special, *(entry.name for entry in self.alias_entries), *FACTS(self))


COMPUTED = {"alias_entries", "rendered", "slot"}
FACTS = attrgetter(*sorted({*ListedModel.__slots__} - COMPUTED - {"vendor", "default_parameters"}))


class ListedAlias(ListedModel):
    """An alias as an entry of lists: everything is that of the model, apart from `name`, which is the alias."""

    __slots__ = ("own_name",)

    own_name: str

    @classmethod
    def of(cls, model: ListedModel, alias: str) -> "ListedAlias":
        entry = cls()
        for name in {*ListedModel.__slots__} - COMPUTED:
            setattr(entry, name, getattr(model, name))
        entry.name, entry.own_name = alias, model.name
        # Patterns that match any name of the model match the entry.
        entry.aliases = (model.name, *model.aliases)
        entry.alias_entries, entry.rendered, entry.slot = (), {}, model.slot
        return entry


def sort_key(model: ModelFacts) -> SortKey:
    return (-model.created, model.name)


def open_offers() -> QuerySet[Offer]:
    """Enabled offers on enabled channels: groups reach models only by these."""
    return Offer.objects.filter(enabled=True, channel__enabled=True)


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
    names, listed_names = _names_of(aliases)
    vendors = Vendor.objects.in_bulk()
    texts = {f"{name}_text": ExpressionWrapper(F(name), output_field=TextField()) for name in AS_TEXT}
    by_key: dict[int, ListedModel] = {}
    with_profile: dict[int, ListedModel] = {}
    for row in models.annotate(**texts).values_list(*PLAIN, *texts).iterator(chunk_size=5000):
        key = row[0]
        if key not in channels:
            continue
        model = ListedModel()
        (
            model.pk, model.name, model.display_name, vendor, series, model.description, version, model.context_length,
            model.max_input_tokens, model.max_output_tokens, cutoff, model.open_weights, model.released_on,
            model.deprecated_on, model.retires_on, model.in_price_list, model.listed, profile, tags, capabilities,
            levels, inputs, outputs, supported, public, parameters, created_at,
        ) = row  # fmt: skip
        # Without a snapshot, it may have been created since.
        model.vendor = vendors.get(vendor) or Vendor.objects.get(pk=vendor)
        model.series, model.version = sys.intern(series), sys.intern(version)
        model.knowledge_cutoff = sys.intern(cutoff)
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
        model.created_on = share.same(created_on(model.released_on, share.moment(created_at)))
        model.created = share.same(unix_time(model.created_on))
        model.slot, model.rendered, model.alias_entries = -1, {}, ()
        by_key[key] = model
    if with_profile:
        profiles = CodexProfile.objects.all() if keys is None else CodexProfile.objects.filter(model__in=keys)
        for profile in profiles.values("model", *OF_CODEX):
            key = profile.pop("model")
            if key in with_profile:
                with_profile[key].codex_profile = profile
    # Last, because they are copies.
    for key in by_key.keys() & listed_names.keys():
        by_key[key].alias_entries = tuple(ListedAlias.of(by_key[key], alias) for alias in listed_names[key])
    return list(by_key.values())


def _names_of(aliases: QuerySet[ModelAlias]) -> tuple[Mapping[int, list[str]], Mapping[int, list[str]]]:
    """Key of a model -> its aliases, and those that are listed."""
    names: defaultdict[int, list[str]] = defaultdict(list)
    listed_names: defaultdict[int, list[str]] = defaultdict(list)
    for key, name, is_listed in aliases.order_by("name").values_list("model", "name", "listed"):
        names[key].append(name)
        if is_listed:
            listed_names[key].append(name)
    return names, listed_names


def _interned(name: Any) -> Any:
    return sys.intern(name) if isinstance(name, str) else name


class _Shared:
    """One object for equal values: thousands of models have the same few lists."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._same: dict[Any, Any] = {}
        self._moments: dict[str, dt.datetime] = {}

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

    def moment(self, value: Any) -> dt.datetime:
        """The moment or, where the database has a text, its day (UTC): nothing else is shown, and it is read sooner."""
        if isinstance(value, dt.datetime):
            return value
        day = value[:10]
        if day not in self._moments:
            self._moments[day] = dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC)
        return self._moments[day]

    def same(self, value: Any) -> Any:
        return self._same.setdefault(value, value)
