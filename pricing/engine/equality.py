"""Whether two prices are equal: the one rule for imports, re-pricing, history and exports. Imports no models.

Two prices are equal if every request costs the same by both, in the same currency. 0.0000025 per token equals 2.5 per
million tokens, 3.125 times a discount of 0.8 equals 2.5, and the order of meters does not matter. Prices of one meter
in one unit are compared in their order, because the last one whose conditions hold applies; a price that a later line
always replaces does not count. Factors, free units and minimums apply in any order, and have no `per`.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from operator import itemgetter
from typing import Any

from catalog.exact import multiply, of_one, write_json
from catalog.prices import GROUP_RATE, PAGES, WITHOUT_AMOUNT, Line, Sheet, conditions_key, is_price, without_replaced

PriceKey = tuple[object, ...]


def same_price(first: Sheet | None, second: Sheet | None, *, with_facts: bool = False) -> bool:
    """Whether every request costs the same; `with_facts` also compares facts and the discount, which lists display."""
    if first is not None and second is not None and _written(first) == _written(second):
        # Most prices of an import are written as they are stored.
        return True
    return price_key(first, with_facts=with_facts) == price_key(second, with_facts=with_facts)


def _written(sheet: Sheet) -> bytes:
    return write_json((sheet.currency, sheet.lines, sheet.facts), sort_keys=True)


def price_key(sheet: Sheet | None, *, with_facts: bool = False) -> PriceKey:
    """A value that is equal for equal prices; see `same_price`. A sheet without a price equals no sheet."""
    if sheet is None:
        return ()
    discount = sheet.discount
    lines = tuple(sorted(_line_keys(sheet, discount, with_facts=with_facts), key=itemgetter(0)))
    key: PriceKey = (sheet.currency, is_graduated(sheet), lines) if lines else ()
    facts = {name: fact for name, fact in sheet.facts.items() if name not in PAGES}
    return (*key, discount, _text(facts)) if with_facts else key


def same_amount(first: Line | None, second: Line | None) -> bool:
    """Whether two lines have the same amount for one unit; false if one of them is missing."""
    if first is None or second is None:
        return False
    if first.amount is None or second.amount is None:
        return first.amount == second.amount
    return _amount_of_one(first) == _amount_of_one(second)


def _amount_of_one(line: Line, discount: Decimal = Decimal(1)) -> Decimal | None:
    """The amount for one unit; only prices have a `per` and a discount."""
    if line.amount is None or line.kind != "absolute":
        return line.amount and of_one(line.amount, 1)
    return of_one(line.amount if discount == 1 else multiply(line.amount, discount), line.per)


def _line_keys(sheet: Sheet, discount: Decimal, *, with_facts: bool) -> Iterator[tuple[tuple[str, ...], object]]:
    """A place and a key for each line that has an effect on the price, the discount multiplied in."""
    is_undecided = any(line.kind in WITHOUT_AMOUNT for line in sheet.lines)
    for line in without_replaced(sheet.lines):
        # A group's rate of 1 for the model has an effect: it replaces the group's own rate.
        if line.is_discount or (line.kind == "multiplier" and line.amount == 1 and not line.is_group_rate):
            continue
        unit = "" if line.kind == "multiplier" else line.unit
        conditions = conditions_key(line.conditions)
        period = line.period if line.kind == "allowance" else None
        kind = GROUP_RATE if line.is_group_rate else line.kind
        key = (kind, _amount_of_one(line, discount), unit, conditions, _text(line.facts) if with_facts else period)
        if not is_price(line.kind):
            yield (line.meter, line.kind, unit, write_json(key).decode()), key
        else:
            # An undecided line applies to all units of its meter.
            yield (line.meter, "", "" if is_undecided else unit), key


def is_graduated(sheet: Sheet) -> bool:
    """Whether each part of a prompt is charged by its own tier."""
    if sheet.facts.get("tier_mode") != "graduated":
        return False
    conditions = (condition for line in sheet.lines for condition in line.conditions)
    # A condition that was stored by hand need not be an object.
    return any(isinstance(condition, Mapping) and condition.get("dim") == "prompt_tokens" for condition in conditions)


def _text(value: Mapping[str, Any]) -> bytes:
    """The same bytes for the same names and values, in any stored order."""
    return write_json(value, sort_keys=True)
