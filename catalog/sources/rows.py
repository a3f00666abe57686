"""Reading one row of a source: each value checked, each unsound one told in a sentence, each key left over listed."""

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeGuard

from catalog.exact import InexactError, read_json, read_number

# More tokens than any model takes, and still a number that every database holds.
LARGEST_COUNT = 1_000_000_000_000


# Nearly twice as many models, and prices, as the largest source has; what is longer would take minutes and gigabytes,
# whatever it is.
MOST_RECORDS = 15_000
MOST_FIGURES = 50_000
# As deep as models lie in any source: provider, its models, their prices.
LISTS_DEEP = 3


class SourceError(ValueError):
    """A document of the wrong shape; the message is one sentence for the person who sent it."""


def read_body(content: bytes) -> Any:
    """The value of a JSON document that lists no more of anything than a source has."""
    body = read_json(content)
    level = [body]
    for _ in range(LISTS_DEEP):
        level = [each for each in level if isinstance(each, dict | list)]
        for each in level:
            refuse_more(len(each))
        level = [part for each in level for part in (each.values() if isinstance(each, dict) else each)]
    return body


def refuse_more(number: int, most: int = MOST_RECORDS, *, of: str = "entries in one list") -> None:
    if number > most:
        raise SourceError(f"The document holds more than {most} {of}, more than any source has.")


class Row:
    """The values of one row by key, with what was found wrong in them.

    `None` stands for absent, null and unsound alike. A figure that cannot be read spoils the row's whole price: half a
    price would be a wrong one.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.findings: list[str] = []
        self.taken: set[str] = set()
        self.price_is_sound = True

    def take(self, key: str) -> Any:
        """The value as it is."""
        self.taken.add(key)
        return self.values.get(key)

    def find(self, sentence: str) -> None:
        self.findings.append(sentence)

    def spoil_price(self, sentence: str) -> None:
        self.price_is_sound = False
        self.find(f"{sentence}; no price was taken from this row")

    @property
    def left_over(self) -> tuple[str, ...]:
        """The keys that nobody asked for."""
        return tuple(key for key in self.values if key not in self.taken)

    def text(self, key: str, *, longest: int) -> str | None:
        value = self.take(key)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            self.find(f"{key} is not text")
            return None
        if len(value) > longest:
            self.find(f"{key} is longer than {longest} characters")
            return None
        return value.strip() or None

    def count(self, key: str) -> int | None:
        """A whole number above zero; 0 is how sources say that they do not know."""
        value = self.take(key)
        if value is None or value == 0:
            return None
        if not is_number(value) or value != int(value) or not 0 < value <= LARGEST_COUNT:
            self.find(f"{key} is not a count")
            return None
        return int(value)

    def date(self, key: str) -> dt.date | None:
        value = self.take(key)
        if value is None or value == "":
            return None
        try:
            return dt.date.fromisoformat(value)
        except (TypeError, ValueError):
            self.find(f"{key} is not a date such as 2026-01-31")
            return None

    def names(self, key: str) -> tuple[str, ...] | None:
        """A list of names, each once."""
        value = self.take(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
            self.find(f"{key} is not a list of names")
            return None
        return tuple(dict.fromkeys(value))

    def figure(self, key: str) -> Decimal | None:
        """A number that is part of the price."""
        value = self.take(key)
        if value is None:
            return None
        return amount_of(value, key, self)


def amount_of(value: Any, key: str, row: Row) -> Decimal | None:
    """A price of the row as a Decimal, wherever in it the number stands."""
    if not is_number(value):
        row.spoil_price(f"{key} is not a number")
    elif value < 0:
        row.spoil_price(f"{key} is negative")
    else:
        return Decimal(value)
    return None


def read_amount(value: Any) -> Decimal | None:
    """A number, or the number that a text holds, in JSON's notation; None for anything else."""
    if isinstance(value, str):
        try:
            return read_number(value)
        except InexactError:
            return None
    return Decimal(value) if is_number(value) else None


def own_meter(source: str, key: str) -> str:
    """The meter of a figure that fits none: the source's own name for it, as far as a meter's name can hold it."""
    return f"x.{source}.{re.sub(r'[^A-Za-z0-9_.-]', '_', key)[:80] or '_'}"


def day_start(text: Any) -> dt.datetime | None:
    """The first moment of a day such as 2026-01-31, in UTC; None for anything else."""
    try:
        day = dt.date.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)


def is_number(value: Any) -> TypeGuard[int | Decimal]:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
