"""Which models the text of a search finds: by their names and aliases, and by the spellings of their vendors.

Imports no models.
"""

from collections.abc import Sequence
from typing import NamedTuple

from catalog.caches import process_cache
from catalog.search.index import Entry, SearchIndex
from catalog.search.kinds import words_of
from pricing.pages.listing.search import Card

# Groups of visitors whose models are stored.
CACHED_INDEXES = 8


class Matches(NamedTuple):
    """The keys of the models that a text finds, and of those that have it as a name."""

    found: frozenset[int]
    exact: frozenset[int]


class TextIndex:
    """The names of the cards of a list, read for its first search and used for all that follow."""

    def __init__(self, cards: Sequence[Card]) -> None:
        self._keys = [card.key for card in cards]
        self._index = SearchIndex(
            Entry((card.name, card.title, *card.aliases, *words_of(card.outputs)), card.vendor.spellings)
            for card in cards
        )

    def find(self, text: str) -> Matches:
        found = self._index.find(text)
        return Matches(*(frozenset(self._keys[place] for place in places) for places in (found.places, found.exact)))


@process_cache(maxsize=CACHED_INDEXES)
def index_of(cards: tuple[Card, ...]) -> TextIndex:
    """The index of these cards. A price does not change it: cards are compared by identity."""
    return TextIndex(cards)
