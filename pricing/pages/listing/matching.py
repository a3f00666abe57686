"""Which models the words of a search find. Imports no models."""

from collections.abc import Container, Iterable

from pricing.pages.listing.search import Card


class TextIndex:
    """The texts of the cards of a list, made for its first search and used for all that follow."""

    def __init__(self, cards: Iterable[Card]) -> None:
        self._texts = {card.key: text_of(card) for card in cards}

    def find(self, query: str) -> Container[int]:
        """The keys of the models whose text contains every word of the query."""
        words = query.casefold().split()
        return {key for key, text in self._texts.items() if all(word in text for word in words)}


def text_of(card: Card) -> str:
    """The names by which people look for a model."""
    vendor = card.vendor
    names_of_vendor = (vendor.slug, vendor.name, vendor.name_in("zh-hans"), *vendor.aliases)
    return " ".join((card.title, card.name, *card.aliases, *names_of_vendor)).casefold()
