"""The cost of a use of a model, line by line, with the line that set each price. Imports no models.

Quantities are disjoint: `input` excludes tokens read from or written to a cache, `output` excludes reasoning. The last
line of a meter whose conditions all hold sets the price; a meter without a line is charged as the meter that it falls
back on; then multipliers apply. A cache write without a lifetime lasts 5 minutes. The whole prompt is charged by the
tier of its length; on a graduated sheet, each part is charged by its own tier.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from catalog.prices import Line, Sheet
from pricing.engine.conditions import Facts, all_hold
from pricing.engine.money import UNITS, cost, total

# Meter without a line of its own -> the meter that it is charged as.
FALLBACK: Mapping[str, str] = {
    "input.text": "input",
    "input.cache_read": "input",
    "input.cache_write": "input",
    "input.audio": "input",
    "input.image": "input",
    "input.video": "input",
    "input.audio.cache_read": "input.cache_read",
    "input.image.cache_read": "input.cache_read",
    "input.audio.cache_write": "input.cache_write",
    "input.image.cache_write": "input.cache_write",
    "output.text": "output",
    "output.reasoning": "output",
    "output.audio": "output",
    "output.image": "output",
    "output.video": "output",
}
# A meter in a usage report may be followed by the lifetime of a cache, e.g. input.cache_write[1h].
USED_METER = re.compile(r"([^\[\]]+)(?:\[(\w+)\])?")
# The default lifetime of a cache at vendors.
USUAL_LIFETIME = "5m"
STATES = ("priced", "free", "included", "elsewhere", "dynamic", "unpriced")
UNKNOWN = ("dynamic", "unpriced")


@dataclass(frozen=True)
class Use:
    """How much of a meter was used; without a unit, in the unit that the meter is priced in, tokens first."""

    quantity: Decimal
    unit: str = ""


@dataclass(frozen=True)
class Part:
    """A quantity of a meter with the same facts; `charged` is how much of it is charged, None to derive it."""

    quantity: Decimal
    facts: Facts
    charged: Decimal | None = None


@dataclass(frozen=True)
class Charge:
    """The cost of one used meter; `amount` is None if it is unknown.

    The states: priced, free (a price of 0), included (in a plan), elsewhere (tokens of a model that is paid per call or
    image), dynamic (decided per request), unpriced.
    """

    meter: str
    quantity: Decimal
    state: str
    amount: Decimal | None
    line: Line | None = None
    charged: Decimal | None = None
    multipliers: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Quote:
    charges: tuple[Charge, ...]

    @property
    def amount(self) -> Decimal | None:
        """The sum; None if a part of it is unknown."""
        if any(charge.state in UNKNOWN and charge.quantity for charge in self.charges):
            return None
        return total(charge.amount or Decimal(0) for charge in self.charges)


def quote(sheet: Sheet, usage: Mapping[str, Use], facts: Facts, *, at: dt.datetime) -> Quote:
    """The cost of a request with this usage and these facts at a moment, by one sheet."""
    usage = _with_request(sheet, usage)
    facts = dict(facts)
    if _has_prompt(usage):
        # The usage determines the tier, even if the facts state another length.
        facts["prompt_tokens"] = prompt_tokens(usage)
    facts.setdefault("prompt_tokens", Decimal(0))
    starts = _starts(usage) if sheet.facts.get("tier_mode") == "graduated" else {}
    charges = [
        (use, charge)
        for name, use in usage.items()
        for charge in _charges(sheet, name, use, facts, start=starts.get(name), at=at)
    ]
    covers_tokens = _covers_tokens(sheet, (charge for _, charge in charges))
    return Quote(
        tuple(_elsewhere(charge) if covers_tokens and _is_of_tokens(use, charge) else charge for use, charge in charges)
    )


def _covers_tokens(sheet: Sheet, charges: Iterable[Charge]) -> bool:
    """Whether the charges pay for the tokens too: calls or images on a sheet without a price for tokens."""
    if any(line.unit == "token" for line in sheet.lines if line.kind == "absolute"):
        return False
    return any(charge.line is not None for charge in charges)


def _is_of_tokens(use: Use, charge: Charge) -> bool:
    """Whether the charge is for tokens of input or output without a price; other unpriced charges are unknown."""
    direction = charge.meter.partition("[")[0].partition(".")[0]
    return charge.state == "unpriced" and use.unit in ("", "token") and direction in ("input", "output")


def prompt_tokens(usage: Mapping[str, Use]) -> Decimal:
    """The length of the whole prompt, with its cached parts; it determines the tier."""
    return total(use.quantity for name, use in usage.items() if _is_prompt(name, use))


def _has_prompt(usage: Mapping[str, Use]) -> bool:
    return any(_is_prompt(name, use) for name, use in usage.items())


def _is_prompt(name: str, use: Use) -> bool:
    return name.partition(".")[0].partition("[")[0] == "input" and use.unit in ("", "token")


def _with_request(sheet: Sheet, usage: Mapping[str, Use]) -> Mapping[str, Use]:
    """The usage with one request, if requests are priced and the usage does not count them."""
    if "request" in usage or not any(line.meter == "request" and line.kind == "absolute" for line in sheet.lines):
        return usage
    return {**usage, "request": Use(Decimal(1))}


def _charges(
    sheet: Sheet, name: str, use: Use, facts: Facts, *, start: Decimal | None, at: dt.datetime
) -> Iterator[Charge]:
    match = USED_METER.fullmatch(name)
    meter, lifetime = (match[1], match[2]) if match else (name, None)
    if lifetime:
        facts = {**facts, "cache_ttl": lifetime}
    elif meter.endswith("cache_write"):
        facts = {"cache_ttl": USUAL_LIFETIME, **facts}
    parts = [Part(use.quantity, facts)] if start is None else _parts(sheet, meter, use, facts, start=start, at=at)
    for part in parts:
        line = find_line(sheet.lines, meter, use.unit, part.facts, at=at)
        if line is None:
            yield Charge(name, part.quantity, "unpriced", None)
        elif line.kind != "absolute":
            yield Charge(name, part.quantity, line.kind, None if line.kind == "dynamic" else Decimal(0), line)
        else:
            yield _priced(sheet, name, meter, part, line, at=at)


def _priced(sheet: Sheet, name: str, meter: str, part: Part, line: Line, *, at: dt.datetime) -> Charge:
    lines = _holding(sheet, part.facts, at=at)
    charged = _charged(lines, meter, part.quantity, line.unit) if part.charged is None else part.charged
    multipliers = tuple(
        candidate
        for candidate in lines
        if candidate.kind == "multiplier" and candidate.meter in ("", meter, line.meter)
    )
    price = line.amount or Decimal(0)
    amount = cost(
        charged, price, line.per, *(multiplier.amount for multiplier in multipliers if multiplier.amount is not None)
    )
    return Charge(name, part.quantity, "priced" if price else "free", amount, line, charged, multipliers)


def _holding(sheet: Sheet, facts: Facts, *, at: dt.datetime) -> list[Line]:
    """The lines whose conditions hold."""
    return [line for line in sheet.lines if all_hold(line.conditions, facts, at=at)]


def find_line(lines: Sequence[Line], meter: str, unit: str, facts: Facts, *, at: dt.datetime) -> Line | None:
    """The line that sets a meter's price; None if no line applies.

    It is the meter's own line, else that of the meter it falls back on, else a dynamic or included line.
    """
    for name in chain(meter):
        own = [line for line in lines if line.meter == name and line.kind in ("absolute", "dynamic", "included")]
        counted = unit or _usual_unit(own)
        holding = [
            line
            for line in own
            if (line.kind != "absolute" or line.unit == counted) and all_hold(line.conditions, facts, at=at)
        ]
        if holding:
            return holding[-1]
    undecided = (line for line in lines if line.kind in ("dynamic", "included"))
    return next((line for line in undecided if all_hold(line.conditions, facts, at=at)), None)


def chain(meter: str) -> Iterator[str]:
    """The meter and its fallbacks, in order."""
    name: str | None = meter
    while name is not None:
        yield name
        name = FALLBACK.get(name)


def _usual_unit(lines: Iterable[Line]) -> str:
    units = {line.unit for line in lines if line.kind == "absolute"}
    return next((unit for unit in UNITS if unit in units), "")


def _charged(lines: Sequence[Line], meter: str, quantity: Decimal, unit: str) -> Decimal:
    """How many units are charged: at least the minimum, minus the free units of each request."""
    for line in lines:
        if line.meter != meter or line.unit != unit or line.amount is None or quantity == 0:
            continue
        if line.kind == "minimum":
            quantity = max(quantity, line.amount)
    for line in lines:
        # Free units of a day or month are shared with other requests, which a single quote does not know.
        is_free = line.kind == "allowance" and line.period == "request"
        if is_free and line.meter == meter and line.unit == unit and line.amount is not None:
            quantity = max(quantity - line.amount, Decimal(0))
    return quantity


def _starts(usage: Mapping[str, Use]) -> dict[str, Decimal]:
    """Where each meter starts in the prompt: new tokens come first, then cache reads, then cache writes."""
    names = [name for name, use in usage.items() if _is_prompt(name, use)]
    starts: dict[str, Decimal] = {}
    position = Decimal(0)
    for name in sorted(names, key=_place):
        starts[name] = position
        position += usage[name].quantity
    return starts


def _place(name: str) -> int:
    meter = name.partition("[")[0]
    return 2 if meter.endswith("cache_write") else 1 if meter.endswith("cache_read") else 0


def _parts(sheet: Sheet, meter: str, use: Use, facts: Facts, *, start: Decimal, at: dt.datetime) -> Iterator[Part]:
    """The parts of a meter that starts at `start` in the prompt, one for each tier.

    Free units and the minimum apply once, to all parts together.
    """
    line = find_line(sheet.lines, meter, use.unit, facts, at=at)
    charged = _charged(_holding(sheet, facts, at=at), meter, use.quantity, line.unit if line else "token")
    end = start + charged
    edges = [start, *(Decimal(bound) for bound in boundaries(sheet.lines) if start < bound < end), end]
    left = use.quantity
    for low, high in pairwise(edges):
        quantity = left if high == end else min(high - low, left)
        left -= quantity
        yield Part(quantity, {**facts, "prompt_tokens": low + 1}, charged=high - low)


def boundaries(lines: Iterable[Line]) -> list[int]:
    """The numbers of prompt tokens after which a line starts or stops to apply, in order."""
    bounds = set()
    for line in lines:
        for condition in line.conditions:
            if condition["dim"] == "prompt_tokens":
                bounds.add(int(condition["value"]) - (condition["op"] in ("gte", "lt")))
    return sorted(bounds)


def _elsewhere(charge: Charge) -> Charge:
    return Charge(charge.meter, charge.quantity, "elsewhere", Decimal(0))


def free_of_charge(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """The free units of a day or month, which a quote for one request does not deduct."""
    return [
        {"meter": line.meter, "quantity": line.amount, "unit": line.unit, "period": line.period}
        for line in lines
        if line.kind == "allowance" and line.period != "request"
    ]
