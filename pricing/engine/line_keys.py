"""Which lines of different sheets price the same thing, and in which order lines of several sheets apply.

Imports no models.
"""

from collections.abc import Sequence
from typing import Any

from catalog.exact import write_json
from catalog.prices import STANDARD_TIER, Condition, Line, canonical
from pricing.engine.conditions import COMPARISONS, LENGTH
from pricing.engine.quoting import USUAL_LIFETIME

# Dimension, operator and value of a condition, as far as two statements differ in them.
Case = tuple[str, str, str]
BATCH: Case = ("service_tier", "eq", '"batch"')
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
    lengths = [condition for condition in map(canonical, line.conditions) if condition["dim"] == LENGTH]
    starts = [condition["value"] for condition in lengths if _is_from(condition)]
    return (
        bool(cases),
        BATCH in cases,
        "cache_ttl" in dims,
        max(starts, default=0),
        len(cases),
        "service_tier" in dims,
    )


def _cases(line: Line) -> set[Case]:
    cases = set()
    for condition in map(canonical, line.conditions):
        dim, op, value = condition["dim"], condition["op"], condition["value"]
        if _is_usual(dim, op, value):
            continue
        if dim == "time" or (op in COMPARISONS and (dim != LENGTH or _is_from(condition))):
            cases.add((dim, "range", ""))
        elif op not in COMPARISONS:
            cases.add((dim, op, write_json(value, sort_keys=True).decode()))
    return cases


def _is_usual(dim: str, op: str, value: Any) -> bool:
    """Whether a request that states nothing meets the canonical condition."""
    usual = {"cache_ttl": USUAL_LIFETIME, "service_tier": STANDARD_TIER}
    return op == "eq" and (value is False or (dim in usual and value == usual[dim]))


def _is_from(condition: Condition) -> bool:
    """Whether the canonical condition excludes short prompts."""
    return bool(condition["op"] == "gte" and condition["value"] > 1)
