"""How a new price differs from the one before it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog.prices import Line, Sheet
from pricing.engine.equality import same_amount
from pricing.engine.formatting.amounts import line_amount
from pricing.engine.formatting.lines import changes, label
from pricing.engine.line_keys import LineKey, line_key
from pricing.engine.quoting import chain
from pricing.imports.prices.jumps import jumps


@dataclass(frozen=True)
class PriceChange:
    """A price that differs from the one before it; `moves` has the old and new amount of each figure."""

    prices: Sheet
    moves: Mapping[str, tuple[str | None, str | None]]
    # Label of each figure that moves too far -> how far.
    jumps: Mapping[str, str] = field(default_factory=dict)
    before: Sheet | None = None
    # Label -> amount of the lines that disappear.
    removed: Mapping[str, str] = field(default_factory=dict)
    # Labels of the lines that are added beside lines of other sources.
    added: tuple[str, ...] = ()


def compare(old: Sheet, new: Sheet) -> PriceChange:
    """The change from one price to another."""
    moves: dict[str, tuple[str | None, str | None]] = {change.label: change.texts for change in changes(old, new)}
    if old.currency != new.currency:
        moves["currency"] = (old.currency, new.currency)
    if not moves:
        moves["facts"] = (None, None)
    removed: dict[str, str] = {}
    if any(after is None for _, after in moves.values()):
        stated = set(map(line_key, new.lines))
        removed = {label(line): line_amount(line, old.currency) for line in old.lines if line_key(line) not in stated}
    added: list[str] = []
    if any(line.run for line in new.lines):
        known = set(map(line_key, old.lines))
        added = [label(line) for line in new.lines if line.run is None and line_key(line) not in known]
    return PriceChange(new, moves, jumps(old, new), old, removed, tuple(added))


def outdated_details(change: PriceChange) -> list[Line]:
    """The lines of other sources that stay although the importing source changed the price that they belong to."""
    before, after = change.before or Sheet("USD", ()), change.prices
    if not any(line.run for line in after.lines):
        return []
    old, new = _by_key(before), _by_key(after)
    outdated = []
    for key, line in new.items():
        if line.run is None or line.kind != "absolute" or not same_amount(line, old.get(key)):
            continue
        base = next((base for base in _bases(key) if base in new), None)
        if base is not None and base in old and new[base].run is None and not same_amount(new[base], old[base]):
            outdated.append(line)
    return outdated


def _by_key(sheet: Sheet) -> dict[LineKey, Line]:
    return {line_key(line): line for line in sheet.lines}


def _bases(key: LineKey) -> list[LineKey]:
    """The prices without conditions of the line's meter and of the meters that it falls back on."""
    kind, meter, unit, cases = key
    meters = list(chain(meter)) if cases else list(chain(meter))[1:]
    return [(kind, name, unit, frozenset()) for name in meters]
