"""The most that a request can pay for a meter by one sheet, which price limits of keys are compared with.

A limit must hold for every request of a key. The figure is therefore the highest price of the meter under any
condition: of the longest prompts, the most expensive hours and the service tiers that a request may choose. Conditional
factors count if they raise it, and free units are ignored. Imports no models.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from catalog.exact import multiply
from catalog.prices import USE_FACTORS, Line, Sheet
from catalog.sources.rows import read_amount
from catalog.vocabulary import METERS
from pricing.engine.money import is_factor, per_million
from pricing.engine.quoting import chain

# Units whose prices are stated per million, as in price lists; all others are stated per unit.
BY_THE_MILLION = ("token", "character")


def highest_amounts(sheet: Sheet) -> dict[str, Decimal | None]:
    """Meter -> the most for a million tokens or characters, or for one of any other unit, in the sheet's currency.

    None if the price is not a number. Meters that are charged as another one are left out.
    """
    lines = _without_overridden(sheet.lines)
    table = sheet.facts.get(USE_FACTORS)
    factors_of_use = table if isinstance(table, Mapping) else {}
    named = {line.meter for line in lines} | {str(name).partition("[")[0] for name in factors_of_use}
    highest: dict[str, Decimal | None] = {}
    for meter in METERS:
        candidates = _candidates(lines, meter) if meter in named else []
        if any(line.kind != "absolute" for line in candidates):
            highest[meter] = None
        elif candidates:
            most = _highest_factor_of_use(factors_of_use, meter)
            highest[meter] = max(
                multiply(_amount(line), _highest_factor(lines, meter, line), most) for line in candidates
            )
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
    """The product of the factors that always apply, and of those that can raise the price."""
    factors = [
        (factor.amount, factor.conditions)
        for factor in lines
        if factor.kind == "multiplier" and factor.amount is not None and factor.meter in ("", meter, line.meter)
    ]
    return multiply(*(amount for amount, conditions in factors if not conditions or amount > 1))


def _highest_factor_of_use(table: Mapping[str, object], meter: str) -> Decimal:
    """The highest factor of the kinds of usage that the meter has, such as input.cache_write[1h]."""
    stated = {name: read_amount(factor) for name, factor in table.items() if name.partition("[")[0] == meter}
    factors = [factor for factor in stated.values() if factor is not None and is_factor(factor)]
    return max(factors if meter in stated else [Decimal(1), *factors], default=Decimal(1))
