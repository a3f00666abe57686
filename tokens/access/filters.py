"""The filters and the order that a reader chooses for a list of models, or for the price list.

They select from what the reader can see. The names of a model are those that patterns of keys select by
(`ModelFacts.selectors`), and an unknown figure meets no limit.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from django.http import QueryDict

from catalog.exact import InexactError, plain, read_number
from catalog.models.facts import ModelFacts
from catalog.names.typed_lists import split_all
from catalog.vendor_matching import fold
from tokens.access.cursors import decode_cursor, encode_cursor, open_cursor, seal_cursor
from tokens.api_error import ApiError

# The parameters that are names of a model. It must have one of the names, or all of them if the parameter is in ALL_OF.
NAMES = ("vendor", "endpoint", "capability", "modality")
ALL_OF = frozenset({"capability", "modality"})
POPULAR, PRICE, CREATED = "popular", "price", "created"
ORDERS = (POPULAR, PRICE, CREATED)
PARAMETERS = (*NAMES, "max_price", "min_context", "sort")
# No model has a number of tokens with more digits.
MAX_TOKEN_DIGITS = 15

# What an order sorts by. It ends as that of every list: the release, newest first, and the id.
Place = tuple[Any, ...]
T = TypeVar("T")


@dataclass(frozen=True)
class Filters:
    """Which of the visible models a list has, and in which order; by default all of them, in the list's own order."""

    # Parameter -> folded names.
    names: tuple[tuple[str, frozenset[str]], ...] = ()
    # US dollars, compared with Price.comparable.
    max_price: Decimal | None = None
    # Tokens.
    min_context: int | None = None
    # One of ORDERS; empty: the list's own order.
    sort: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> "Filters":
        """The filters in a query; ApiError if a value is not valid. An empty value is the same as none."""
        names = ((name, _names(query.getlist(name))) for name in NAMES)
        return cls(
            tuple((name, wanted) for name, wanted in names if wanted),
            max_price=_read(query, "max_price", _dollars, "a number of US dollars, 0 or more, such as 2.5"),
            min_context=_read(query, "min_context", _tokens, "a whole number of tokens, 0 or more, such as 128000"),
            sort=_read(query, "sort", _order, f"one of {', '.join(ORDERS)}") or "",
        )

    @property
    def compares_prices(self) -> bool:
        """Whether the list depends on what models cost the reader."""
        return self.max_price is not None or self.sort == PRICE

    @property
    def is_bounded(self) -> bool:
        """Whether there are no more such lists than names in the catalog: at most one name, and no number.

        Other lists are not stored, so that no client evicts those of others.
        """
        has_number = self.max_price is not None or self.min_context is not None
        return not has_number and sum(len(wanted) for _, wanted in self.names) <= 1

    def fit(self, model: ModelFacts, price: Callable[[Any], Decimal | None]) -> bool:
        """Whether the model meets all filters; `price` returns what it is compared by, None if that is unknown."""
        selectors = model.selectors() if self.names else {}
        return (
            all(_has(set(map(_folded, selectors[name])), wanted, every=name in ALL_OF) for name, wanted in self.names)
            and (self.min_context is None or _known(model.context_length, self.min_context.__le__))
            and (self.max_price is None or _known(price(model), self.max_price.__ge__))
        )

    def place(
        self,
        model: ModelFacts,
        price: Callable[[Any], Decimal | None],
        rank: Callable[[Any], tuple[Any, ...]],
    ) -> Place:
        """What the order sorts by. A model without a known price comes after all others."""
        newest = (-model.created, model.name)
        if self.sort == POPULAR:
            return (rank(model), *newest)
        if self.sort == PRICE:
            amount = price(model)
            return (amount is None, amount or Decimal(0), *newest)
        return newest

    @property
    def has_own_cursors(self) -> bool:
        """Whether the order depends on what is not in the catalog's history."""
        return self.sort in (POPULAR, PRICE)

    def write_cursor(self, place: Place) -> str:
        if not self.has_own_cursors:
            return encode_cursor(place)
        # An amount is a text: one in another currency has more digits than a number of JSON may have here.
        return seal_cursor([self.sort, *(str(part) if isinstance(part, Decimal) else part for part in place)])

    def read_cursor(self, text: str) -> Place | None:
        """The place in a cursor; None if the text is not a cursor of a list in this order."""
        match open_cursor(text) if self.has_own_cursors else decode_cursor(text):
            case [int(created), str(name)] if not self.has_own_cursors:
                return (created, name)
            case ["price", is_unknown, amount, *newest] if self.sort == PRICE:
                return (is_unknown, Decimal(amount), *newest)
            case ["popular", list(rank), *newest] if self.sort == POPULAR:
                return (tuple(rank), *newest)
        return None


ALL = Filters()
# The few names of a catalog are compared for thousands of models.
_folded = functools.lru_cache(maxsize=4096)(fold)


def _names(values: list[str]) -> frozenset[str]:
    """The names in repeated values, separated as in forms."""
    return frozenset(map(_folded, split_all(values)))


def _has(names: set[str], wanted: frozenset[str], *, every: bool) -> bool:
    return wanted <= names if every else not wanted.isdisjoint(names)


def _known(figure: T | None, meets: Callable[[T], bool]) -> bool:
    """Whether a figure is known and meets a limit."""
    return figure is not None and meets(figure)


def _read(query: QueryDict, name: str, read: Callable[[str], T | None], valid: str) -> T | None:
    text = query.get(name, "").strip()
    if not text:
        return None
    value = read(text)
    if value is None:
        raise ApiError("invalid_parameter", f"{name} must be {valid}.", param=name)
    return value


def _dollars(text: str) -> Decimal | None:
    try:
        amount = read_number(text)
    except InexactError:
        return None
    return plain(amount) if amount >= 0 else None


def _tokens(text: str) -> int | None:
    # Python refuses to parse a number with thousands of digits.
    is_number = text.isascii() and text.isdigit() and len(text.lstrip("0")) <= MAX_TOKEN_DIGITS
    return int(text.lstrip("0") or 0) if is_number else None


def _order(text: str) -> str | None:
    return text if text in ORDERS else None
