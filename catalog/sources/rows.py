"""Reads one row of a source: checks each value, reports invalid ones in a sentence, and lists unused keys."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeGuard

from catalog.exact import InexactError, read_json, read_number
from catalog.names.typed_lists import split_names
from catalog.prices import UNUSED_FIGURES, Line, Sheet
from catalog.sources.limits import MOST_ENTRIES
from catalog.vocabulary import CUTOFF

# More tokens than any model accepts, and small enough for an integer column of any database.
LARGEST_COUNT = 1_000_000_000_000

# Words in the keys of figures that may be a price, such as fee_per_song or usd_per_minute.
PRICE_WORDS = re.compile(
    r"(?<![a-z])(costs?|prices?|pricing|fees?|charges?|surcharges?|tariffs?|usd|dollars?|cents?|dbus?|credits?)(?![a-z])"
)
# The deepest nesting of models in any source: provider, its models, their prices.
LISTS_DEEP = 3


class SourceError(ValueError):
    """A document of the wrong shape; the message is one sentence for the person who sent the document."""


def read_body(content: bytes) -> Any:
    """The value of a JSON document; SourceError if one of its lists is longer than any source needs."""
    body = read_json(content)
    level = [body]
    for _ in range(LISTS_DEEP):
        level = [value for value in level if isinstance(value, dict | list)]
        for value in level:
            refuse_more(len(value))
        level = [part for value in level for part in (value.values() if isinstance(value, dict) else value)]
    return body


def rows_by_name(rows: Sequence[Any], *keys: str) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """A list of rows as an object: name -> the row without it, and findings about rows without a name of their own.

    `keys`: where a row may have its name; the first that it has is used.
    """
    named: dict[str, dict[str, Any]] = {}
    findings = []
    for row in rows:
        values = dict(row) if isinstance(row, dict) else {}
        name = next((values.pop(key) for key in keys if isinstance(values.get(key), str) and values[key]), None)
        if name is None:
            findings.append("a row without a name was left out")
        elif name in named:
            findings.append(f"{name[:255]} appears more than once; the first row is used")
        else:
            named[name] = values
    return named, list(dict.fromkeys(findings))


def refuse_more(number: int, most: int = MOST_ENTRIES, *, of: str = "entries in one list") -> None:
    if number > most:
        raise SourceError(f"The document has more than {most:,} {of}: no source has that many.")


class Row:
    """The values of one row by key, and findings about invalid ones.

    `None` means absent, null or invalid. One unreadable amount rejects the row's whole price: half a price would be a
    wrong price.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.findings: list[str] = []
        self.taken: set[str] = set()
        self.price_is_sound = True
        self.unused_figures: dict[str, Any] = {}
        self._set_aside: set[str] = set()

    def take(self, key: str) -> Any:
        """The value, unchecked; the key counts as used."""
        self.taken.add(key)
        return self.values.get(key)

    def report(self, sentence: str) -> None:
        self.findings.append(sentence)

    def reject_price(self, sentence: str) -> None:
        self.price_is_sound = False
        self.report(f"{sentence}; the price in this row was not imported")

    def set_aside(self, source: str, key: str, figure: Any, why: str = "is not a known price") -> None:
        """Stores a figure as a fact of the price, and reports its key: only money in a known unit is a price."""
        self.unused_figures[f"{source}.{key[:128]}"] = figure
        sentence = f"{key[:64]} {why}; it is stored as a fact and sets no price"
        # A row may have thousands of such keys: the list of findings is not searched for each.
        if sentence not in self._set_aside:
            self._set_aside.add(sentence)
            self.report(sentence)

    def sheet(self, lines: Iterable[Line], facts: Mapping[str, Any] | None = None) -> Sheet | None:
        """The price in US dollars with these lines; None if there are none, or if they are not the whole price."""
        lines = tuple(lines)
        if not lines or not self.price_is_sound:
            return None
        amounts = [line.amount for line in lines if line.kind == "absolute"]
        if amounts and not any(amounts) and (any(map(_may_be_a_fee, self.unused_figures.items())) or self._has_a_fee()):
            self.reject_price("its prices are 0 beside a figure that is not a known price")
            return None
        unused = {UNUSED_FIGURES: dict(self.unused_figures)} if self.unused_figures else {}
        return Sheet("USD", lines, facts={**(facts or {}), **unused})

    def _has_a_fee(self) -> bool:
        """Whether a key that was not used may state a price above 0."""
        return any(names_a_price(key) and holds_an_amount(self.values[key]) for key in self.left_over)

    @property
    def left_over(self) -> tuple[str, ...]:
        """The keys that were not used."""
        return tuple(key for key in self.values if key not in self.taken)

    def text(self, key: str, *, longest: int) -> str | None:
        value = self.take(key)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            self.report(f"{key} is not text")
            return None
        if len(value) > longest:
            self.report(f"{key} is longer than {longest} characters")
            return None
        return value.strip() or None

    def count(self, key: str) -> int | None:
        """A whole number above 0; sources write 0 for an unknown number."""
        value = self.take(key)
        if value is None or value == 0:
            return None
        if not is_number(value) or value != int(value) or not 0 < value <= LARGEST_COUNT:
            self.report(f"{key} is not a whole number above 0")
            return None
        return int(value)

    def date(self, key: str) -> dt.date | None:
        value = self.take(key)
        if value is None or value == "":
            return None
        try:
            return dt.date.fromisoformat(value)
        except (TypeError, ValueError):
            self.report(f"{key} is not a date such as 2026-01-31")
            return None

    def cutoff(self, key: str) -> str | None:
        """A year, month or day."""
        text = self.text(key, longest=100)
        if text is not None and not re.fullmatch(CUTOFF, text):
            self.report(f"{key} is not a year, month or day such as 2026-01")
            return None
        return text

    def flag(self, key: str) -> bool | None:
        value = self.take(key)
        if value is None or isinstance(value, bool):
            return value
        self.report(f"{key} is neither true nor false")
        return None

    def names(self, key: str) -> tuple[str, ...] | None:
        """A list of names, without duplicates."""
        value = self.take(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
            self.report(f"{key} is not a list of names")
            return None
        return tuple(dict.fromkeys(value))

    def comma_names(self, key: str) -> tuple[str, ...] | None:
        """A text of names as people type lists of them, without duplicates."""
        text = self.text(key, longest=10_000)
        return None if text is None else tuple(split_names(text))

    def amount(self, key: str) -> Decimal | None:
        """An amount that is part of the price."""
        value = self.take(key)
        if value is None:
            return None
        return amount_of(value, key, self)


def amount_of(value: Any, key: str, row: Row) -> Decimal | None:
    """An amount anywhere in the row as a Decimal; None for an invalid one, which rejects the price.

    A text without anything in it states no amount, like null.
    """
    if isinstance(value, str) and not value.strip():
        return None
    amount = read_amount(value)
    if amount is None and isinstance(value, str):
        row.reject_price(
            f"{key} is not a number: {value[:40]!r} needs a decimal point, and no currency sign or thousands separator"
        )
    elif amount is None:
        row.reject_price(f"{key} is not a number")
    elif amount < 0:
        row.reject_price(f"{key} is negative")
    else:
        return amount
    return None


def read_amount(value: Any) -> Decimal | None:
    """A number, or the number that a text holds, in JSON's notation; None for anything else."""
    if isinstance(value, str):
        try:
            return read_number(value.strip())
        except InexactError:
            return None
    return Decimal(value) if is_number(value) else None


def names_a_price(key: str) -> bool:
    """Whether the key has a word for a price: as a part of its own, in any style."""
    return PRICE_WORDS.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).casefold()) is not None


def holds_an_amount(value: Any) -> bool:
    """Whether the value is a number other than 0, a text with such a number, or an object or a list with one."""
    if isinstance(value, dict | list):
        return any(map(holds_an_amount, value.values() if isinstance(value, dict) else value))
    amount = read_amount(value.strip(" $€¥") if isinstance(value, str) else value)
    return bool(amount)


def _may_be_a_fee(figure: tuple[str, Any]) -> bool:
    key, value = figure
    return value not in (0, "0", None, "") and "multiplier" not in key


def day_start(text: Any) -> dt.datetime | None:
    """The first moment of a day such as 2026-01-31, in UTC; None for anything else."""
    try:
        day = dt.date.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)


def is_number(value: Any) -> TypeGuard[int | Decimal]:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
