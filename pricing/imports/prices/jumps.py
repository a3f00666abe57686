"""Which figures of a price move so far that an operator must confirm them."""

from collections.abc import Iterator

from catalog.prices import Line, Sheet
from pricing.engine.equality import same_amount
from pricing.engine.formatting.lines import pairs

# A price that moves by more than this factor, or to or from 0, needs an operator's confirmation.
LARGEST_MOVE = 4


def jumps(old: Sheet, new: Sheet) -> Iterator[str]:
    """The labels of the figures that move too far, and `currency` or `unit` if these differ."""
    yield from (label for label, (before, after) in pairs(old, new).items() if _is_jump(before, after))
    if old.currency != new.currency:
        yield "currency"
    if old.lines and {line.unit for line in old.lines}.isdisjoint(line.unit for line in new.lines):
        yield "unit"


def _is_jump(old: Line | None, new: Line | None) -> bool:
    if old is None or new is None or same_amount(old, new):
        return False
    if old.amount is None or new.amount is None:
        return True
    before, after = old.amount * new.per, new.amount * old.per
    return before == 0 or after == 0 or after > before * LARGEST_MOVE or before > after * LARGEST_MOVE
