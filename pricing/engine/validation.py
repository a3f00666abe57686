"""Faults of price lines: conditions that are not valid, and tiers that overlap or leave a gap. Imports no models.

Lines are numbered from 1, in the order of the sheet.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from catalog.exact import write_json
from catalog.prices import Line
from pricing.engine.conditions import LENGTH, ConditionError, check_conditions
from pricing.engine.money import LARGEST_FACTOR, MOST_UNITS, SMALLEST_FACTOR, amount_fault, excess_of, is_factor
from pricing.engine.quoting import boundaries, chain

# The JSON of no other conditions than the length.
NOTHING = b"[]"


@dataclass(frozen=True)
class Tier:
    """A line with a price for prompts of `start` to `end` tokens, or of at least `start` if there is no end."""

    number: int
    start: int
    end: int | None
    is_conditional: bool

    def covers(self, length: int) -> bool:
        return self.start <= length and (self.end is None or length <= self.end)

    def is_within(self, other: "Tier") -> bool:
        return other.covers(self.start) and (other.end is None or (self.end is not None and self.end <= other.end))


def has_valid_conditions(line: Line) -> bool:
    """Whether the line's conditions are valid."""
    return condition_fault(line) is None


def condition_faults(lines: Sequence[Line]) -> Iterator[str]:
    """A message for each line with conditions that are not valid."""
    for number, line in enumerate(lines, start=1):
        if fault := condition_fault(line):
            yield f"line {number} ({line.meter or line.kind}): {fault}"


def condition_fault(line: Line) -> str | None:
    """Why the line's conditions are not valid; None if they are."""
    if not line.conditions:
        return None
    try:
        check_conditions(line.conditions)
    except ConditionError as error:
        return str(error).rstrip(".")
    return None


def number_faults(lines: Sequence[Line], *, currency: str) -> Iterator[str]:
    """A message for each number that no price has, and for factors whose product is too large or too small.

    `currency` is that of the amounts; "" is an unknown one.
    """
    product = {True: Decimal(1), False: Decimal(1)}
    for line in lines:
        name, amount = line.meter or line.kind, line.amount
        if line.per > MOST_UNITS:
            yield f"{name} counts more than {MOST_UNITS} units"
        elif amount is None:
            continue
        elif amount < 0:
            yield f"{name} is negative"
        elif line.kind == "absolute" and (fault := amount_fault(amount, line.per, line.unit, currency=currency)):
            yield f"{name} is {fault}"
        elif line.kind == "multiplier" and not is_factor(amount):
            yield f"the factor of {line.meter or 'all prices'} is not between {SMALLEST_FACTOR} and {LARGEST_FACTOR}"
        elif line.kind in ("allowance", "minimum") and amount > MOST_UNITS:
            yield f"{name} counts more than {MOST_UNITS} units"
        elif line.kind == "multiplier" and amount and not line.is_group_rate:
            # A reader pays at most one rate of groups, in place of another one.
            product[amount > 1] = min(max(product[amount > 1] * amount, SMALLEST_FACTOR**3), LARGEST_FACTOR**3)
    if product[True] > LARGEST_FACTOR or product[False] < SMALLEST_FACTOR:
        yield "its factors multiply to a number that is too large or too small for a price"


def duplicate_faults(lines: Sequence[Line]) -> Iterator[str]:
    """A message for each price of the same meter and unit, under the same conditions, as an earlier line.

    The last one would apply. Factors, free units and minimums all apply, so they may repeat.
    """
    first: dict[object, int] = {}
    for number, line in enumerate(lines, start=1):
        subject = line.subject
        if subject is not None and (earlier := first.setdefault(subject, number)) != number:
            what = f"{line.meter or line.kind} has two prices with the same unit and conditions"
            yield f"{what} (lines {earlier} and {number}): keep one of them"


