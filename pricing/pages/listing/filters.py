"""The form above the list: a select for each facet, the context, the price and the order. Imports no models."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from catalog.exact import digits
from pricing.engine.formatting import amounts, labels
from pricing.pages.formatting import token_count
from pricing.pages.listing.search import Search

CONTEXTS = (32_000, 128_000, 200_000, 1_000_000)
PRICES = tuple(map(Decimal, ("0", "0.1", "0.5", "1", "3", "10")))
LABELS = {
    "vendor": (gettext_noop("Vendor"), gettext_noop("All vendors")),
    "endpoint": (gettext_noop("Endpoint"), gettext_noop("All endpoints")),
    "input": (gettext_noop("Input types"), gettext_noop("Any")),
    "output": (gettext_noop("Output types"), gettext_noop("Any")),
    "capability": (gettext_noop("Capabilities"), gettext_noop("Any")),
}
ORDERS = {
    "popular": gettext_noop("Popular first"),
    "newest": gettext_noop("Newest first"),
    "price": gettext_noop("Cheapest first"),
    "context": gettext_noop("Longest context first"),
    "name": gettext_noop("Name"),
}


class FacetOption(Protocol):
    """A word to filter a facet by; rows contain its `letter`."""

    @property
    def word(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def count(self) -> int: ...
    @property
    def letter(self) -> str: ...


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    is_chosen: bool
    count: int | None = None
    letter: str = ""


@dataclass(frozen=True)
class Select:
    name: str
    label: str
    any: str
    options: tuple[Choice, ...]


def selects(facets: Mapping[str, Sequence[FacetOption]], search: Search) -> list[Select]:
    """Every filter with the chosen option; a value from the address that is not an option is added."""
    facet_selects = [_facet(name, options, getattr(search, name)) for name, options in facets.items()]
    least = sorted({*CONTEXTS, *filter(None, [search.context])})
    most = sorted({*PRICES, *([] if search.price is None else [search.price])})
    contexts = tuple(Choice(str(number), f"≥ {token_count(number)}", number == search.context) for number in least)
    prices = tuple(
        Choice(digits(price), f"≤ {amounts.limit(price)}" if price else labels.state("free"), price == search.price)
        for price in most
    )
    return [
        *facet_selects,
        Select("context", _("Context"), _("Any length"), contexts),
        Select("price", _("Input price"), _("Any price"), prices),
    ]


def orders(search: Search) -> list[Choice]:
    return [Choice(value, _(label), value == search.sort) for value, label in ORDERS.items()]


def _facet(name: str, options: Iterable[FacetOption], chosen: str) -> Select:
    label, anything = LABELS[name]
    choices = [
        Choice(option.word, option.label, option.word == chosen, option.count, option.letter) for option in options
    ]
    if chosen and not any(choice.is_chosen for choice in choices):
        choices.append(Choice(chosen, chosen, is_chosen=True, count=0, letter="?"))
    return Select(name, _(label), _(anything), tuple(choices))
