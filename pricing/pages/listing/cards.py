"""The list for visitors of one group in one language: its cards and their rows, cached until something changes."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

from django.template.loader import get_template
from django.urls import reverse
from django.utils import translation

from catalog.caches import process_cache
from catalog.exact import digits
from catalog.models import AIModel
from catalog.prices import Sheet
from pricing.engine.formatting import amounts, labels
from pricing.pages.formatting import token_count
from pricing.pages.listing.search import FACETS, Card, Search, tally
from pricing.pages.price_tags import price_tag
from pricing.pages.visitor import PublicGroups, Visitor
from pricing.published.audience import apply_group_rate
from pricing.published.popularity import popular_models
from pricing.published.prices import published_sheets
from tokens.access.visibility import PriceListing

# Combinations of group and language.
CACHED_LISTS = 8
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
    # Model id -> its row without `<tr`, so that a row can be hidden without rendering it again.
    rows: dict[str, str]

    @property
    def has_stars(self) -> bool:
        """Whether any row has a star."""
        return any(card.tag.has_other_prices and not card.tag.single for card in self.cards)

    def rows_for(self, search: Search) -> list[tuple[Card, str, bool]]:
        """(card, row, is hidden) of every card in the order of the search."""
        return [(card, self.rows[card.name], not search.fits(card)) for card in search.ordered(self.cards)]


@process_cache(maxsize=CACHED_LISTS)
def model_list(visitor: Visitor) -> ModelList:
    public = visitor.public
    models = PriceListing(public.scope, visitor.day).models()
    sheets = prices(models, public, visitor)
    popular = popular_models({model.pk for model in models}, on=visitor.day, counters=visitor.counters)
    ranks = {key: place for place, key in enumerate(popular)}
    with translation.override(visitor.language):
        cards = Search().ordered(
            card_of(model, sheets.get(model.pk), rank=ranks.get(model.pk), visitor=visitor) for model in models
        )
        facets = options(cards)
        return ModelList(public, tuple(cards), facets, rows(cards, facets, visitor))


def prices(models: Iterable[AIModel], public: PublicGroups, visitor: Visitor) -> dict[int, Sheet]:
    """Model key -> the price for the chosen group, with rates and discounts multiplied in."""
    published = published_sheets(models, at=visitor.at, groups={public.slug})
    rate = public.rates().at(visitor.at)
    return {key: apply_group_rate(sheet, public.slug, rate).folded() for key, sheet in published.items()}


def card_of(model: AIModel, sheet: Sheet | None, *, rank: int | None, visitor: Visitor) -> Card:
    return Card(
        name=model.name,
        title=model.title,
        vendor=model.vendor.name,
        vendors=(model.vendor.slug,),
        endpoints=tuple(model.callable_endpoint_types),
        inputs=tuple(model.input_modalities),
        outputs=tuple(model.output_modalities),
        capabilities=tuple(model.capabilities),
        context=model.context_length,
        released=max(model.released_on.toordinal() - EPOCH, 1) if model.released_on else 0,
        rank=rank,
        lifecycle=model.lifecycle(on=visitor.day),
        tag=price_tag(sheet),
    )


def options(cards: list[Card]) -> dict[str, list[Option]]:
    """Facet -> its options, each with its own letter."""
    facets: dict[str, list[Option]] = {}
    vendors = {card.vendors[0]: card.vendor for card in cards}
    letters = map(chr, count(FIRST_LETTER))
    for facet, counted in tally(cards).items():
        facets[facet] = []
        for word, times in counted:
            label = vendors[word] if facet == "vendor" else word if facet == "endpoint" else labels.word(word)
            facets[facet].append(Option(word, label, times, next(letters)))
    facets["vendor"].sort(key=lambda option: option.label.casefold())
    return facets


def rows(cards: list[Card], facets: dict[str, list[Option]], visitor: Visitor) -> dict[str, str]:
    template = get_template("pricing/pages/row.html")
    letters = {(facet, option.word): option.letter for facet in FACETS for option in facets[facet]}
    return {
        card.name: template.render(
            {
                "address": visitor.link(reverse("model-page", args=[card.name])),
                "card": card,
                "letters": "".join(sorted(letters[word] for word in card.words)),
                "context": token_count(card.context),
                "inputs": labels.join(map(labels.word, card.inputs)),
                "outputs": labels.join(map(labels.word, card.outputs)),
                "comparable": comparable(card),
                "state": labels.state(card.tag.state),
            }
        )
        for card in cards
    }


def comparable(card: Card) -> str:
    """The price that the script compares by: empty if the row shows the same number, "-" if there is none."""
    price = card.tag.comparable
    if price is None:
        return "-"
    return "" if amounts.short_money(price) == card.tag.input else digits(price)
