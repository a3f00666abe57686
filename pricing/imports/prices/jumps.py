"""Which figures of a price move so far that an operator must confirm them."""

from collections.abc import Mapping

from catalog.prices import Line, Sheet
from pricing.engine.equality import same_amount
from pricing.engine.formatting.amounts import price_per
from pricing.engine.formatting.labels import unit
from pricing.engine.formatting.lines import pairs
from pricing.engine.sanity_checks import how_far, is_far
from pricing.engine.thresholds import FAR, LARGEST_MOVE
from pricing.engine.validation import number_faults


def jumps(old: Sheet, new: Sheet) -> dict[str, str]:
    """Label of each figure that moves too far -> how far; `currency` and `unit`, if these differ."""
    figures = pairs(_with_factors(old), _with_factors(new))
    far = {label: text for label, (before, after) in figures.items() if (text := _jump(before, after))}
    if old.currency != new.currency:
        far["currency"] = f"{old.currency} → {new.currency}"
    if old.lines and {line.unit for line in old.lines}.isdisjoint(line.unit for line in new.lines):
        far["unit"] = f"{unit(old.lines[0].unit)} → {unit(new.lines[0].unit) if new.lines else 'none'}"
    return far


def _with_factors(sheet: Sheet) -> Sheet:
    """The prices with factors multiplied in: a new factor moves them as far as new amounts do.

    Numbers that were stored before they were refused may be too large to multiply.
    """
    return sheet if any(number_faults(sheet.lines, currency=sheet.currency)) else sheet.folded()


def _jump(old: Line | None, new: Line | None) -> str:
    if old is None or new is None or same_amount(old, new):
        return ""
    if old.amount is None or new.amount is None:
        return "another kind of price"
    return how_far(old, new) if is_far(old, new, most=LARGEST_MOVE) else ""


def first_price_jumps(sheet: Sheet, others: Mapping[str, Sheet]) -> dict[str, str]:
    """Label of each figure of a first price that is far from the model's price of another role -> how far.

    `others`: role -> its current price. Only prices of the same thing in the same unit are compared.
    """
    far: dict[str, str] = {}
    dollars = sheet.folded().in_dollars()
    for role, other in others.items():
        other_dollars = other.folded().in_dollars()
        if dollars is None or other_dollars is None:
            continue
        for label, (before, after) in pairs(other_dollars, dollars).items():
            if before and after and before.kind == "absolute" and is_far(before, after, most=FAR):
                far.setdefault(label, _beside(before, after, role))
    return far


def _beside(other: Line, line: Line, role: str) -> str:
    if not other.amount or not line.amount:
        return f"{'0' if not line.amount else 'not 0'}, unlike the {role} price"
    return f"{how_far(other, line)} than the {role} price ({price_per(other, 'USD')})"
