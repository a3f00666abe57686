"""The figures of a sheet under keys that match them between sources, however each source writes them. No database.

Sources write the same price in different forms: per token or per million, per minute or per hour, `> 200000` or
`>= 200001` for the same tier, with or without the end of the tier. The key of a figure is the same for all of them.
OpenRouter and xAI include a prompt of exactly the boundary's length in the upper tier; the tier is still the same one.

A price that depends on the hour is another tariff than one price for all hours. If a sheet has prices for some hours,
its price for the other hours has a key of its own, and a flat price neither confirms nor contradicts it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from catalog.exact import of_one, write_json
from catalog.prices import Condition, Line, Sheet, canonical
from catalog.vocabulary import FALLBACKS
from pricing.engine.equality import same_amount
from pricing.engine.money import SECONDS
from pricing.engine.quoting import USUAL_LIFETIME

OTHER_HOURS = b"other hours"
# Unit -> the meter of the only medium that is counted so: some sources do not name the medium.
MEDIUM_OF_UNIT = {"character": "input.text", "second": "input.audio"}
# Boundaries of tiers are whole thousands; 200001 is the first length above 200000.
ROUND = 1000


@dataclass(frozen=True)
class FigureKey:
    """What a figure prices, in which unit and currency, and when."""

    currency: str
    kind: str
    meter: str
    unit: str
    conditions: bytes

    @property
    def is_at_other_hours(self) -> bool:
        """Whether other prices apply at some hours."""
        return self.conditions.endswith(OTHER_HOURS)

    @property
    def token(self) -> str:
        """A short form for addresses."""
        parts = (self.currency, self.kind, self.meter, self.unit, self.conditions.decode())
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


Figures = Mapping[FigureKey, Line]


def figures_of(sheet: Sheet | None) -> Figures:
    """The figures of a sheet, the discount multiplied in. Lines without a unit are not prices and left out."""
    if sheet is None:
        return {}
    sheet = sheet.folded()
    return {key: line for key, line in keyed_lines(sheet) if key is not None}


def keyed_lines(sheet: Sheet) -> list[tuple[FigureKey | None, Line]]:
    """Each line with its key; None for a line that states no figure. Lines for the same thing have equal keys."""
    by_hours = {line.meter for line in sheet.lines if _has_hours(line)}
    return [(_key_of(line, sheet.currency, by_hours=line.meter in by_hours), line) for line in sheet.lines]


def _key_of(line: Line, currency: str, *, by_hours: bool) -> FigureKey | None:
    if line.amount is None or not line.is_money or (line.kind != "multiplier" and not line.unit):
        return None
    unit = "" if line.kind == "multiplier" else "second" if line.unit in SECONDS else line.unit
    meter = MEDIUM_OF_UNIT.get(unit, line.meter) if line.meter == "input" else line.meter
    conditions = sorted(filter(None, (_condition(condition, line.meter) for condition in line.conditions)))
    if by_hours and not _has_hours(line):
        conditions.append(OTHER_HOURS)
    return FigureKey(currency, line.kind, meter, unit, b"".join(conditions))


def _has_hours(line: Line) -> bool:
    return any(condition.get("dim") == "time" for condition in line.conditions)


def same_figure(first: Line | None, second: Line | None) -> bool:
    """Whether two lines with the same key state the same amount."""
    return same_amount(_per_second(first), _per_second(second))


def amount_key(line: Line) -> Decimal:
    """The amount for one unit: equal for equal figures of the same key."""
    timed = _per_second(line)
    if timed is None or timed.amount is None:
        raise ValueError("A line without an amount states no figure.")
    return of_one(timed.amount, timed.per if timed.kind == "absolute" else 1)


def is_charged_alike(figures: Figures, key: FigureKey, line: Line) -> bool:
    """Whether a sheet without this figure charges the same: nothing, or by a line that applies instead.

    Such a line has the same meter or one that it falls back on, and the same conditions or none.
    """
    if not line.amount:
        return True
    meters = (key.meter, *FALLBACKS.get(key.meter, ())) if line.kind == "absolute" else ()
    instead = (replace(key, meter=meter, conditions=when) for meter in meters for when in (key.conditions, b""))
    charged = (figures[other] for other in instead if other in figures)
    return same_figure(next(charged, None), line)


def _per_second(line: Line | None) -> Line | None:
    if line is None or line.unit not in SECONDS:
        return line
    return replace(line, unit="second", per=line.per * SECONDS[line.unit])


def _condition(condition: Condition, meter: str) -> bytes:
    """The condition in one form; empty for one that changes nothing."""
    condition = canonical(condition)
    dim, op, value = condition.get("dim"), condition.get("op"), condition.get("value")
    if dim == "prompt_tokens" and isinstance(value, Decimal):
        # The next tier says where one ends.
        boundary = value - 1 if value % ROUND == 1 else value
        return write_json({"dim": dim, "over": int(boundary)}) if op == "gte" and boundary else b""
    if (dim, op, value) == ("cache_ttl", "eq", USUAL_LIFETIME) and meter.endswith("cache_write"):
        return b""
    return write_json(condition, sort_keys=True)
