"""Prices per million tokens as the ratios that operators of new-api enter, and back. Imports no models.

A model ratio of 1 is $2 per million input tokens; the other ratios are multiples of the input price.
"""

from collections.abc import Mapping
from decimal import Decimal, Inexact, localcontext

from catalog.exact import multiply, plain

DOLLARS_PER_RATIO = Decimal(2)
INPUT = "input:token"
# Row of the price form -> its ratio, in the order of new-api.
RATIOS = {
    INPUT: "Model ratio",
    "output:token": "Completion ratio",
    "input.cache_read:token": "Cache ratio",
    "input.cache_write:token": "Cache creation ratio",
    "input.audio:token": "Audio ratio",
}


def to_ratios(amounts: Mapping[str, Decimal | None]) -> dict[str, Decimal | None]:
    """Row -> its ratio; rows whose ratio has no exact decimal number are left out, and stay prices.

    So do all rows if the input price is not among these prices per million.
    """
    if INPUT not in amounts:
        return {}
    base = amounts[INPUT]
    ratios: dict[str, Decimal | None] = {}
    for key in filter(amounts.__contains__, RATIOS):
        amount = amounts[key]
        divisor = DOLLARS_PER_RATIO if key == INPUT else base
        if amount is None:
            ratios[key] = None
        elif divisor and (ratio := _divide_exactly(amount, divisor)) is not None:
            ratios[key] = ratio
    return ratios


def to_amounts(ratios: Mapping[str, Decimal | None]) -> dict[str, Decimal | None]:
    """Row -> its price in dollars per million tokens; ValueError for ratios without an input price."""
    ratio = ratios.get(INPUT)
    base = None if ratio is None else multiply(ratio, DOLLARS_PER_RATIO)
    amounts: dict[str, Decimal | None] = {}
    for key, value in ratios.items():
        if key == INPUT or value is None:
            amounts[key] = base if key == INPUT else None
        elif base is None:
            raise ValueError("Enter the model ratio: the other ratios are multiples of the input price.")
        else:
            amounts[key] = multiply(value, base)
    return amounts


def _divide_exactly(amount: Decimal, divisor: Decimal) -> Decimal | None:
    with localcontext() as context:
        context.prec = 60
        context.clear_flags()
        quotient = amount / divisor
        return None if context.flags[Inexact] else plain(quotient)
