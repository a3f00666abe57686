"""How a new price differs from the one before it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog.prices import Sheet
from pricing.engine.formatting.lines import changes
from pricing.imports.prices.jumps import jumps


@dataclass(frozen=True)
class PriceChange:
    """A price that differs from the current one; `moves` has the old and new amount of each figure."""

    prices: Sheet
    moves: Mapping[str, tuple[str | None, str | None]]
    # Label of each figure that moves too far -> how far.
    jumps: Mapping[str, str] = field(default_factory=dict)
    before: Sheet | None = None


def compare(old: Sheet, new: Sheet) -> PriceChange:
    """The change from one price to another."""
    moves: dict[str, tuple[str | None, str | None]] = {change.label: change.texts for change in changes(old, new)}
    if old.currency != new.currency:
        moves["currency"] = (old.currency, new.currency)
    if not moves:
        moves["facts"] = (None, None)
    return PriceChange(new, moves, jumps(old, new), old)
