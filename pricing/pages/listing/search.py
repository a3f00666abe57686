"""A search: read from the query of an address, matched against cards, with an order. Imports no models."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from catalog.exact import InexactError, digits, read_number
from pricing.pages.price_tags import PriceTag

MAX_QUERY = 100
# The fields of a search that are a word of a card.
FACETS = ("vendor", "endpoint", "input", "output", "capability")
# The words of a card for each of FACETS.
Words = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A model in the list; `rank` is its place among the popular models, None for other models."""

    name: str
    title: str
    vendor: str
    words: Words
    context: int | None
    # In days; 0 if the release date is not known.
    released: int
    lifecycle: str
    tag: PriceTag
    rank: int | None = None

    @property
    def text(self) -> str:
        """The text that is searched; pages.js searches the same text in the row."""
        return f"{self.title} {self.name} {self.vendor}".casefold()

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.words[FACETS.index("input")]

    @property
    def outputs(self) -> tuple[str, ...]:
        return self.words[FACETS.index("output")]


def by_popularity(card: Card) -> Any:
    return (card.rank is None, card.rank or 0, -card.released, card.name)


ORDERS: Mapping[str, Callable[[Card], Any]] = {
    "popular": by_popularity,
    "newest": lambda card: (-card.released, card.name),
    "price": lambda card: (card.tag.comparable is None, card.tag.comparable or 0, card.title.casefold(), card.name),
    "context": lambda card: (-(card.context or 0), card.title.casefold(), card.name),
    "name": lambda card: (card.title.casefold(), card.name),
}


@dataclass(frozen=True)
class Search:
    """Empty fields find all models, popular ones first. Invalid values count as empty."""

    q: str = ""
    vendor: str = ""
    endpoint: str = ""
    input: str = ""
    output: str = ""
    capability: str = ""
    context: int = 0
    price: Decimal | None = None
    sort: str = "popular"

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "Search":
        text = {name: query.get(name, "").strip()[:MAX_QUERY] for name in ("q", *FACETS)}
        sort = query.get("sort", "")
        context = _number(query.get("context", ""))
        return cls(
            **text,
            context=int(context or 0),
            price=_number(query.get("price", "")),
            sort=sort if sort in ORDERS else "popular",
        )

    @property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        """The search in an address: all values that are not the default."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return tuple(
            (name, digits(value) if isinstance(value, Decimal) else str(value))
            for name, value in values.items()
            if value != getattr(EMPTY, name)
        )

    @property
    def is_narrow(self) -> bool:
        """Whether it hides any model."""
        return any(name != "sort" for name, _value in self.parameters)

    def fits(self, card: Card) -> bool:
        return (
            all(word in card.text for word in self.q.casefold().split())
            and all(word in words for word, words in zip(self._words(), card.words, strict=True) if word)
            and (card.context or 0) >= self.context
            and (self.price is None or (card.tag.comparable is not None and card.tag.comparable <= self.price))
        )

    def ordered(self, cards: Iterable[Card]) -> list[Card]:
        return sorted(cards, key=ORDERS[self.sort])

    def _words(self) -> tuple[str, ...]:
        return self.vendor, self.endpoint, self.input, self.output, self.capability


EMPTY = Search()


def pairs_of(words: Words) -> set[tuple[str, str]]:
    """(facet, word) of each word."""
    return {(facet, word) for facet, listed in zip(FACETS, words, strict=True) for word in listed}


def tally(cards: Sequence[Card]) -> dict[str, list[tuple[str, int]]]:
    """Facet -> (word, number of cards that have it), the most frequent word first."""
    counts: Counter[tuple[str, str]] = Counter()
    for words, number in Counter(card.words for card in cards).items():
        counts.update(dict.fromkeys(pairs_of(words), number))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {facet: [(word, number) for (of, word), number in ordered if of == facet] for facet in FACETS}


def _number(text: str) -> Decimal | None:
    """The number, if it is not negative; None for any other text."""
    try:
        number = read_number(text.strip())
    except InexactError:
        return None
    return number if number >= 0 else None
