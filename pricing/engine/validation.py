"""What is wrong with the lines of one price: conditions that nothing can judge, and tiers of length that do not fit.

Imports no models. Lines are counted from 1, as they stand on the sheet.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.exact import write_json
from catalog.prices import Line
from pricing.engine.conditions import ConditionError, check_conditions
from pricing.engine.quoting import boundaries, chain

LENGTH = "prompt_tokens"
# What is asked beside the length, where that is nothing.
NOTHING = b"[]"


@dataclass(frozen=True)
class Tier:
    """A line that sets a price where a prompt is from `start` to `end` tokens long; without an end, of any longer."""

    number: int
    start: int
    end: int | None
    is_asked: bool

    def covers(self, length: int) -> bool:
        return self.start <= length and (self.end is None or length <= self.end)

    def is_within(self, other: "Tier") -> bool:
        return other.covers(self.start) and (other.end is None or (self.end is not None and self.end <= other.end))


def is_judged(line: Line) -> bool:
    """Whether a request can be judged by the line's conditions."""
    return not line.conditions or _fault(line) is None


def condition_faults(lines: Sequence[Line]) -> Iterator[str]:
    """A half sentence for each line that no request can be judged by."""
    for number, line in enumerate(lines, start=1):
        if fault := _fault(line):
            yield f"line {number} ({line.meter or line.kind}): {fault}"


def _fault(line: Line) -> str | None:
    try:
        check_conditions(line.conditions)
    except ConditionError as error:
        return str(error).rstrip(".")
    return None


def tier_faults(lines: Sequence[Line], *, longest: int | None = None) -> Iterator[str]:
    """A half sentence for each tier that never counts, crosses another one, or leaves a length without a price.

    `longest` is the most tokens that the model takes. The lines' conditions are such as can be judged.
    """
    groups: defaultdict[tuple[str, str, bytes], list[Tier]] = defaultdict(list)
    for number, line in enumerate(lines, start=1):
        if line.kind == "absolute":
            beside = write_json([each for each in line.conditions if each["dim"] != LENGTH], sort_keys=True)
            groups[line.meter, line.unit, beside].append(_tier(number, line))
    for (meter, _, beside), tiers in groups.items():
        if any(tier.is_asked for tier in tiers):
            yield from _crossings(meter, tiers)
            if beside == NOTHING:
                yield from _gaps(meter, lines, groups, longest=longest)


def _tier(number: int, line: Line) -> Tier:
    start, end = 1, None
    asked = [each for each in line.conditions if each["dim"] == LENGTH]
    for each in asked:
        bound = boundaries([Line("", None, conditions=(each,))])[0]
        if each["op"] in ("gt", "gte"):
            start = max(start, bound + 1)
        else:
            end = bound if end is None else min(end, bound)
    return Tier(number, start, end, bool(asked))


def _crossings(meter: str, tiers: Sequence[Tier]) -> Iterator[str]:
    for position, tier in enumerate(tiers):
        if tier.end is not None and tier.end < tier.start:
            yield f"line {tier.number} ({meter}) never counts: no prompt is {_span(tier.start, tier.end)} tokens long"
            continue
        for later in tiers[position + 1 :]:
            if tier.is_within(later):
                yield f"line {tier.number} ({meter}) never counts: line {later.number} is for the same lengths"
                break
            if not later.is_within(tier) and (tier.covers(later.start) or later.covers(tier.start)):
                both = _span(max(tier.start, later.start), _least(tier.end, later.end))
                yield f"lines {tier.number} and {later.number} ({meter}) are both for {both} tokens; the later counts"


def _gaps(
    meter: str, lines: Sequence[Line], groups: Mapping[Any, Sequence[Tier]], *, longest: int | None
) -> Iterator[str]:
    """Lengths for which neither the meter nor what it falls back on has a price."""
    names = set(chain(meter))
    plain = [tier for (name, _, beside), of in groups.items() if name in names and beside == NOTHING for tier in of]
    starts = sorted({1, *(bound + 1 for bound in boundaries(lines) if bound > 0)})
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        if (longest is None or start <= longest) and not any(tier.covers(start) for tier in plain):
            end = None if following is None else following - 1
            yield f"{meter} has no price for prompts of {_span(start, end)} tokens"


def _least(*ends: int | None) -> int | None:
    return min((end for end in ends if end is not None), default=None)


def _span(start: int, end: int | None) -> str:
    return f"{start:,} or more" if end is None else f"{start:,} to {end:,}"
