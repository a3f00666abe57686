"""The list for visitors of one group in one language: its cards and their rows, rendered again when they change."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import count, islice

from django.urls import reverse
from django.utils.translation import get_language

from catalog.caches import process_cache
from catalog.models import AIModel
from catalog.prices import Sheet
from pricing.engine.formatting import labels
from pricing.pages.listing.rows import Row, row_of
from pricing.pages.listing.search import FACETS, Card, Search, Words, pairs_of, tally
from pricing.pages.price_tags import price_tag
from pricing.pages.visitor import PublicGroups, Visitor
from pricing.published.audience import apply_group_rate
from pricing.published.popularity import popular_models
from pricing.published.prices import Factors, published_sheets
from pricing.published.rows import Reading, RenderBatch, rendered_rows

# Combinations of group and language.
CACHED_LISTS = 8
# A page with more models would take seconds to load: it has only the first rows that a search finds.
MOST_ROWS = 5_000
FIRST_ROWS = 500
# Makes the numbers of release dates short; no model is older.
EPOCH = dt.date(2015, 1, 1).toordinal()
# Rows name their options by a letter from here on; HTML escapes none of them.
FIRST_LETTER = ord("@")


@dataclass(frozen=True)
class Option:
    """A word to filter a facet by; rows contain its `letter`."""

    word: str
    label: str
    count: int
    letter: str


@dataclass(frozen=True)
class ModelList:
    """The cards in the default order, the options of the filters, and the rendered rows."""

    public: PublicGroups
    cards: tuple[Card, ...]
    facets: dict[str, list[Option]]
    # Model id -> its row.
    rows: Mapping[str, Row]
    # Words of a card -> their letters; many models have the same.
    letters: Mapping[Words, str]

    @cached_property
    def has_stars(self) -> bool:
        """Whether any row has a star."""
        return any(card.tag.has_other_prices and not card.tag.single for card in self.cards)

    @property
    def is_complete(self) -> bool:
        """Whether the page has a row for each model, so that a search in the browser finds all."""
        return len(self.cards) <= MOST_ROWS

    def found(self, search: Search) -> list[Card]:
        """The cards that fit the search, in its order."""
        return search.ordered(filter(search.fits, self.cards))

    def most_shown(self, found: Sequence[Card]) -> int | None:
        """The number of rows on the page if it does not show all that were found."""
        return None if self.is_complete or len(found) <= FIRST_ROWS else FIRST_ROWS

    def rows_for(self, search: Search, found: Sequence[Card], *, choices: bytes) -> Iterator[bytes]:
        """The rows of the page: all of them, with the others hidden, or only the first ones that were found."""
        names = {card.name for card in found}
        cards = search.ordered(self.cards) if self.is_complete else islice(found, FIRST_ROWS)
        for card in cards:
            letters, is_hidden = self.letters[card.words], card.name not in names
            yield self.rows[card.name].html(letters, rank=card.rank, choices=choices, is_hidden=is_hidden)


@process_cache(maxsize=CACHED_LISTS)
def model_list(visitor: Visitor) -> ModelList:
    public = visitor.public
    reading = Reading(public.scope, visitor.at, visitor.counters)
    with visitor.active():
        kind = ("page", visitor.language, public.slug, visitor.display)
        rendered = rendered_rows(kind, reading, reading.price_listing, _renderer(public, visitor))
        popular = popular_models(rendered, on=visitor.day, counters=visitor.counters)
        ranks = {key: place for place, key in enumerate(popular)}
        cards = Search().ordered(
            replace(entry.card, rank=ranks[key]) if key in ranks else entry.card for key, entry in rendered.items()
        )
        rows = {entry.card.name: entry.row for entry in rendered.values()}
        facets = options(cards)
        return ModelList(public, tuple(cards), facets, rows, letters_of(cards, facets))


@dataclass(frozen=True, slots=True)
class Entry:
    """A model in the list; its card has no rank."""

    card: Card
    row: Row


def _renderer(public: PublicGroups, visitor: Visitor) -> RenderBatch[Entry]:
    at, rate, factors = visitor.at, public.rates().at(visitor.at), Factors.read(at=visitor.at)
    pages = reverse("model-page", args=["x"]).removesuffix("x")

    def render(models: Sequence[AIModel]) -> dict[int, Entry]:
        sheets = prices_of_group(models, public.slug, rate, at=at, factors=factors)
        cards = {model.pk: card_of(model, sheets.get(model.pk), on=visitor.day) for model in models}
        return {key: Entry(card, row_of(card, pages=pages)) for key, card in cards.items()}

    return render


def prices(models: Iterable[AIModel], public: PublicGroups, visitor: Visitor) -> dict[int, Sheet]:
    """Model key -> the price for the chosen group, with rates and discounts multiplied in."""
    rate, factors = public.rates().at(visitor.at), Factors.read(at=visitor.at)
    return prices_of_group(models, public.slug, rate, at=visitor.at, factors=factors)


def prices_of_group(
    models: Iterable[AIModel], group: str, rate: Decimal, *, at: dt.datetime, factors: Factors
) -> dict[int, Sheet]:
    published = published_sheets(models, at=at, groups={group}, factors=factors)
    return {key: apply_group_rate(sheet, group, rate).folded() for key, sheet in published.items()}


def card_of(model: AIModel, sheet: Sheet | None, *, on: dt.date) -> Card:
    return Card(
        name=model.name,
        title=model.title,
        vendor=model.vendor.name_in(get_language()),
        words=shared_words(
            (
                (model.vendor.slug,),
                tuple(model.callable_endpoint_types),
                tuple(model.input_modalities),
                tuple(model.output_modalities),
                tuple(model.capabilities),
            )
        ),
        context=model.context_length,
        released=max(model.released_on.toordinal() - EPOCH, 1) if model.released_on else 0,
        lifecycle=model.lifecycle(on=on),
        tag=price_tag(sheet),
    )


# One object for equal words: most models share theirs with many others.
@process_cache(maxsize=4096)
def shared_words(words: Words) -> Words:
    return words


def options(cards: Sequence[Card]) -> dict[str, list[Option]]:
    """Facet -> its options, each with its own letter."""
    facets: dict[str, list[Option]] = {}
    vendors = {card.words[0][0]: card.vendor for card in cards}
    letters = map(chr, count(FIRST_LETTER))
    for facet, counted in tally(cards).items():
        facets[facet] = []
        for word, times in counted:
            label = vendors[word] if facet == "vendor" else word if facet == "endpoint" else labels.word(word)
            facets[facet].append(Option(word, label, times, next(letters)))
    facets["vendor"].sort(key=lambda option: option.label.casefold())
    return facets


def letters_of(cards: Iterable[Card], facets: Mapping[str, Sequence[Option]]) -> dict[Words, str]:
    """Words of a card -> their letters."""
    letters = {(facet, option.word): option.letter for facet in FACETS for option in facets[facet]}
    return {
        words: "".join(sorted(letters[pair] for pair in pairs_of(words))) for words in {card.words for card in cards}
    }
