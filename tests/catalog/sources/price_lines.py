"""Summaries of a source's prices for tests: meter, amount and conditions of each line."""

from collections.abc import Iterable
from typing import Any

from catalog.exact import digits
from catalog.prices import MILLION, Line, Sheet
from catalog.sources.records import Record


def summarize(prices: Sheet | None) -> list[tuple[str, str | None, str]]:
    """Each line as (meter, amount for a million tokens or for one unit, conditions)."""
    assert prices is not None
    return [(line.meter, _amount(line), when(line.conditions)) for line in prices.lines]


def _amount(line: Line) -> str | None:
    if line.amount is None:
        return None
    per = MILLION if line.unit == "token" else 1
    return digits(line.amount * per / line.per)


def when(conditions: Iterable[Any]) -> str:
    return "; ".join(f"{condition['dim']} {condition['op']} {condition['value']}" for condition in conditions)


def by_name(records: Iterable[Record]) -> dict[str, Record]:
    """The first record of each name."""
    records_by_name: dict[str, Record] = {}
    for record in records:
        records_by_name.setdefault(record.name, record)
    return records_by_name
