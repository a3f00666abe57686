"""Reading a source's prices in a test: figures by meter, with what they count and when."""

from collections.abc import Iterable
from typing import Any

from catalog.exact import digits
from catalog.prices import Line, Sheet
from catalog.sources.records import Record


def told(prices: Sheet | None) -> list[tuple[str, str | None, str]]:
    """Each figure as (meter, amount for a million tokens or for its own units, when)."""
    assert prices is not None
    return [(figure.meter, _amount(figure), when(figure.conditions)) for figure in prices.lines]


def _amount(figure: Line) -> str | None:
    if figure.amount is None:
        return None
    per = 1_000_000 if figure.unit == "token" else 1
    return digits(figure.amount * per / figure.per)


def when(conditions: Iterable[Any]) -> str:
    return "; ".join(f"{each['dim']} {each['op']} {each['value']}" for each in conditions)


def by_name(records: Iterable[Record]) -> dict[str, Record]:
    """The first record of each name."""
    found: dict[str, Record] = {}
    for record in records:
        found.setdefault(record.name, record)
    return found
