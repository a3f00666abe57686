"""The figures of a sheet under keys that match them between sources, however each source writes them. No database.

Sources write the same price in different forms: per token or per million, per minute or per hour, `> 200000` or
`>= 200001` for the same tier, with or without the end of the tier. The key of a figure is the same for all of them.
OpenRouter and xAI include a prompt of exactly the boundary's length in the upper tier; the tier is still the same one.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from catalog.exact import of_one, write_json
from catalog.prices import Condition, Line, Sheet
from pricing.engine.equality import same_amount
from pricing.engine.quoting import FALLBACK, USUAL_LIFETIME

SECONDS = {"minute": 60, "hour": 3600}
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
    def token(self) -> str:
        """A short form for addresses."""
        parts = (self.currency, self.kind, self.meter, self.unit, self.conditions.decode())
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


Figures = Mapping[FigureKey, Line]


def figures_of(sheet: Sheet | None) -> Figures:
    """The figures of a sheet, the discount multiplied in. Lines without a unit are not prices and left out."""
    if sheet is None:
        return {}
    lines = [line for line in sheet.folded().lines if line.amount is not None]
    return {key_of(line, sheet.currency): line for line in lines if line.unit or line.kind == "multiplier"}


def key_of(line: Line, currency: str) -> FigureKey:
    """The key of a line; lines that price the same thing in the same cases have equal keys."""
    unit = "" if line.kind == "multiplier" else "second" if line.unit in SECONDS else line.unit
    conditions = sorted(filter(None, (_condition(condition, line.meter) for condition in line.conditions)))
    return FigureKey(currency, line.kind, line.meter, unit, b"".join(conditions))


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
    """Whether a sheet without this figure charges the same: by the meter that its meter falls back on, or nothing."""
    if not line.amount:
        return True
    meter = key.meter
    while (meter := FALLBACK.get(meter, "")) and line.kind == "absolute":
        if (charged := figures.get(replace(key, meter=meter))) is not None:
            return same_figure(charged, line)
    return False


def _per_second(line: Line | None) -> Line | None:
    if line is None or line.unit not in SECONDS:
        return line
    return replace(line, unit="second", per=line.per * SECONDS[line.unit])


def _condition(condition: Condition, meter: str) -> bytes:
    """The condition in one form; empty for one that changes nothing."""
    dim, op, value = condition.get("dim"), condition.get("op"), condition.get("value")
    if dim == "prompt_tokens" and isinstance(value, int | Decimal):
        if op in ("lt", "lte"):
            # The next tier says where this one ends.
            return b""
        boundary = value - 1 if op == "gte" and value % ROUND == 1 else value
        return write_json({"dim": dim, "over": int(boundary)}) if op in ("gt", "gte") and boundary else b""
    if (dim, op, value) == ("cache_ttl", "eq", USUAL_LIFETIME) and meter.endswith("cache_write"):
        return b""
    return write_json(condition, sort_keys=True)
