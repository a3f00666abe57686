"""The models that visitors of one group see, as cards in every order; and what a search finds among them, by pages."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from catalog import caches
from catalog.caches import process_cache
from catalog.imports.gc_pause import pause_gc
from catalog.models import EndpointType
from pricing.engine.formatting import capabilities
from pricing.pages.formatting import heading
from pricing.pages.listing.matching import Matches, index_of
from pricing.pages.listing.orders import POPULAR, ordered
from pricing.pages.listing.prices import figures_of_all
from pricing.pages.listing.search import Card, CardVendor, Figures, Search, Words, tally
from pricing.pages.visitor import Visitor
from pricing.published.popularity import popular_models
from tokens.access.listed_models import ListedModel
from tokens.access.visibility import PriceListing

# The rows of a page. With scripts, further pages are appended to it.
PAGE_ROWS = 60
# Groups of visitors whose models are stored.
CACHED_CATALOGS = 8


@dataclass(frozen=True)
class Key:
    """Equal for visitors who see the same models at the same prices, whatever they choose besides."""

    group: str
    revision: tuple[int, int, int]
    price_boundary: dt.datetime | None
    day: dt.date
    # Any of these visitors.
    visitor: Visitor = field(compare=False)


class Catalog:
    """The models that a visitor sees. It is shared by threads, and computes only what is asked for."""

    def __init__(self, visitor: Visitor, models: Sequence[ListedModel]) -> None:
        self.visitor = visitor
        self.models = {model.pk: model for model in models}
        self.cards = CARDS.of(models)
        self._orders: dict[str, Sequence[Card]] = {}

    @property
    def figures(self) -> Mapping[int, Figures]:
        """Model key -> what searches and orders compare of its price."""
        return figures_of_all(self.models, self.visitor)

    @cached_property
    def tallies(self) -> Mapping[str, Sequence[tuple[str, int]]]:
        """Facet -> (word, number of models that have it)."""
        return tally(self.cards)

    @cached_property
    def vendors(self) -> Mapping[str, CardVendor]:
        """Slug -> the vendor of some models."""
        return {card.vendor.slug: card.vendor for card in self.cards}

    @cached_property
    def endpoints(self) -> Mapping[str, str]:
        """Name of an endpoint type -> its label, which may be empty."""
        return dict(EndpointType.objects.values_list("name", "label"))

    def ordered(self, sort: str) -> Sequence[Card]:
        """All cards in that order."""
        if sort not in self._orders:
            self._orders[sort] = ordered(self.cards, sort, ranks=self._ranks, prices=lambda: self.figures)
        return self._orders[sort]

    def found(self, search: Search) -> list[Card]:
        """The cards that fit the search, in its order."""
        prices = self.figures if search.price is not None or search.billing else {}
        if not search.q:
            return search.found(self.ordered(search.sort), prices, ())
        matches = self.matches(search.q)
        found = search.found(self.ordered(search.sort), prices, matches.found)
        if search.sort != POPULAR or not matches.exact:
            return found
        # A model with the searched name precedes more popular ones with others.
        return sorted(found, key=lambda card: card.key not in matches.exact)

    def matches(self, text: str) -> Matches:
        """The models that a search for the text finds, also for fields to choose a model."""
        return index_of(tuple(self.cards)).find(text)

    @cached_property
    def _ranks(self) -> Mapping[int, int]:
        popular = popular_models(self.models, on=self.visitor.day, counters=self.visitor.counters)
        return {key: place for place, key in enumerate(popular)}


class Cards:
    """The cards of the models in memory. A changed model is another object, and gets another card."""

    def __init__(self) -> None:
        self._cards: dict[int, tuple[ListedModel, Card]] = {}

    def of(self, models: Sequence[ListedModel]) -> list[Card]:
        known, cards = self._cards, []
        for model in models:
            entry = known.get(model.pk)
            if entry is None or entry[0] is not model:
                entry = known[model.pk] = (model, card_of(model))
            cards.append(entry[1])
        if len(known) > 2 * len(cards) + 1000:
            # Most models are gone, or belong to other groups.
            self._cards = {}
        return cards

    def clear(self) -> None:
        self._cards = {}


CARDS = caches.register(Cards())


def catalog_of(visitor: Visitor) -> Catalog:
    """The models that the visitor sees."""
    return _stored(Key(visitor.group, visitor.revision, visitor.price_boundary, visitor.day, visitor))


@process_cache(maxsize=CACHED_CATALOGS)
@pause_gc()
def _stored(key: Key) -> Catalog:
    visitor = key.visitor
    return Catalog(visitor, PriceListing(visitor.public.scope, visitor.at, counters=visitor.counters).visible())


def card_of(model: ListedModel) -> Card:
    words: Words = (
        (model.vendor.slug,),
        tuple(model.callable_endpoint_types),
        tuple(model.input_modalities),
        tuple(model.output_modalities),
        capabilities.filter_words(model.capabilities),
        tuple(model.tags),
    )
    return Card(
        key=model.pk,
        name=model.name,
        title=heading(model.name, model.title),
        vendor=model.vendor,
        aliases=model.aliases,
        words=words,
        context=model.context_length,
        released=model.released_on,
        deprecated_on=model.deprecated_on,
        max_output=model.max_output_tokens or None,
        knowledge=model.knowledge_cutoff,
        open_weights=model.open_weights,
    )


@dataclass(frozen=True)
class Page:
    """The part of what a search finds that one page shows."""

    search: Search
    total: int
    cards: Sequence[Card]

    @classmethod
    def of(cls, catalog: Catalog, search: Search) -> "Page":
        """The page that the search asks for, or the last one if there are fewer."""
        found = catalog.found(search)
        last = max(-(-len(found) // PAGE_ROWS), 1)
        search = replace(search, page=min(search.page, last))
        start = (search.page - 1) * PAGE_ROWS
        return cls(search, len(found), found[start : start + PAGE_ROWS])

    @property
    def size(self) -> int:
        """The number of rows of a full page."""
        return PAGE_ROWS

    @property
    def first(self) -> int:
        """The number of its first row, from 1."""
        return (self.search.page - 1) * PAGE_ROWS + 1

    @property
    def last(self) -> int:
        return self.first + len(self.cards) - 1

    @property
    def previous(self) -> Search | None:
        return self.search.having(page=self.search.page - 1) if self.search.page > 1 else None

    @property
    def next(self) -> Search | None:
        return self.search.having(page=self.search.page + 1) if self.last < self.total else None
