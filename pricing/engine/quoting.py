"""The cost of a use of a model, line by line, with the line that set each price. Imports no models.

Quantities are disjoint: `input` excludes tokens read from or written to a cache, `output` excludes reasoning. The last
line of a meter whose conditions all hold sets the price; a meter without a line is charged as the meter that it falls
back on; then multipliers apply, and the factor that the sheet's facts state for this kind of usage. A cache write
without a lifetime lasts 5 minutes. The whole prompt is charged by the tier of its length; on a graduated sheet, each
part is charged by its own tier.

A quantity without a unit counts tokens if the meter or its fallback has a price for tokens. Only tokens of input are
part of the prompt's length. Seconds, minutes and hours are converted into each other.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

from catalog.exact import multiply
from catalog.prices import SIDES, USE_FACTORS, WITHOUT_AMOUNT, Line, Sheet
from catalog.sources.rows import read_amount
from catalog.vocabulary import FALLBACKS
from pricing.engine.conditions import Facts, all_hold
from pricing.engine.headline import TOOLS
from pricing.engine.money import SECONDS, UNITS, cost, is_convertible, is_factor, total

# A meter in a usage report may be followed by the lifetime of a cache, e.g. input.cache_write[1h].
USED_METER = re.compile(r"([^\[\]]+)(?:\[(\w+)\])?")
# The default lifetime of a cache at vendors.
USUAL_LIFETIME = "5m"
STATES = ("priced", "free", "included", "elsewhere", "dynamic", "unpriced")
UNKNOWN = ("dynamic", "unpriced")


@dataclass(frozen=True)
class Use:
    """How much of a meter was used; without a unit, `unit_of` chooses one."""

    quantity: Decimal
    unit: str = ""


@dataclass(frozen=True)
class Used:
    """A use with its unit, and the name of its meter in the usage, e.g. input.cache_write[1h]."""

    name: str
    quantity: Decimal
    unit: str
    # Whether the unit was chosen although another one is possible.
    is_assumed: bool = False

    @property
    def meter(self) -> str:
        return self.name.partition("[")[0]

    @property
    def is_prompt(self) -> bool:
        return self.unit == "token" and _direction(self.meter) == "input"


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
    # How much is charged, in the unit of the line.
    charged: Decimal | None = None
    multipliers: tuple[Line, ...] = ()
    # The unit of the quantity, if the usage does not state it and another one is possible.
    assumed_unit: str = ""


@dataclass(frozen=True)
class Quote:
    charges: tuple[Charge, ...]

    @property
    def amount(self) -> Decimal | None:
        """The sum; None if a part of it is unknown."""
        if any(charge.state in UNKNOWN and charge.quantity for charge in self.charges):
            return None
        return total(charge.amount or Decimal(0) for charge in self.charges)


def quote(
    sheet: Sheet, usage: Mapping[str, Use] | Iterable[tuple[str, Use]], facts: Facts, *, at: dt.datetime
) -> Quote:
    """The cost of a request with this usage and these facts at a moment, by one sheet.

    The usage is meter -> use, or pairs of them if a meter is used in two units.
    """
    pairs = usage.items() if isinstance(usage, Mapping) else usage
    uses = _with_request(sheet, [_used(sheet.lines, name, use) for name, use in pairs])
    facts = dict(facts)
    if prompt := [use.quantity for use in uses if use.is_prompt]:
        # The usage determines the tier, even if the facts state another length.
        facts["prompt_tokens"] = total(prompt)
    facts.setdefault("prompt_tokens", Decimal(0))
    starts = _starts(uses) if sheet.facts.get("tier_mode") == "graduated" else {}
    charges = [
        (use, charge) for use in uses for charge in _charges(sheet, use, facts, start=starts.get(use.name), at=at)
    ]
    covers_tokens = _covers_tokens(sheet, (charge for _, charge in charges))
    return Quote(
        tuple(_elsewhere(charge) if covers_tokens and _is_of_tokens(use, charge) else charge for use, charge in charges)
    )


def _used(lines: Sequence[Line], name: str, use: Use) -> Used:
    if use.unit:
        return Used(name, use.quantity, use.unit)
    unit, is_assumed = unit_of(lines, name.partition("[")[0])
    return Used(name, use.quantity, unit, is_assumed)


def unit_of(lines: Sequence[Line], meter: str) -> tuple[str, bool]:
    """The unit of a quantity without one, and whether another unit is possible.

    It is the token if the meter or its fallback has a price for tokens: 560 image tokens are not 560 images. Otherwise
    it is the unit of the meter's own price.
    """
    priced = [{line.unit for line in lines if line.meter == name and line.kind == "absolute"} for name in chain(meter)]
    possible = set[str]().union(*priced)
    counts_tokens = _direction(meter) in SIDES
    if "token" in possible or not possible:
        return "token" if possible or counts_tokens else "", len(possible) > 1
    own = next(units for units in priced if units)
    return next((unit for unit in UNITS if unit in own), ""), counts_tokens or len(possible) > 1


def _direction(meter: str) -> str:
    """The first word of a meter: input and output are sides of a request, which usually count tokens."""
    return meter.partition(".")[0]


def _covers_tokens(sheet: Sheet, charges: Iterable[Charge]) -> bool:
    """Whether the charges pay for the tokens too: calls or images on a sheet without a price for tokens.

    A search or another tool pays for itself only.
    """
    if any(line.unit == "token" for line in sheet.lines if line.kind == "absolute"):
        return False
    return any(charge.line is not None and charge.line.meter not in TOOLS for charge in charges)


def _is_of_tokens(use: Used, charge: Charge) -> bool:
    """Whether the charge is for tokens of input or output without a price; other unpriced charges are unknown."""
    return charge.state == "unpriced" and use.unit == "token" and _direction(use.meter) in SIDES


def _with_request(sheet: Sheet, uses: Sequence[Used]) -> Sequence[Used]:
    """The uses with one request, if requests are priced and the usage does not count them."""
    is_counted = any(use.name == "request" for use in uses)
    if is_counted or not any(line.meter == "request" and line.kind == "absolute" for line in sheet.lines):
        return uses
    return [*uses, _used(sheet.lines, "request", Use(Decimal(1)))]


def _charges(sheet: Sheet, use: Used, facts: Facts, *, start: Decimal | None, at: dt.datetime) -> Iterator[Charge]:
    match = USED_METER.fullmatch(use.name)
    meter, lifetime = (match[1], match[2]) if match else (use.name, None)
    if lifetime:
        facts = {**facts, "cache_ttl": lifetime}
    elif meter.endswith("cache_write"):
        facts = {"cache_ttl": USUAL_LIFETIME, **facts}
    parts = [Part(use.quantity, facts)] if start is None else _parts(sheet, meter, use, facts, start=start, at=at)
    assumed = use.unit if use.is_assumed else ""
    for part in parts:
        line = find_line(sheet.lines, meter, use.unit, part.facts, at=at)
        if line is None:
            yield Charge(use.name, part.quantity, "unpriced", None, assumed_unit=assumed)
        elif line.kind != "absolute":
            yield Charge(use.name, part.quantity, line.kind, None if line.kind == "dynamic" else Decimal(0), line)
        else:
            yield replace(_priced(sheet, use, meter, part, line, at=at), assumed_unit=assumed)


def _priced(sheet: Sheet, use: Used, meter: str, part: Part, line: Line, *, at: dt.datetime) -> Charge:
    lines = _holding(sheet, part.facts, at=at)
    # Seconds if the unit is one of time: each quantity in minutes or hours is a whole number of them.
    charged = _charged(lines, meter, part.quantity, use.unit) if part.charged is None else part.charged
    per_line_unit = SECONDS.get(line.unit, 1)
    multipliers = tuple(
        candidate
        for candidate in lines
        if candidate.kind == "multiplier" and candidate.meter in ("", meter, line.meter)
    )
    price = line.amount or Decimal(0)
    multipliers += _factor_of_use(sheet, use)
    factors = [multiplier.amount for multiplier in multipliers if multiplier.amount is not None]
    return Charge(
        use.name,
        part.quantity,
        "priced" if price else "free",
        cost(charged, price, line.per * per_line_unit, *factors),
        line,
        cost(charged, Decimal(1), per_line_unit),
        multipliers,
    )


def _factor_of_use(sheet: Sheet, use: Used) -> tuple[Line, ...]:
    """The factor of this kind of usage that the sheet states beside its lines, if any."""
    table = sheet.facts.get(USE_FACTORS)
    if not isinstance(table, dict):
        return ()
    name = next((name for name in (use.name, use.meter) if name in table), "")
    factor = read_amount(table.get(name))
    if factor is None or not is_factor(factor):
        return ()
    return (Line("", factor, kind="multiplier", facts={"rule": f"factor of {name}"}),)


def _holding(sheet: Sheet, facts: Facts, *, at: dt.datetime) -> list[Line]:
    """The lines whose conditions hold."""
    return [line for line in sheet.lines if all_hold(line.conditions, facts, at=at)]


def find_line(lines: Sequence[Line], meter: str, unit: str, facts: Facts, *, at: dt.datetime) -> Line | None:
    """The line that sets a meter's price in a unit, or in one that it can be converted into; None if no line applies.

    It is the meter's own line, else that of a meter it falls back on, else a dynamic or included line for the request.
    """
    for name in chain(meter):
        candidates = [
            line
            for line in lines
            if line.meter == name
            and (line.kind in WITHOUT_AMOUNT or (line.kind == "absolute" and is_convertible(line.unit, unit)))
            and all_hold(line.conditions, facts, at=at)
        ]
        same_unit = [line for line in candidates if line.kind != "absolute" or line.unit == unit]
        if candidates:
            return (same_unit or candidates)[-1]
    undecided = (line for line in lines if line.covers_request)
    return next((line for line in undecided if all_hold(line.conditions, facts, at=at)), None)


def chain(meter: str) -> Sequence[str]:
    """The meter and its fallbacks, in order."""
    return (meter, *FALLBACKS.get(meter, ()))


def _charged(lines: Sequence[Line], meter: str, quantity: Decimal, unit: str) -> Decimal:
    """How many units are charged: at least the minimum, minus the free units of each request.

    The result of a unit of time is in seconds.
    """
    quantity = multiply(quantity, Decimal(SECONDS.get(unit, 1)))
    own = [
        (line, multiply(line.amount, Decimal(SECONDS.get(line.unit, 1))))
        for line in lines
        if line.meter == meter and line.amount is not None and is_convertible(line.unit, unit)
    ]
    for line, amount in own:
        if line.kind == "minimum" and quantity:
            quantity = max(quantity, amount)
    for line, amount in own:
        # Free units of a day or month are shared with other requests, which a single quote does not know.
        if line.kind == "allowance" and line.period == "request":
            quantity = max(quantity - amount, Decimal(0))
    return quantity


def _starts(uses: Iterable[Used]) -> dict[str, Decimal]:
    """Where each meter starts in the prompt: new tokens come first, then cache reads, then cache writes."""
    starts: dict[str, Decimal] = {}
    position = Decimal(0)
    for use in sorted((use for use in uses if use.is_prompt), key=lambda use: _place(use.meter)):
        starts[use.name] = position
        position += use.quantity
    return starts


def _place(meter: str) -> int:
    return 2 if meter.endswith("cache_write") else 1 if meter.endswith("cache_read") else 0


def _parts(sheet: Sheet, meter: str, use: Used, facts: Facts, *, start: Decimal, at: dt.datetime) -> Iterator[Part]:
    """The parts of a meter that starts at `start` in the prompt, one for each tier.

    Free units and the minimum apply once, to all parts together.
    """
    charged = _charged(_holding(sheet, facts, at=at), meter, use.quantity, use.unit)
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
    return replace(charge, state="elsewhere", amount=Decimal(0))


def free_of_charge(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """The free units of a day or month, which a quote for one request does not deduct."""
    return [
        {"meter": line.meter, "quantity": line.amount, "unit": line.unit, "period": line.period}
        for line in lines
        if line.kind == "allowance" and line.period != "request"
    ]
