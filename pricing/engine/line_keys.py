"""Which lines of different sheets price the same thing, and in which order lines of several sheets apply.

Imports no models.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from catalog.exact import write_json
from catalog.prices import STANDARD_TIERS, Condition, Line
from pricing.engine.conditions import COMPARISONS
from pricing.engine.quoting import USUAL_LIFETIME

LENGTH = "prompt_tokens"
# Dimension, operator and value of a condition, as far as two statements differ in them.
Case = tuple[str, str, str]
# Kind, meter, unit and cases.
LineKey = tuple[str, str, str, frozenset[Case]]


def line_key(line: Line) -> LineKey:
    """The same key for lines that price the same thing, in whatever way their conditions are written.

    All ranges of one dimension have one key: a list that prices long prompts prices all lengths, and a list with hours
    prices all hours. Conditions that an ordinary request meets do not count: short prompts, the standard service tier,
    the usual lifetime of a cache.
    """
    unit = "" if line.kind == "multiplier" else line.unit
    return line.kind, line.meter, unit, frozenset(_cases(line))


def is_base(line: Line) -> bool:
    """Whether the line is a price that an ordinary request pays."""
    return line.kind == "absolute" and not line.has_own_meter and not line_key(line)[3]


def base_line(lines: Sequence[Line]) -> Line | None:
    """What an ordinary request pays: the price of input, else of output, else the first one; None if there are none."""
    bases = [line for line in lines if is_base(line)] or lines
    return min(bases, key=lambda line: (line.meter != "input", line.meter != "output"), default=None)


def precedence(line: Line) -> tuple[object, ...]:
    """Orders lines of several lists in one sheet: the last line whose conditions hold applies.

    A batch has its price for prompts of every length, and a cache write has the price of its lifetime. Beyond a length,
    the price of that length replaces the price of a service tier.
    """
    cases = _cases(line)
    dims = {dim for dim, _, _ in cases}
    starts = [condition["value"] for condition in line.conditions if condition["dim"] == LENGTH and _is_from(condition)]
    return (
        bool(cases),
        ("service_tier", "eq", "batch") in cases,
        "cache_ttl" in dims,
        max(starts, default=0),
        len(cases),
        "service_tier" in dims,
    )


def _cases(line: Line) -> set[Case]:
    cases = set()
    for condition in line.conditions:
        dim, op, value = condition["dim"], condition["op"], condition["value"]
        if op == "in" and isinstance(value, list) and len(value) == 1:
            op, value = "eq", value[0]
        if _is_usual(dim, op, value):
            continue
        if dim == "time" or (op in COMPARISONS and (dim != LENGTH or _is_from(condition))):
            cases.add((dim, "range", ""))
        elif op not in COMPARISONS:
            cases.add((dim, op, _text(value)))
    return cases


def _is_usual(dim: str, op: str, value: Any) -> bool:
    """Whether a request that states nothing meets the condition."""
    if op != "eq":
        return False
    if dim == "cache_ttl":
        return str(value) == USUAL_LIFETIME
    return value is False or (dim == "service_tier" and str(value).casefold() in STANDARD_TIERS)


def _is_from(condition: Condition) -> bool:
    """Whether it excludes short prompts."""
    op, value = condition["op"], condition["value"]
    return bool((op == "gt" and value > 0) or (op == "gte" and value > 1))


def _text(value: Any) -> str:
    """The same text for equal values: names in any case, numbers in any notation, lists in any order."""
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return str(Decimal(value).normalize())
    if isinstance(value, Mapping):
        return write_json(value, sort_keys=True).decode().casefold()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return write_json(sorted(map(_text, value))).decode()
    return str(value).casefold()
