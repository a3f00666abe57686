"""Whether two prices are equal: the one rule for imports, re-pricing, history and exports. Imports no models.

Two prices are equal if every request costs the same by both, in the same currency. 0.0000025 per token equals 2.5 per
million tokens, 3.125 times a discount of 0.8 equals 2.5, and the order of meters does not matter. Lines of one meter
are compared in their order, because the last one whose conditions hold sets the price.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.exact import multiply, of_one, write_json
from catalog.prices import Line, Sheet

PriceKey = tuple[object, ...]


def same_price(first: Sheet | None, second: Sheet | None, *, with_facts: bool = False) -> bool:
    """Whether every request costs the same; `with_facts` also compares facts and the discount, which lists display."""
    return price_key(first, with_facts=with_facts) == price_key(second, with_facts=with_facts)


def price_key(sheet: Sheet | None, *, with_facts: bool = False) -> PriceKey:
    """A value that is equal for equal prices; see `same_price`. A sheet without a price equals no sheet."""
    if sheet is None:
        return ()
    lines = tuple(sorted(_line_keys(sheet, with_facts=with_facts), key=lambda line: line[0]))
    key: PriceKey = (sheet.currency, _is_graduated(sheet), lines) if lines else ()
    return (*key, sheet.discount, _text(sheet.facts)) if with_facts else key


def same_amount(first: Line | None, second: Line | None) -> bool:
    """Whether two lines have the same amount for one unit; false if one of them is missing."""
    if first is None or second is None:
        return False
    if first.amount is None or second.amount is None:
        return first.amount == second.amount
    return of_one(first.amount, first.per) == of_one(second.amount, second.per)


def _line_keys(sheet: Sheet, *, with_facts: bool) -> Iterator[tuple[str, object]]:
    """A meter and a key for each line that has an effect on the price, the discount multiplied in."""
    discount = sheet.discount
    for line in sheet.lines:
        if line.kind == "multiplier" and (line.is_discount or line.amount == 1):
            continue
        amount = line.amount
        if amount is not None:
            is_discounted = line.kind == "absolute" and discount != 1
            amount = of_one(multiply(amount, discount) if is_discounted else amount, line.per)
        facts = _text(line.facts) if with_facts else line.facts.get("period") if line.kind == "allowance" else None
        yield line.meter, (line.kind, amount, line.unit, sorted(map(_text, line.conditions)), facts)


def _is_graduated(sheet: Sheet) -> bool:
    """Whether each part of a prompt is charged by its own tier."""
    if sheet.facts.get("tier_mode") != "graduated":
        return False
    conditions = (condition for line in sheet.lines for condition in line.conditions)
    # A condition that was stored by hand need not be an object.
    return any(isinstance(condition, Mapping) and condition.get("dim") == "prompt_tokens" for condition in conditions)


def _text(value: Mapping[str, Any]) -> bytes:
    """The same bytes for the same names and values, in whatever order they are stored."""
    return write_json(value, sort_keys=True)
