"""Which models a scope can see: lists, single models, prices and explanations all use this module.

A moment can be past or future. A model is offered from its start for a group of the reader on, see
tokens/access/starts.py, until the day (UTC) of its retirement. Patterns that compare prices compare those of the
moment. Everything else is a decision of operators, and today's decision holds for all days: the groups and patterns of
the reader, the status of the model, its offers and channels. So a retired model has past prices, and a model that an
operator unpublished, or whose last offer or channel was disabled or deleted, has none for anybody.
"""

import datetime as dt
import functools
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q

from catalog.db import revision
from catalog.db.revision import Counters
from catalog.db.snapshot import may_store, snapshot
from catalog.error_messages import some
from catalog.models import AIModel, ModelAlias
from catalog.models.aimodel import AIModelQuerySet, wildcards_of
from tokens.access.cursor_memory import last_seen
from tokens.access.filters import ALL, POPULAR, PRICE, Filters, Place
from tokens.access.index import INDEX, CatalogState, read_part
from tokens.access.listed_models import ListedModel, open_offers
from tokens.access.prices import UNRANKED, Rank, popularity, prices_of, with_prices
from tokens.access.starts import STARTS, Starts
from tokens.models import ModelRelease, TokenGroup
from tokens.patterns.prices import Prices
from tokens.scope import Scope

# A longer list of ids is applied in memory: SQLite takes 32,766 values in a statement.
MAX_NAMES = 1000


