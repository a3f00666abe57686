"""The kinds of patterns: how each is written, and whether it matches a model."""

import functools
import operator
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from catalog.exact import digits
from catalog.names.typed_lists import fold_width
from catalog.vocabulary import METERS
from tokens.patterns.prices import Price, Prices

# Before a name: `vendor:openai`, `tag:Tools`. Names ignore upper and lower case, and full width.
SELECTORS = ("vendor", "series", "tag", "endpoint", "modality", "capability")
# Before an id that contains `*` or looks like another pattern: `id:vendor:x` is the model vendor:x and nothing else.
LITERAL = "id"
FREE = "free"
PRICE = "price:"
# A limit of the model in tokens -> its field.
LIMITS = {"context": "context_length", "max_output": "max_output_tokens"}
COMPARISONS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
}
LIMIT = re.compile(rf"({'|'.join(LIMITS)})(<=|<|>=|>)([0-9]{{1,15}})")
PRICE_LIMIT = re.compile(rf"{PRICE}({'|'.join(map(re.escape, METERS))})(<=|<|>=|>)([0-9]{{1,12}}(?:[.][0-9]{{1,30}})?)")


class Described(Protocol):
    """What patterns need to know about a model."""

    @property
    def pk(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def context_length(self) -> int | None: ...
    @property
    def max_output_tokens(self) -> int | None: ...

    def selectors(self) -> Mapping[str, Iterable[str]]:
        """Selector -> the model's names under it."""


class Pattern:
    """One pattern of an allow or deny list."""

    def matches(self, model: Described, aliases: Collection[str], prices: Prices | None) -> bool | None:
        """Whether it matches the model; None if that is unknown."""
        raise NotImplementedError

    def figure(self, _model: Described, _prices: Prices | None) -> str:
        """The figure of the model that decides, in words; empty if none does."""
        return ""


@dataclass(frozen=True)
class Names(Pattern):
    """An id or alias, in which `*` matches any characters."""

    text: str
    expression: re.Pattern[str]

    def matches(self, model: Described, aliases: Collection[str], _prices: Prices | None) -> bool:
        return self.names(model.name) or any(map(self.names, aliases))

    def names(self, name: str) -> bool:
        return self.expression.fullmatch(name) is not None


@dataclass(frozen=True)
class OneName(Pattern):
    """One id or alias."""

    name: str

    def matches(self, model: Described, aliases: Collection[str], _prices: Prices | None) -> bool:
        return self.name == model.name or self.name in aliases

    def names(self, name: str) -> bool:
        return self.name == name


@dataclass(frozen=True)
class Selection(Pattern):
    """A selector and a name, in which `*` matches any characters."""

    selector: str
    expression: re.Pattern[str]

    def matches(self, model: Described, _aliases: Collection[str], _prices: Prices | None) -> bool:
        return any(self.selects(name) for name in model.selectors()[self.selector])

    def selects(self, name: str) -> bool:
        return self.expression.fullmatch(_folded(name)) is not None


@dataclass(frozen=True)
class Limit(Pattern):
    """A limit of the model in tokens, e.g. `context>=200000`."""

    subject: str
    comparison: str
    number: int

    def matches(self, model: Described, _aliases: Collection[str], _prices: Prices | None) -> bool | None:
        value = self._value(model)
        return None if value is None else COMPARISONS[self.comparison](Decimal(value), Decimal(self.number))

    def figure(self, model: Described, _prices: Prices | None) -> str:
        value = self._value(model)
        return f"{self.subject} is {'unknown' if value is None else value}"

    def _value(self, model: Described) -> int | None:
        value: int | None = getattr(model, LIMITS[self.subject])
        return value


@dataclass(frozen=True)
class PriceLimit(Pattern):
    """A limit of the price of a meter in US dollars, e.g. `price:input<=5`."""

    meter: str
    comparison: str
    limit: Decimal

    def matches(self, model: Described, _aliases: Collection[str], prices: Prices | None) -> bool | None:
        price = _price(model, prices)
        amount = price.amount(self.meter)
        if amount is not None:
            return COMPARISONS[self.comparison](amount, self.limit)
        # A meter that is not charged has no price, which no limit can be about.
        return None if price.is_unknown(self.meter) else False

    def figure(self, model: Described, prices: Prices | None) -> str:
        price = _price(model, prices)
        amount = price.amount(self.meter)
        if amount is not None:
            return f"{self.meter} costs at most ${digits(amount)}"
        return f"the price of {self.meter} is unknown" if price.is_unknown(self.meter) else f"{self.meter} has no price"


@dataclass(frozen=True)
class Free(Pattern):
    """Models whose whole price is known to be 0."""

    def matches(self, model: Described, _aliases: Collection[str], prices: Prices | None) -> bool:
        return _price(model, prices).is_free

    def figure(self, model: Described, prices: Prices | None) -> str:
        price = _price(model, prices)
        return "it is free" if price.is_free else "it is not free" if price.is_known else "its price is unknown"


@functools.lru_cache(maxsize=16_384)
def read_pattern(text: str) -> Pattern:
    """The pattern that a text states; if it states nothing else, it is an id."""
    selector, colon, name = text.partition(":")
    if colon and selector == LITERAL:
        return OneName(name)
    if colon and selector in SELECTORS:
        return Selection(selector, _expression(_folded(name)))
    if text == FREE:
        return Free()
    if match := LIMIT.fullmatch(text):
        return Limit(match[1], match[2], int(match[3]))
    if match := PRICE_LIMIT.fullmatch(text):
        return PriceLimit(match[1], match[2], Decimal(match[3]))
    return Names(text, _expression(text)) if "*" in text else OneName(text)


def _folded(name: str) -> str:
    """The name of a vendor or tag as it is compared: case and width do not matter."""
    return fold_width(name).casefold()


def compares_prices(patterns: Collection[str]) -> bool:
    """Whether one of the patterns depends on prices; most keys have none, and some have thousands of ids."""
    return FREE in patterns or (
        PRICE in "\n".join(patterns) and any(isinstance(read_pattern(text), PriceLimit) for text in patterns)
    )


def id_of(text: str) -> str | None:
    """The one id or alias that a pattern names; None for a pattern that can match several models."""
    pattern = read_pattern(text)
    return pattern.name if isinstance(pattern, OneName) else None


def names_id(text: str, name: str) -> bool:
    """Whether a pattern of ids matches this id or alias."""
    pattern = read_pattern(text)
    return isinstance(pattern, OneName | Names) and pattern.names(name)


def first_match(
    patterns: Iterable[str],
    model: Described,
    aliases: Collection[str],
    prices: Prices | None = None,
    *,
    if_unknown: bool = False,
) -> str | None:
    """The first of the patterns that matches the model; `if_unknown`: or that might match it."""
    for text in patterns:
        matches = read_pattern(text).matches(model, aliases, prices)
        if if_unknown if matches is None else matches:
            return text
    return None


def _price(model: Described, prices: Prices | None) -> Price:
    if prices is None:
        raise RuntimeError("A pattern compares prices, and the scope has none. Use tokens.access.prices.with_prices.")
    return prices.of(model.pk)


def _expression(text: str) -> re.Pattern[str]:
    """The text as a regular expression without backtracking, so that no pattern takes long."""
    first, *rest = map(re.escape, text.split("*"))
    if not rest:
        return re.compile(first)
    *middle, last = rest
    return re.compile(first + "".join(f"(?>.*?{part})" for part in middle) + f".*{last}", re.DOTALL)
