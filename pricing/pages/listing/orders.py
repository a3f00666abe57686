"""The orders of the list. A minus before the name of an order turns it around. Imports no models.

A model whose figure is unknown comes last in both directions. Equal figures are ordered by title.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from django.utils.translation import gettext_noop


class Sorted(Protocol):
    """What is sorted: a card."""

    @property
    def key(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def context(self) -> int | None: ...
    @property
    def released(self) -> dt.date | None: ...
    @property
    def max_output(self) -> int | None: ...
    @property
    def knowledge(self) -> str: ...
    @property
    def open_weights(self) -> bool | None: ...


class Priced(Protocol):
    """What a price is compared by."""

    @property
    def comparable(self) -> Decimal | None: ...
    @property
    def output(self) -> Decimal | None: ...
    @property
    def cached(self) -> Decimal | None: ...


@dataclass(frozen=True)
class Order:
    """An order by a figure of the card or of its price; `is_descending` if its first model has the largest figure."""

    label: str
    label_of_reverse: str = ""
    is_descending: bool = False
    of_card: Callable[[Any], Any] | None = None
    of_price: Callable[[Any], Any] | None = None

    @property
    def is_of_price(self) -> bool:
        return self.of_price is not None


POPULAR = "popular"
ORDERS: Mapping[str, Order] = {
    POPULAR: Order(gettext_noop("Popular first")),
    "newest": Order(
        gettext_noop("Newest first"),
        gettext_noop("Oldest first"),
        is_descending=True,
        of_card=lambda card: card.released,
    ),
    "price": Order(
        gettext_noop("Cheapest first"),
        gettext_noop("Most expensive first"),
        of_price=lambda price: price.comparable,
    ),
    "output": Order(
        gettext_noop("Cheapest output first"),
        gettext_noop("Most expensive output first"),
        of_price=lambda price: price.output,
    ),
    "cached": Order(
        gettext_noop("Cheapest cached input first"),
        gettext_noop("Most expensive cached input first"),
        of_price=lambda price: price.cached,
    ),
    "context": Order(
        gettext_noop("Longest context first"),
        gettext_noop("Shortest context first"),
        is_descending=True,
        of_card=lambda card: card.context,
    ),
    "max_output": Order(
        gettext_noop("Longest output first"),
        gettext_noop("Shortest output first"),
        is_descending=True,
        of_card=lambda card: card.max_output,
    ),
    "knowledge": Order(
        gettext_noop("Latest knowledge first"),
        gettext_noop("Oldest knowledge first"),
        is_descending=True,
        of_card=lambda card: card.knowledge or None,
    ),
    "weights": Order(
        gettext_noop("Open weights first"),
        gettext_noop("Closed weights first"),
        is_descending=True,
        of_card=lambda card: card.open_weights,
    ),
    "name": Order(
        gettext_noop("Name"), gettext_noop("Name, from Z to A"), of_card=lambda card: (card.title.casefold(), card.name)
    ),
}


def order_of(sort: str) -> Order | None:
    """The order that a value of `sort` names; None if it names none. The popular models are always first."""
    order = ORDERS.get(sort.removeprefix("-"))
    return None if order is None or (sort.startswith("-") and not order.label_of_reverse) else order


def label_of(sort: str) -> str:
    """What the order is called, not translated."""
    order = ORDERS[sort.removeprefix("-")]
    return order.label_of_reverse if sort.startswith("-") else order.label


def reverse_of(sort: str) -> str:
    return sort.removeprefix("-") if sort.startswith("-") else f"-{sort}"


def is_descending(sort: str) -> bool:
    """Whether the model with the largest figure is first."""
    return ORDERS[sort.removeprefix("-")].is_descending != sort.startswith("-")


def ordered(
    cards: Iterable[Sorted], sort: str, *, ranks: Mapping[int, int], prices: Callable[[], Mapping[int, Priced]]
) -> list[Any]:
    """The cards in that order. `ranks`: key of a popular model -> its place; `prices`: key -> what is compared."""
    order, by_title = ORDERS[sort.removeprefix("-")], sorted(cards, key=lambda card: (card.title.casefold(), card.name))
    if order.of_price is not None:
        of_price, all_prices = order.of_price, prices()
        figures = {key: of_price(price) for key, price in all_prices.items()}
    elif order.of_card is not None:
        of_card = order.of_card
        figures = {card.key: of_card(card) for card in by_title}
    else:
        return sorted(by_title, key=lambda card: _popularity(card, ranks))
    known = [card for card in by_title if figures.get(card.key) is not None]
    known.sort(key=lambda card: figures[card.key], reverse=is_descending(sort))
    return [*known, *(card for card in by_title if figures.get(card.key) is None)]


def _popularity(card: Sorted, ranks: Mapping[int, int]) -> Any:
    """Popular models by their rank, then the newest, then those without a date."""
    released = card.released.toordinal() if card.released else 0
    return (ranks.get(card.key, len(ranks)), -released, card.name)