@dataclass(frozen=True)
class Listing:
    """The models that one scope can see at one moment, past, present or future."""

    scope: Scope
    at: dt.datetime
    # The day of the lifecycle (UTC), if it is not that of the moment.
    day: dt.date | None = None
    # The token that requests the list, if any: its cursors may name models that it could see before.
    token: int | None = None
    # The counters of the revision, if the caller has read them in its snapshot.
    counters: Counters | None = None
    # What the reader chooses of the list.
    filters: Filters = ALL
    # The day (UTC) whose popular models come first, if it is not that of the moment: usage is only known of the past.
    popular_on: dt.date | None = None

    @property
    def on(self) -> dt.date:
        """The day of the lifecycle (UTC)."""
        return self.at.date() if self.day is None else self.day

    @property
    def key(self) -> Hashable:
        """Equal for equal lists of a kind, as long as the counter `models` is: part of the key of stored bodies."""
        prices = self._prices if self.filters.compares_prices else self._scope().prices
        key = (self.on, self.starts.last(self.at), self.scope.fingerprint, prices and prices.key)
        if self.filters == ALL:
            return key
        return *key, self.filters, self._counters.popularity if self.filters.sort == POPULAR else None

    @property
    def starts(self) -> Starts:
        """When models start."""
        return STARTS.read(self.counters)

    def keys_in_reach(self) -> list[int]:
        """The keys of the models that the groups reach, in their order; patterns are not applied."""
        return list(self._rows(retired=False).order_by("pk").values_list("pk", flat=True))

    def models_in_reach(self, keys: Collection[int]) -> list[AIModel]:
        """Those of the models with these keys that the groups reach, in no order; patterns are not applied."""
        return list(shown_columns(self._rows(retired=False).filter(pk__in=keys)))

    def visible(self, *, retired: bool = False) -> Sequence[ListedModel]:
        """The visible models in the order of every list, with the retired ones if `retired`: what prices are about."""
        return self._sequence(None, None, retired=retired, of_entries=False)

    def listed(
        self, kind: object = None, accepts: Callable[[ListedModel], bool] | None = None, *, retired: bool = False
    ) -> Sequence[ListedModel]:
        """What a list of models has, in its order: the visible models that are listed, and listed aliases.

        Retired models are included if `retired`. `accepts` may select some of them; `kind` then says which, because the
        sequence is stored for the next page.
        """
        return self._sequence(kind, accepts, retired=retired, of_entries=True)

    def _sequence(
        self, kind: object, accepts: Callable[[ListedModel], bool] | None, *, retired: bool, of_entries: bool
    ) -> Sequence[ListedModel]:
        def choose(models: Sequence[ListedModel]) -> Sequence[ListedModel]:
            models = self._shown(models)
            if not retired:
                models = [model for model in models if model.retires_on is None or model.retires_on > self.on]
            return models if accepts is None else [model for model in models if accepts(model)]

        state = self._state()
        scope = self._scope(lambda: self._compared(state))
        kind = (type(self), kind, self.on, retired)
        models = state.sequence(kind, scope, choose, at=self.at, of_entries=of_entries)
        if self.filters == ALL:
            return models
        models = [model for model in models if self.filters.fit(model, self._price)]
        return sorted(models, key=self.place) if self.filters.sort else models

    def place(self, model: ListedModel | AIModel) -> Place:
        """What the list is sorted by."""
        return self.filters.place(model, self._price, self._rank)

    def _price(self, model: ListedModel | AIModel) -> Decimal | None:
        """What the model is compared by; a retired model is offered at no price."""
        is_retired = model.retires_on is not None and model.retires_on <= self.on
        return None if is_retired else self._prices.of(model.pk).comparable

    def _rank(self, model: ListedModel | AIModel) -> Rank:
        return self._ranks.get(model.pk, UNRANKED)

    @functools.cached_property
    def _prices(self) -> Prices:
        """What the models cost the reader, whatever patterns permit."""
        names = self.scope.exact_names
        is_short = names is not None and len(names) <= MAX_NAMES
        keys = {key for _, key in keys_of(names)} if names is not None and is_short else None
        return prices_of(self.scope, at=self.at, counters=self.counters, models=keys)

    @functools.cached_property
    def _ranks(self) -> Mapping[int, Rank]:
        return popularity(on=self.popular_on or self.on, counters=self._counters)

    @functools.cached_property
    def _counters(self) -> Counters:
        return self.counters or revision.read()

    def models(self, *, retired: bool = False, among: Collection[int] | None = None) -> list[AIModel]:
        """The visible models as rows of the database; with `among` only those with these keys."""
        with snapshot():
            keys = [model.pk for model in self.visible(retired=retired) if among is None or model.pk in among]
            rows = AIModel.objects.filter(pk__in=keys) if len(keys) <= MAX_NAMES else AIModel.objects.published()
            by_key = {row.pk: row for row in shown_columns(rows)} if keys else {}
            return [by_key[key] for key in keys if key in by_key]

    def _state(self) -> CatalogState:
        """The catalog, or the part of it that the scope names."""
        names = self.scope.exact_names
        if names is not None and len(names) <= MAX_NAMES:
            return INDEX.peek(self.counters) or read_part({key for _, key in keys_of(names)}, self.starts)
        if may_store():
            return INDEX.state(self.counters)
        starts = self.starts
        return read_part(in_reach(self.scope, at=self.at, starts=starts).values("pk"), starts)

    def _compared(self, state: CatalogState) -> Collection[int] | None:
        """The keys of the models whose prices are needed for the list; None: all."""
        names = self.scope.exact_names
        if names is None and state.masks is not None:
            return None
        models = state.models if names is None else state.named(names)
        return [model.pk for model in models] if len(models) <= MAX_NAMES else None

    def _scope(self, models: Callable[[], Collection[int] | None] = lambda: None) -> Scope:
        """The scope with the prices that its patterns compare, of some models or of all."""
        if not self.scope.asks_for_prices:
            return self.scope
        return with_prices(self.scope, at=self.at, counters=self.counters, models=models())

    def _permitted(self, models: Sequence[AIModel]) -> Iterator[AIModel]:
        """Those of a few models that the patterns permit."""
        scope = self._scope(lambda: [model.pk for model in models])
        return permitted(models, scope, aliases_for(scope, of=models))

    def _shown(self, models: Sequence[ListedModel]) -> Sequence[ListedModel]:
        """Those of the visible models that the list shows."""
        return models

    def model(self, *spellings: str, retired: bool = False) -> AIModel | None:
        """The visible model of the first of these spellings of an id or alias; None for hidden and missing models.

        A model or alias of that name decides, even if it is hidden. Without one, the visible wildcard model with the
        longest prefix stands for the name. The last spelling is the plainest one, and it decides about wildcards.

        In place of a model that is retired on the day, its successor is returned if the model forwards to it and both
        are visible. Other retired models are hidden. With `retired` they are returned themselves: for dialects that can
        list them, and for histories and pages, which show the time before.
        """
        names = list(filter(is_storable, dict.fromkeys(spellings)))
        if not names:
            return None
        wildcards = {wildcard: place for place, wildcard in enumerate(wildcards_of(names[-1]))}
        found = keys_of(names, ids=wildcards)
        own = [key for name, key in found if name in names]
        if not own:
            rows = self._rows(retired=retired).filter(pk__in=[key for _, key in found])
            return self._wildcard(sorted(rows, key=lambda model: wildcards[model.name]), name=names[-1])
        rows = self._rows(retired=True).filter(pk__in=own)
        models = sorted(rows, key=lambda model: names.index(model.name) if model.name in names else len(names))
        if retired:
            return next(self._permitted(models), None)
        current = [model for model in models if not self._is_retired(model) or model.forwards(on=self.on)]
        return next(filter(None, map(self._forward, self._permitted(current))), None)

    def _forward(self, model: AIModel) -> AIModel | None:
        """The model to which calls of a permitted one go: itself, or its successor if it forwards to it.

        None if a model on the way to it is not visible. Patterns that name the retired model do not show its successor
        and do not hide it: calls go only to models that the key may call by their own ids.
        """
        path = [model.pk]
        while model.successor_id is not None and model.forwards(on=self.on):
            rows = list(self._rows(retired=True).filter(pk=model.successor_id))
            successor = next(self._permitted(rows), None)
            # A circle or a wildcard that was stored by hand.
            if successor is None or successor.pk in path or successor.is_wildcard:
                return None
            model = successor
            path.append(model.pk)
        return None if self._is_retired(model) else model

    def aliases(self, model: AIModel) -> list[str]:
        """The ids beside its own with which the reader may call this visible model; none if it is retired.

        Patterns permit a model with all of its aliases, or hide it with all of them.
        """
        if self._is_retired(model):
            return []
        return [alias.name for alias in aliases_of([model]).get(model.pk, ())]

    def successor(self, model: AIModel) -> AIModel | None:
        """The model that replaces this one, if it is visible; its own successor, if it has retired and forwards."""
        if model.successor_id is None:
            return None
        rows = list(self._rows(retired=True).filter(pk=model.successor_id))
        return next(filter(None, map(self._forward, self._permitted(rows))), None)

    def _is_retired(self, model: AIModel) -> bool:
        return model.retires_on is not None and model.retires_on <= self.on

    def _wildcard(self, models: Sequence[AIModel], *, name: str) -> AIModel | None:
        """The first of these wildcard models that the patterns permit for that name."""
        scope, aliases = self._scope(lambda: [row.pk for row in models]), aliases_for(self.scope, of=models)
        return next((row for row in models if scope.permits_as(name, row, aliases.get(row.pk, ()))), None)

    def cursor(self, model: ListedModel) -> str:
        """What `position` reads: the id of the model, or a text with its place if the order depends on other things."""
        return self.filters.write_cursor(self.place(model)) if self.filters.has_own_cursors else model.name

    def position(self, cursor: str) -> Place | None:
        """The position of a model or listed alias in the list, for the page after it; None if it was never visible.

        One that has been hidden or deleted since has the position at which the token last saw it. One that the token
        never saw has none, so that cursors do not reveal what exists. The price of a hidden model may not be
        known; the text with its place is valid nevertheless.
        """
        if not is_storable(cursor):
            return None
        if self.filters.has_own_cursors and (place := self.filters.read_cursor(cursor)):
            return place
        model: ListedModel | AIModel | None
        state = INDEX.peek(self.counters)
        if state is None:
            keys = AIModel.objects.filter(name=cursor).values_list("pk", flat=True)
            aliases = ModelAlias.objects.filter(name=cursor, listed=True).values_list("model", flat=True)
            rows = list(self._rows(retired=True).filter(pk__in=list(keys.union(aliases, all=True))))
            model = next(self._permitted(rows), None)
        else:
            named = [listed for listed in state.by_name.get(cursor, ()) if cursor in listed.list_names]
            scope = self._scope(lambda: [listed.pk for listed in named])
            model = next(iter(self._shown(state.select(scope, named, at=self.at))), None)
        if model is None and self.token is not None:
            model = last_seen(cursor, token=self.token, scope=self.scope, at=self.at)
            if model and self.filters.sort == PRICE and self._price(model) is None:
                return None
        # The last part of a place is the id, which may be an alias here.
        return (*self.place(model)[:-1], cursor) if model else None

    def _rows(self, *, retired: bool) -> AIModelQuerySet:
        """The models in reach, with the retired ones if `retired`; patterns not yet applied."""
        rows = in_reach(self.scope, at=self.at, starts=self.starts)
        return rows if retired else rows.not_retired(on=self.on)