def amount_error(line: Line, *, currency: str) -> str:
    """The message for an amount that no price has, to be shown beside it; empty for any other."""
    if line.kind != "absolute" or line.amount is None or not line.per:
        return ""
    return excess_of(line.amount, line.per, line.unit, currency=currency)


def per_error(per: int | None) -> str:
    """The message for a number of units that no amount is for; empty for any other, and for one that is not valid."""
    return "Enter 1 or more: the amount is for this many units." if per is not None and per < 1 else ""


def sheet_error(lines: Sequence[Line], *, currency: str) -> str:
    """The message for the lines of a new sheet, whose amounts are checked one by one; empty if they can be stored."""
    if not lines:
        return "Enter at least one line. The amount of something free is 0."
    fault = next(itertools.chain(number_faults(lines, currency=currency), duplicate_faults(lines)), "")
    return f"{fault[:1].upper()}{fault[1:]}." if fault else ""


def tier_faults(lines: Sequence[Line], *, longest: int | None = None) -> Iterator[str]:
    """A message for each tier that never applies or overlaps another one, and for each length without a price.

    `longest` is the context length of the model. The lines' conditions must be valid.
    """
    tiers_by_group: defaultdict[tuple[str, str, bytes], list[Tier]] = defaultdict(list)
    for number, line in enumerate(lines, start=1):
        if line.kind == "absolute":
            others = write_json(
                [condition for condition in line.conditions if condition["dim"] != LENGTH], sort_keys=True
            )
            tiers_by_group[line.meter, line.unit, others].append(_tier(number, line))
    for (meter, _, others), tiers in tiers_by_group.items():
        if any(tier.is_conditional for tier in tiers):
            yield from _crossings(meter, tiers)
            if others == NOTHING:
                yield from _gaps(meter, lines, tiers_by_group, longest=longest)


def _tier(number: int, line: Line) -> Tier:
    start, end = 1, None
    conditions = [condition for condition in line.conditions if condition["dim"] == LENGTH]
    for condition in conditions:
        bound = boundaries([Line("", None, conditions=(condition,))])[0]
        if condition["op"] in ("gt", "gte"):
            start = max(start, bound + 1)
        else:
            end = bound if end is None else min(end, bound)
    return Tier(number, start, end, bool(conditions))


def _crossings(meter: str, tiers: Sequence[Tier]) -> Iterator[str]:
    for position, tier in enumerate(tiers):
        if tier.end is not None and tier.end < tier.start:
            yield f"line {tier.number} ({meter}) never applies: no prompt has {_span(tier.start, tier.end)} tokens"
            continue
        for later in tiers[position + 1 :]:
            if tier.is_within(later):
                yield f"line {tier.number} ({meter}) never applies: line {later.number} is for the same lengths"
                break
            if not later.is_within(tier) and (tier.covers(later.start) or later.covers(tier.start)):
                both = _span(max(tier.start, later.start), _least(tier.end, later.end))
                yield f"lines {tier.number} and {later.number} ({meter}) are both for {both} tokens; the later applies"


def _gaps(
    meter: str, lines: Sequence[Line], tiers_by_group: Mapping[Any, Sequence[Tier]], *, longest: int | None
) -> Iterator[str]:
    """A message for each length for which neither the meter nor its fallback has a price."""
    names = set(chain(meter))
    plain = [
        tier
        for (name, _, others), tiers in tiers_by_group.items()
        if name in names and others == NOTHING
        for tier in tiers
    ]
    starts = sorted({1, *(bound + 1 for bound in boundaries(lines) if bound > 0)})
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        if (longest is None or start <= longest) and not any(tier.covers(start) for tier in plain):
            end = None if following is None else following - 1
            yield f"{meter} has no price for prompts of {_span(start, end)} tokens"


def _least(*ends: int | None) -> int | None:
    return min((end for end in ends if end is not None), default=None)


def _span(start: int, end: int | None) -> str:
    return f"{start:,} or more" if end is None else f"{start:,} to {end:,}"
