"""A search: read from the query of an address, matched against cards, with an order. Imports no models."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import NamedTuple, Protocol

from catalog.exact import InexactError, digits, read_number
from pricing.pages.listing.orders import ORDERS, POPULAR, order_of

MAX_QUERY = 100
# No list has more pages; a longer number is not read.
MAX_PAGE_DIGITS = 5
# The fields of a search that are a word of a card.
FACETS = ("vendor", "endpoint", "input", "output", "capability", "tag")
# The words of a card for each of FACETS.
Words = tuple[tuple[str, ...], ...]


class CardVendor(Protocol):
    """The vendor of a card."""

    @property
    def slug(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def spellings(self) -> frozenset[str]: ...
    @property
    def icon(self) -> str: ...
    def name_in(self, language: str) -> str: ...


@dataclass(slots=True, eq=False)
class Card:
    """What the list knows of a model apart from its price: the same for every visitor. It never changes."""

    key: int
    name: str
    title: str
    vendor: CardVendor
    aliases: tuple[str, ...]
    words: Words
    context: int | None
    released: dt.date | None
    deprecated_on: dt.date | None
    max_output: int | None = None
    # A year, month or day; empty if unknown.
    knowledge: str = ""
    open_weights: bool | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.words[FACETS.index("input")]

    @property
    def outputs(self) -> tuple[str, ...]:
        return self.words[FACETS.index("output")]


class Figures(NamedTuple):
    """What searches and orders compare of a price: US dollars per million tokens, None where that says nothing.

    `comparable` is that of the headline, `output` that of output tokens, `cached` that of cached input. `billing` is
    the type of billing, see headline.billing_type.
    """

    comparable: Decimal | None = None
    output: Decimal | None = None
    cached: Decimal | None = None
    billing: str = ""


# Key of a model -> its figures.
Prices = Mapping[int, Figures]
UNKNOWN = Figures()


@dataclass(frozen=True)
class Search:
    """Empty fields find all models, popular ones first. Invalid values count as empty."""

    q: str = ""
    vendor: str = ""
    endpoint: str = ""
    input: str = ""
    output: str = ""
    capability: str = ""
    tag: str = ""
    billing: str = ""
    context: int = 0
    price: Decimal | None = None
    sort: str = POPULAR
    page: int = 1

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "Search":
        text = {name: query.get(name, "").strip()[:MAX_QUERY] for name in ("q", *FACETS, "billing")}
        sort, page = query.get("sort", ""), query.get("page", "")
        context = _number(query.get("context", ""))
        is_page = page.isascii() and page.isdigit() and len(page) <= MAX_PAGE_DIGITS
        return cls(
            **text,
            context=int(context or 0),
            price=_number(query.get("price", "")),
            sort=sort if order_of(sort) else POPULAR,
            page=max(int(page), 1) if is_page else 1,
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

    def having(self, **values: str | int) -> "Search":
        """The same search with another order or page; another order starts at the first page."""
        return replace(self, **({"page": 1} | values))  # type: ignore[arg-type]

    @property
    def is_narrow(self) -> bool:
        """Whether it hides any model."""
        return any(name not in ("sort", "page") for name, _value in self.parameters)

    @property
    def filters(self) -> Collection[str]:
        """The names of its filters that are set."""
        return [name for name, _value in self.parameters if name not in ("q", "sort", "page")]

    @property
    def compares_prices(self) -> bool:
        """Whether the prices of all models decide what it finds, or in which order."""
        return self.price is not None or bool(self.billing) or ORDERS[self.sort.removeprefix("-")].is_of_price

    def found(self, cards: Iterable[Card], prices: Prices, matches: Container[int]) -> list[Card]:
        """Those of the cards that fit, in their order.

        `prices` are needed only for its price and type of billing, and `matches`, the keys of the models that its words
        find, for `q`.
        """
        if not self.is_narrow:
            return [*cards]
        wanted = [(place, word) for place, word in enumerate(self._words()) if word]
        return [
            card
            for card in cards
            if all(word in card.words[place] for place, word in wanted)
            and (not self.context or (card.context or 0) >= self.context)
            and (self.price is None or _is_at_most(prices.get(card.key, UNKNOWN).comparable, self.price))
            and (not self.billing or prices.get(card.key, UNKNOWN).billing == self.billing)
            and (not self.q or card.key in matches)
        ]

    def _words(self) -> tuple[str, ...]:
        return self.vendor, self.endpoint, self.input, self.output, self.capability, self.tag


EMPTY = Search()


def _is_at_most(price: Decimal | None, limit: Decimal) -> bool:
    return price is not None and price <= limit


def pairs_of(words: Words) -> set[tuple[str, str]]:
    """(facet, word) of each word."""
    return {(facet, word) for facet, listed in zip(FACETS, words, strict=True) for word in listed}


def tally(cards: Iterable[Card]) -> dict[str, list[tuple[str, int]]]:
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