class PriceListing(Listing):
    """The models of price lists, exports and public pages: a listing without those that operators hide from these."""

    def _shown(self, models: Sequence[ListedModel]) -> Sequence[ListedModel]:
        return [model for model in models if model.in_price_list]

    def _rows(self, *, retired: bool) -> AIModelQuerySet:
        return super()._rows(retired=retired).filter(in_price_list=True)


def is_storable(name: str) -> bool:
    """Whether a row can have this name; PostgreSQL refuses to look for others."""
    return "\x00" not in name


def keys_of(names: Collection[str], *, ids: Iterable[str] = ()) -> list[tuple[str, int]]:
    """Each of these names that is an id or alias, and each of the `ids` that is an id, with the key of its model.

    A query of its own: in one with other conditions, the database may check these for all models before the names.
    """
    by_id = AIModel.objects.filter(name__in=[*names, *ids]).values_list("name", "pk")
    by_alias = ModelAlias.objects.filter(name__in=names).values_list("name", "model")
    return list(by_id.union(by_alias, all=True))


def known_names(names: Collection[str]) -> list[str]:
    """Those of the names that are ids or aliases, also of models that nobody can see."""
    names = list(filter(is_storable, names))
    return list(dict.fromkeys(name for name, _ in keys_of(names))) if names else []


