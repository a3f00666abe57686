"""The most that a request can pay for a meter by one sheet, which price limits of keys are compared with.

A limit must hold for every request of a key. The figure is therefore the highest price of the meter under any
condition: of the longest prompts, the most expensive hours and the service tiers that a request may choose. Conditional
factors count if they raise it, together if a request can have both, and free units are ignored. Imports no models.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from catalog.exact import multiply
from catalog.prices import USE_FACTORS, Condition, Line, Sheet
from catalog.sources.rows import read_amount
from catalog.vocabulary import METERS
from pricing.engine.conditions import are_exclusive
from pricing.engine.money import is_factor, per_million
from pricing.engine.quoting import chain

# Units whose prices are stated per million, as in price lists; all others are stated per unit.
BY_THE_MILLION = ("token", "character")
# The meters that others fall back on come first.
BY_FALLBACKS = sorted(METERS, key=lambda meter: len(chain(meter)))

# A factor and when it applies.
Factor = tuple[Decimal, Sequence[Condition]]


def highest_amounts(sheet: Sheet) -> dict[str, Decimal | None]:
    """Meter -> the most for a million tokens or characters, or for one of any other unit, in the sheet's currency.

    None if the price is not a number, or if that of ordinary requests is unknown. Meters without a price are left out,
    and so are those without a line that are charged as much as the meter that they fall back on.
    """
    lines = _without_overridden(sheet.lines)
    table = sheet.facts.get(USE_FACTORS)
    factors_of_use = table if isinstance(table, Mapping) else {}
    used = {str(name).partition("[")[0] for name in factors_of_use}
    named = {line.meter for line in lines} | used
    plain = {line.meter for line in lines if line.is_plain} - used
    highest: dict[str, Decimal | None] = {}
    for meter in BY_FALLBACKS:
        first = next((name for name in chain(meter) if name in named), None)
        # A plain price of another meter is also that of this one.
        if first is None or (first != meter and first in plain):
            continue
        candidates = _candidates(lines, meter)
        if not candidates:
            continue
        is_unknown = all(line.conditions for line in candidates) and not sheet.unpriced_sides.isdisjoint(chain(meter))
        if is_unknown or any(line.kind != "absolute" for line in candidates):
            most = None
        else:
            of_use = _highest_factor_of_use(factors_of_use, meter)
            most = max(multiply(_amount(line), _highest_factor(lines, meter, line), of_use) for line in candidates)
        charged_as = next((name for name in chain(meter) if name in highest), None)
        if meter in named or charged_as is None or highest[charged_as] != most:
            highest[meter] = most
    return highest


def _without_overridden(lines: Sequence[Line]) -> list[Line]:
    """The lines without the prices that a later line without conditions always replaces."""
    kept: list[Line] = []
    for line in lines:
        if line.is_plain:
            kept = [
                other for other in kept if (other.kind, other.meter, other.unit) != ("absolute", line.meter, line.unit)
            ]
        kept.append(line)
    return kept


def _candidates(lines: Sequence[Line], meter: str) -> list[Line]:
    """The lines that can set the price of a meter; those of its fallbacks too if its own always have a condition."""
    candidates: list[Line] = []
    for name in chain(meter):
        own = [line for line in lines if line.meter == name and line.kind in ("absolute", "dynamic", "included")]
        if candidates:
            units = {line.unit for line in candidates}
            own = [line for line in own if line.kind != "absolute" or line.unit in units]
        candidates += own
        if any(not line.conditions for line in own):
            break
    return candidates


def _amount(line: Line) -> Decimal:
    amount = line.amount or Decimal(0)
    if line.unit in BY_THE_MILLION:
        return per_million(amount, line.per)
    return amount if line.per == 1 else per_million(amount, line.per * 1_000_000)


def _highest_factor(lines: Sequence[Line], meter: str, line: Line) -> Decimal:
    """The product of the factors that apply whenever the line does, and of those that can raise its price."""
    always: list[Decimal] = []
    raising: list[Factor] = []
    for factor in lines:
        if factor.kind != "multiplier" or factor.amount is None or factor.meter not in ("", meter, line.meter):
            continue
        if all(condition in line.conditions for condition in factor.conditions):
            always.append(factor.amount)
        elif factor.amount > 1:
            raising.append((factor.amount, factor.conditions))
    return multiply(*always, _highest_together(raising, line.conditions))


def _highest_together(factors: Sequence[Factor], conditions: Sequence[Condition]) -> Decimal:
    """The highest product of factors, all above 1, that one request can have for which the conditions hold."""
    if not factors:
        return Decimal(1)
    (amount, own), *rest = factors
    if _exclude(own, conditions):
        return _highest_together(rest, conditions)
    most = multiply(amount, _highest_together(rest, (*conditions, *own)))
    has_rival = any(_exclude(own, other) for _, other in rest)
    return max(most, _highest_together(rest, conditions)) if has_rival else most


def _exclude(some: Sequence[Condition], others: Sequence[Condition]) -> bool:
    return any(are_exclusive(one, other) for one in some for other in others)


def _highest_factor_of_use(table: Mapping[str, object], meter: str) -> Decimal:
    """The highest factor of the kinds of usage that the meter has, such as input.cache_write[1h]."""
    stated = {name: read_amount(factor) for name, factor in table.items() if name.partition("[")[0] == meter}
    factors = [factor for factor in stated.values() if factor is not None and is_factor(factor)]
    return max(factors if meter in stated else [Decimal(1), *factors], default=Decimal(1))