def permitted(models: Iterable[AIModel], scope: Scope, aliases: Mapping[int, Collection[str]]) -> Iterator[AIModel]:
    """The models that the scope's patterns permit."""
    return (model for model in models if scope.permits(model, aliases.get(model.pk, ())))


def aliases_for(scope: Scope, *, of: Collection[AIModel] | None = None) -> Mapping[int, Collection[str]]:
    """Model key -> its aliases, of some models or of all; empty without a query if no pattern needs aliases."""
    if not scope.asks_for_aliases or (of is not None and not of):
        return {}
    rows = ModelAlias.objects.order_by("name")
    if of is not None:
        rows = rows.filter(model__in=[model.pk for model in of])
    names: defaultdict[int, list[str]] = defaultdict(list)
    for model, name in rows.values_list("model", "name"):
        names[model].append(name)
    return names


def aliases_of(models: Collection[AIModel], *, listed: bool = False) -> Mapping[int, list[ModelAlias]]:
    """Model key -> its aliases by name, with `listed` only those that are rows of lists; absent without one."""
    keys = {model.pk for model in models}
    aliases = ModelAlias.objects.order_by("name")
    if listed:
        aliases = aliases.filter(listed=True)
    if len(keys) <= MAX_NAMES:
        aliases = aliases.filter(model__in=keys)
    by_model: defaultdict[int, list[ModelAlias]] = defaultdict(list)
    for alias in aliases:
        if alias.model_id in keys:
            by_model[alias.model_id].append(alias)
    return dict(by_model)


def shown_columns(models: AIModelQuerySet) -> AIModelQuerySet:
    """The models with one vendor object for all its models, and no columns that no list shows.

    It takes half the time for thousands of rows.
    """
    return models.select_related(None).prefetch_related("vendor").defer("updated_at")


def listed_names(models: Collection[AIModel]) -> Mapping[int, list[str]]:
    """Key of a model -> the names under which lists of models have it: its id if it is listed, then its listed aliases.

    For explanations, which also cover models that no list has; lists take `Listing.listed`.
    """
    aliases = aliases_of(models, listed=True)
    return {
        model.pk: [*([model.name] if model.listed else ()), *(alias.name for alias in aliases.get(model.pk, ()))]
        for model in models
    }


def in_reach(scope: Scope, *, at: dt.datetime, starts: Starts | None = None) -> AIModelQuerySet:
    """The published models that an enabled channel of one of the scope's groups offers, and that have started for it.

    Patterns are not yet applied. `starts` are those of all models, if the caller has read them.
    """
    published = AIModel.objects.published().select_related("vendor")
    links = TokenGroup.channels.through.objects.filter(tokengroup__in=scope.groups)
    if (starts or STARTS.read()).next(at) is None:
        offers = open_offers().filter(model=OuterRef("pk"), channel__in=links.values("channel"))
        return published.filter(Exists(offers))
    offers = open_offers().filter(model=OuterRef(OuterRef("pk")))
    links = links.filter(channel__in=offers.values("channel"))
    releases = ModelRelease.objects.filter(model=OuterRef(OuterRef("pk")), group=OuterRef("tokengroup"))
    has_started = Q(starts_at=None) | Q(starts_at__lte=at)
    by_release = Exists(links.filter(Exists(releases.filter(has_started))))
    return published.filter(by_release | has_started & Q(Exists(links.filter(~Exists(releases)))))


# What findings say of the models that `unreached` returns.
UNREACHED = "no group can reach an enabled channel that offers it"


def unreached(models: AIModelQuerySet, *, on: dt.date) -> AIModelQuerySet:
    """Those of the models that are published, and that nobody can see, because no group reaches a channel of them."""
    links = TokenGroup.channels.through.objects.filter(channel=OuterRef("channel"))
    reached = open_offers().filter(Exists(links), model=OuterRef("pk"))
    return models.published().not_retired(on=on).filter(~Exists(reached))


def describe_unreached(names: Sequence[str]) -> str:
    """A warning about these models, which nobody can see."""
    return (
        f"No group reaches a channel of {some(names)}, so nobody can see {'it' if len(names) == 1 else 'them'}. "
        "Offer such a model on a channel that a group reaches."
    )


def public_scope() -> Scope:
    """The scope of a visitor without a key: the public groups."""
    return Scope(groups=tuple(group.pk for group in TokenGroup.objects.public()))
